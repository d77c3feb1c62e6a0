package probe

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// limited starts a program in a process group of its own, so that it ends with all that
// it started, with bounded memory and without core files.
func limited(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		return err
	}
	for resource, most := range map[int]uint64{unix.RLIMIT_AS: maxProgramMemory, unix.RLIMIT_CORE: 0} {
		limit := unix.Rlimit{Cur: most, Max: most}
		if err := unix.Prlimit(cmd.Process.Pid, resource, &limit, nil); err != nil && err != unix.ESRCH {
			return errors.Join(err, cmd.Cancel(), cmd.Wait())
		}
	}
	return nil
}
