package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"holdfast/internal/isms"
)

// Memory is what a verifier remembers of the logs that it saw: for each tree the newest
// checkpoint, and the key that signed it. It lies in the user's configuration directory, far
// from the data, because whoever can rewrite a log must not be able to rewrite the memory of it.
type Memory struct{ Dir string }

// DefaultMemory is the memory of the user who runs this process.
func DefaultMemory() (Memory, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return Memory{}, isms.Errorf(isms.Unavailable, "verify.no_memory").Because(err)
	}
	return Memory{Dir: filepath.Join(dir, "holdfast", "seen")}, nil
}

// Recall returns what is remembered of a tree; ok is false if it was never seen.
func (m Memory) Recall(origin string) (seen Seen, vkey string, ok bool, err error) {
	b, err := os.ReadFile(m.file(origin))
	if errors.Is(err, os.ErrNotExist) {
		return Seen{}, "", false, nil
	}
	if err != nil {
		return Seen{}, "", false, isms.Errorf(isms.Unavailable, "verify.no_memory").Because(err)
	}
	vkey, msg, _ := strings.Cut(string(b), "\n")
	c, err := OpenCheckpoint([]byte(msg), vkey)
	if err != nil || c.Origin != origin {
		return Seen{}, "", false, isms.Errorf(isms.Invalid, "verify.memory_damaged", "file", m.file(origin)).Because(err)
	}
	return Seen(c), vkey, true, nil
}

// Remember keeps a checkpoint unless a longer one of its tree is remembered already. Call it
// only with one whose consistency with what was remembered is proven.
func (m Memory) Remember(msg []byte, vkey string) error {
	c, err := OpenCheckpoint(msg, vkey)
	if err != nil {
		return err
	}
	last, _, ok, err := m.Recall(c.Origin)
	if err != nil || ok && last.Size >= c.Size {
		return err
	}
	if err := os.MkdirAll(m.Dir, 0o700); err != nil {
		return isms.Errorf(isms.Unavailable, "verify.no_memory").Because(err)
	}
	return writeAtomically(m.file(c.Origin), append([]byte(vkey+"\n"), msg...))
}

func (m Memory) file(origin string) string { return filepath.Join(m.Dir, fileName(origin)) }
