package probe

import (
	"os/exec"
	"strconv"
	"syscall"
)

// limited bounds a program's memory and core files before it begins, and puts it into a
// process group of its own, so that it ends with all that it started. The limits are set
// by prlimit(1) between fork and exec: set from outside they would come too late for a
// program that takes its memory first.
func limited(cmd *exec.Cmd) error {
	prlimit, err := findProgram("prlimit")
	if err != nil {
		return &CouldNot{Code: ErrNotInstalled, What: "prlimit", Grant: installs("prlimit")}
	}
	cmd.Args = append([]string{prlimit, "--as=" + strconv.Itoa(maxProgramMemory), "--core=0", "--", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = prlimit
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd.Start()
}
