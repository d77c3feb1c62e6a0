package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/wire"
)

func testEntry(tx *ledger.Tx) error {
	tx.Append("test.written", isms.NewID("tst", tx.At), 1, []byte(`{}`))
	return nil
}

// verifyInclusion checks a proof as an outsider would, from RFC 6962 section 2.1.1 alone.
func verifyInclusion(l wire.Ledger, p wire.Inclusion) error {
	verifier, err := note.NewVerifier(l.VerifierKey)
	if err != nil {
		return err
	}
	n, err := note.Open([]byte(p.Checkpoint), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(n.Text, "\n")
	if lines[0] != p.Origin || lines[1] != fmt.Sprint(p.TreeSize) {
		return errors.New("the checkpoint is of another tree")
	}
	hash, fn, sn := p.LeafHash, p.LeafIndex, p.TreeSize-1
	for _, sibling := range p.Path {
		if fn%2 == 1 || fn == sn {
			hash = node(sibling, hash)
			for fn%2 == 0 && fn != 0 {
				fn, sn = fn/2, sn/2
			}
		} else {
			hash = node(hash, sibling)
		}
		fn, sn = fn/2, sn/2
	}
	if got := base64.StdEncoding.EncodeToString(hash); got != lines[2] || sn != 0 {
		return fmt.Errorf("root %s instead of %s", got, lines[2])
	}
	return nil
}

func node(left, right []byte) []byte {
	h := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return h[:]
}

// verifyLeaf computes an entry's leaf from what the answer holds.
func verifyLeaf(e wire.Entry) error {
	payload := sha256.Sum256(append(append([]byte{'p'}, e.PayloadSalt...), e.Payload...))
	if !bytes.Equal(payload[:], e.PayloadCommitment) {
		return errors.New("the payload is not what the entry committed to")
	}
	header := sha256.Sum256(append(append([]byte{'h'}, e.HeaderSalt...), e.Header...))
	leaf := append(append([]byte{0, ledger.LeafVersion}, header[:]...), payload[:]...)
	hash := sha256.Sum256(leaf)
	if !bytes.Equal(hash[:], e.LeafHash) {
		return errors.New("the leaf does not hash to leaf_hash")
	}
	return nil
}
