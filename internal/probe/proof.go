package probe

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/wire"
)

// Prove makes the proof of observation i, from 0.
func (b *Batch) Prove(i int) (wire.BatchProof, error) {
	if i < 0 || i >= len(b.items) {
		return wire.BatchProof{}, isms.Errorf(isms.NotFound, "probe.batch_item")
	}
	s, err := b.tree()
	if err != nil {
		return wire.BatchProof{}, err
	}
	path, err := tlog.ProveRecord(int64(len(b.items)), int64(i), s)
	if err != nil {
		return wire.BatchProof{}, fmt.Errorf("prove observation %d: %w", i, err)
	}
	p := wire.BatchProof{
		Header: b.Header, Index: i, Observation: string(b.items[i].json), Path: make([]string, len(path)),
		Salt: hex.EncodeToString(b.items[i].salt[:]), Signature: hex.EncodeToString(b.Signature),
	}
	for k, h := range path {
		p.Path[k] = hex.EncodeToString(h[:])
	}
	return p, nil
}

// CheckProof tells whether the holder of the key saw the observation, and returns it.
func CheckProof(key ed25519.PublicKey, p wire.BatchProof) (Observation, error) {
	bad := func(err error) (Observation, error) {
		return Observation{}, isms.Errorf(isms.Invalid, "probe.proof_wrong").Because(err)
	}
	sig, err := hex.DecodeString(p.Signature)
	if err != nil {
		return bad(err)
	}
	if err := (&Batch{Header: p.Header, Signature: sig}).Verify(key); err != nil {
		return Observation{}, err
	}
	it := item{json: []byte(p.Observation)}
	salt, err := hex.DecodeString(p.Salt)
	if err != nil || copy(it.salt[:], salt) != len(salt) || len(salt) != saltSize {
		return bad(errors.New("salt is malformed"))
	}
	var path tlog.RecordProof
	for _, x := range p.Path {
		h, err := hash(x)
		if err != nil {
			return bad(err)
		}
		path = append(path, h)
	}
	root, err := hash(p.Header.Root)
	if err != nil {
		return bad(err)
	}
	if p.Index < 0 || p.Index >= p.Header.Count {
		return bad(errors.New("index is outside the batch"))
	}
	if err := tlog.CheckRecord(path, int64(p.Header.Count), root, int64(p.Index), it.leaf()); err != nil {
		return bad(err)
	}
	return parseObservation(it.json)
}

func hash(s string) (h tlog.Hash, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, errors.New("hash is malformed")
	}
	copy(h[:], b)
	return h, nil
}
