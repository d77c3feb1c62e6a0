//go:build unix

package store

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"holdfast/internal/isms"
)

const lockFile = "lock"

// lockDir takes the data directory for this process until it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, isms.Errorf(isms.Unavailable, "store.dir_unusable", "dir", dir).Because(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if cerr := f.Close(); cerr != nil {
			return nil, cerr
		}
		return nil, isms.Errorf(isms.Conflict, "store.locked", "dir", dir).Because(err)
	}
	return f, nil
}
