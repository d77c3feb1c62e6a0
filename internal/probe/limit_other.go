//go:build !linux

package probe

import "os/exec"

// limited refuses: a program without bounds on its memory is not run.
func limited(*exec.Cmd) error { return &CouldNot{Code: ErrUnsupported, What: "own.program"} }
