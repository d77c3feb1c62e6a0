package reading

import (
	"errors"
	"os/exec"
	"syscall"
)

// confineChild makes the child end with its parent and keeps it in a group of its own.
func confineChild(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// confineSelf sets the limits that the kernel keeps for this process.
func confineSelf() error {
	var errs []error
	for _, l := range []struct {
		what int
		most uint64
	}{
		{syscall.RLIMIT_AS, spaceLimit}, {syscall.RLIMIT_CPU, cpuLimit},
		{syscall.RLIMIT_CORE, 0}, {syscall.RLIMIT_FSIZE, answerLimit},
	} {
		errs = append(errs, syscall.Setrlimit(l.what, &syscall.Rlimit{Cur: l.most, Max: l.most}))
	}
	return errors.Join(errs...)
}
