//go:build unix

package store

import (
	"errors"

	"golang.org/x/sys/unix"

	"holdfast/internal/isms"
)

// diskError says in our words what the file system refuses.
func diskError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return isms.Errorf(isms.Unavailable, "store.disk_full").Because(err)
	case errors.Is(err, unix.EROFS), errors.Is(err, unix.EACCES):
		return isms.Errorf(isms.Unavailable, "store.read_only").Because(err)
	case errors.Is(err, unix.EIO):
		return isms.Errorf(isms.Unavailable, "store.disk_error").Because(err)
	}
	return err
}
