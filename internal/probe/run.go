package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Machine is how host probes reach the host. The zero value is this host as it is.
type Machine struct {
	Name     string   // its name as a subject; empty: what the system calls it
	Root     string   // where its files lie; empty: /
	Run      RunFunc  // runs a program; nil: really, on this host
	Chronyc  []string // more arguments for chronyc, where chronyd does not listen where it usually does
	Sshd     []string // more arguments for sshd -T, for example -f FILE
	DataPath string   // the path whose disk must be encrypted; empty: /

	// Programs are the operator's own probes: name, as a check's parameter says it, and
	// absolute path. An organisation can choose among them and give nothing but the name.
	Programs map[string]string
}

// RunFunc runs a program and returns its standard output, its error output and its exit
// code. The error says that it did not run to its end.
type RunFunc func(ctx context.Context, name string, args ...string) (out, errOut []byte, exit int, err error)

const (
	maxOutput = 8 << 20 // bytes of a program's output or of a file
	maxRun    = time.Minute
)

// run runs a program, adds its output to the digest and notes command and exit code.
// A program that is missing or did not end is an error; a bad exit code is not.
func (l *look) run(ctx context.Context, m Machine, name string, args ...string) (out, errOut []byte, err error) {
	l.Source = strings.Join(append([]string{name}, args...), " ")
	f := m.Run
	if f == nil {
		f = Execute
	}
	out, errOut, l.Exit, err = f(ctx, name, args...)
	l.raw(out)
	if err != nil {
		return nil, nil, err
	}
	return out, errOut, nil
}

// Execute is the RunFunc of this host: no shell, no input, a plain C locale, at most
// a minute and eight megabytes.
func Execute(ctx context.Context, name string, args ...string) (out, errOut []byte, exit int, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxRun)
	defer cancel()
	path, err := findProgram(name)
	if err != nil {
		if runtime.GOOS != "linux" {
			return nil, nil, -1, &CouldNot{Code: ErrUnsupported, What: name, Detail: runtime.GOOS}
		}
		return nil, nil, -1, &CouldNot{Code: ErrNotInstalled, What: name, Grant: installs(name)}
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"LC_ALL=C", "LANG=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent"}
	cmd.WaitDelay = time.Second
	stdout, stderr := &bounded{max: maxOutput}, &bounded{max: 64 << 10, drop: true}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, nil, -1, couldNot(ErrTimeout, name, ctx.Err())
	case stdout.over:
		return nil, nil, -1, couldNot(ErrTooLarge, name, nil)
	case errors.As(err, &ended) && ended.ExitCode() >= 0:
		return stdout.b.Bytes(), stderr.b.Bytes(), ended.ExitCode(), nil
	case err != nil:
		return nil, nil, -1, couldNot(ErrUnreadable, name, err)
	}
	return stdout.b.Bytes(), stderr.b.Bytes(), 0, nil
}

// findProgram also looks where only root's PATH does.
func findProgram(name string) (string, error) {
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"} {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("find %s: %w", name, fs.ErrNotExist)
}

// installs is the command that installs a program on Debian and its relatives.
func installs(name string) string {
	packages := map[string]string{
		"chronyc": "chrony", "nft": "nftables", "iptables-save": "iptables", "sshd": "openssh-server",
		"lsblk": "util-linux", "findmnt": "util-linux", "prlimit": "util-linux", "apt-get": "apt", "timedatectl": "systemd",
	}
	if p := packages[name]; p != "" {
		return "apt-get install " + p
	}
	return ""
}

// bounded keeps the first max bytes. More is an error, which ends the program that writes
// it; only of what is for the operator's eyes the rest is dropped.
type bounded struct {
	b    bytes.Buffer
	max  int
	drop bool
	over bool
}

func (w *bounded) Write(p []byte) (int, error) {
	room := min(w.max-w.b.Len(), len(p))
	w.b.Write(p[:room])
	if room == len(p) || w.drop {
		return len(p), nil
	}
	w.over = true
	return room, io.ErrShortWrite
}

// read reads a file of the machine and adds it to the digest. The error is a *CouldNot;
// one for a file that is not there satisfies missing.
func (l *look) read(m Machine, path string) ([]byte, error) {
	b, err := m.read(path)
	if err == nil {
		l.raw(b)
	}
	return b, err
}

func (m Machine) read(path string) ([]byte, error) {
	f, err := os.Open(filepath.Join("/", m.Root, path))
	if err != nil {
		return nil, fileError(path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxOutput+1))
	if err != nil {
		return nil, fileError(path, err)
	}
	if len(b) > maxOutput {
		return nil, couldNot(ErrTooLarge, path, nil)
	}
	return b, nil
}

func fileError(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return &CouldNot{Code: ErrNoRight, What: path, Right: "read " + path, Grant: "setfacl -m u:holdfast:r " + path, Detail: clip(err.Error(), 500)}
	}
	c := couldNot(ErrUnreadable, path, err)
	if errors.Is(err, fs.ErrNotExist) {
		return &missingFile{c}
	}
	return c
}

// missingFile is a CouldNot whose file is not there.
type missingFile struct{ *CouldNot }

func (m *missingFile) Unwrap() error { return m.CouldNot }

// missing tells whether err says that a file is not there.
func missing(err error) bool {
	var m *missingFile
	return errors.As(err, &m)
}

// unprivileged tells whether a program complained about a missing right.
func unprivileged(errOut []byte) bool {
	s := strings.ToLower(string(errOut))
	for _, w := range []string{"permission denied", "operation not permitted", "must be root", "not authorized", "you must be root", "are you root"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
