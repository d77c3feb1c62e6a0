//go:build !testclock

package main

import "holdfast/internal/isms"

// clock is the operating system's. A binary built with the tag testclock has one that
// scenario tests move from outside.
func clock() isms.Clock { return isms.SystemClock{} }
