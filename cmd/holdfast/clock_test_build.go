//go:build testclock

package main

import (
	"os"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/isms"
)

// movableClock is the system's clock plus the seconds that stand in the file named by
// HOLDFAST_TEST_CLOCK, read anew each time: a scenario test moves it from outside.
type movableClock struct{ file string }

// Now returns the moved time; without a readable file the system's.
func (m movableClock) Now() isms.Instant {
	now := isms.SystemClock{}.Now()
	b, err := os.ReadFile(m.file)
	if err != nil {
		return now
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return now
	}
	return now.Add(time.Duration(n) * time.Second)
}

func clock() isms.Clock { return movableClock{os.Getenv("HOLDFAST_TEST_CLOCK")} }
