package ledger

import (
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
)

// ParseSeen reads the head that a checkpoint names, without looking at its signature.
func ParseSeen(text []byte) (Seen, error) {
	lines := strings.SplitN(string(text), "\n", 4)
	if len(lines) < 4 {
		return Seen{}, isms.Errorf(isms.Invalid, "ledger.checkpoint_malformed")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return Seen{}, isms.Errorf(isms.Invalid, "ledger.checkpoint_malformed").Because(err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Seen{}, isms.Errorf(isms.Invalid, "ledger.checkpoint_malformed").Because(err)
	}
	return Seen{Origin: lines[0], Size: size, Root: root}, nil
}
