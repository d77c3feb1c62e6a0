// Package bundle makes and checks bundles: one file that proves a verdict to somebody who
// trusts neither the organisation nor us. It carries the words of the clause, everything that
// the verdict rests on as entries of the ledger with their proofs, and the observations with
// theirs; whoever checks it reads the records back from the entries, rebuilds the input and
// derives the verdict again. docs/ledger-format.md gives the bytes. It owns the word bundle.
//
// What a bundle cannot prove is that nothing newer was left out. Its seal signs the choice, so
// an organisation that leaves out a failing look has signed that it did.
//
// Floor 2.
package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
	"holdfast/internal/wire"
)

// Version is the version of the format that this package writes and the newest that it reads.
const Version = 1

// SealKind is the first line of the text that seals a bundle.
const SealKind = "holdfast-bundle/1"

// file is the whole bundle. The seal is over the SHA-256 of the exact bytes of Bundle.
type file struct {
	Bundle jsontext.Value `json:"bundle"`
	Seal   string         `json:"seal"`
}

// content is what is sealed, with all fields in the order of their JSON names.
type content struct {
	About   isms.ID        `json:"about"` // clause text
	At      isms.Instant   `json:"at"`    // the moment that is asked about
	Entries []entry        `json:"entries"`
	Input   jsontext.Value `json:"input"` // of the verdict, as the entries give it
	Looks   []look         `json:"looks"`
	Rules   int            `json:"rules"` // version of Derive
	Trees   []tree         `json:"trees"`
	Verdict isms.Verdict   `json:"verdict"`
	Version int            `json:"version"`
	Zone    string         `json:"zone"`
}

// entry is an entry of the ledger with its audit path.
type entry struct {
	Actor       string       `json:"actor"`
	At          isms.Instant `json:"at"`
	HeaderSalt  []byte       `json:"header_salt"`
	Index       int64        `json:"index"`
	Kind        string       `json:"kind"`
	Means       isms.Means   `json:"means"`
	Path        [][]byte     `json:"path"`
	Payload     string       `json:"payload"` // its exact bytes
	PayloadSalt []byte       `json:"payload_salt"`
	Rev         int64        `json:"rev"`
	Subject     isms.ID      `json:"subject"`
	Tree        int          `json:"tree"` // number in Trees, from 0
}

// look names an observation of a batch that a look of the input came from.
type look struct {
	Batch   wire.BatchProof `json:"batch"`
	Entry   int64           `json:"entry"` // that took the batch
	Proof   isms.ID         `json:"proof"`
	Subject isms.ID         `json:"subject"`
}

// tree is one generation of the log.
type tree struct {
	Checkpoint string `json:"checkpoint"`
	Start      int64  `json:"start"`
	VKey       string `json:"vkey"`
}

// Build makes the bundle of the verdict on a clause text at a moment, checks it as its reader
// will, and seals it. Errors: record.unknown, bundle.erased, bundle.not_provable.
func Build(ctx context.Context, l *ledger.Log, clauseText isms.ID, at isms.Instant, zone *time.Location) ([]byte, error) {
	b := building{log: l, wanted: map[int64]bool{}, batches: map[int64]*probe.Batch{}}
	err := l.ReadAt(ctx, at, func(tx *store.Tx) error {
		b.tx = tx
		in, refs, err := control.Assemble(ctx, tx, clauseText, at, zone)
		if err != nil {
			return err
		}
		for _, r := range refs {
			b.wanted[r.Entry] = true
		}
		canonical, err := in.Canonical()
		if err != nil {
			return err
		}
		b.out = content{About: clauseText, At: at, Entries: []entry{}, Input: canonical, Looks: []look{}, Rules: verdict.Version,
			Trees: []tree{}, Verdict: verdict.Derive(in).Verdict, Version: Version, Zone: zone.String()}
		if err := b.looks(ctx, in.Looks); err != nil {
			return err
		}
		return b.entries(ctx)
	})
	if err != nil {
		return nil, err
	}
	raw, err := b.seal()
	if err != nil {
		return nil, err
	}
	if got, err := Verify(raw, ledger.Trust{Keys: []string{l.VerifierKey()}}); err != nil || !got.Report.OK {
		if got != nil && err == nil {
			err = fmt.Errorf("bundle of %s: %v", clauseText, got.Report.Problems)
		}
		return nil, isms.Errorf(isms.Internal, "bundle.not_provable").Because(err)
	}
	return raw, nil
}

// building is a bundle in the making.
type building struct {
	log     *ledger.Log
	tx      *store.Tx
	out     content
	wanted  map[int64]bool // indexes of entries
	batches map[int64]*probe.Batch
}

// looks adds the observations behind looks. An answer was given by the proof's plan of that
// time, so that revision is wanted too, and the agent's key as it was.
func (b *building) looks(ctx context.Context, looks []verdict.Look) error {
	for _, l := range looks {
		batch, ok := b.batches[l.Ref.Entry]
		if !ok {
			var err error
			batch, err = evidence.BatchAt(ctx, b.tx, l.Ref.Entry)
			if isms.KindOf(err) == isms.NotFound { // a sealed record: its entry says all
				b.batches[l.Ref.Entry] = nil
				continue
			}
			if err != nil {
				return err
			}
			b.batches[l.Ref.Entry] = batch
		}
		if batch == nil {
			continue
		}
		p, err := batch.Prove(l.Ref.Item)
		if err != nil {
			return err
		}
		b.out.Looks = append(b.out.Looks, look{Batch: p, Entry: l.Ref.Entry, Proof: l.Proof, Subject: l.Subject})
		then := *b.tx
		then.AsOf = l.Ref.Entry
		plan, err := control.Proofs.Get(ctx, &then, l.Proof)
		if err != nil {
			return err
		}
		agent, err := evidence.Agents.Get(ctx, &then, batch.Header.Agent)
		if err != nil {
			return err
		}
		subject, err := control.Subjects.Get(ctx, &then, l.Subject)
		if err != nil {
			return err
		}
		b.wanted[plan.From], b.wanted[agent.From], b.wanted[subject.From] = true, true, true
	}
	return nil
}

// entries adds the wanted entries with their paths, and the trees that they stand in.
func (b *building) entries(ctx context.Context) error {
	prover, err := ledger.NewProver(ctx, b.tx)
	if err != nil {
		return err
	}
	for _, t := range prover.Trees() {
		b.out.Trees = append(b.out.Trees, tree{Checkpoint: string(t.Checkpoint), Start: t.Start, VKey: t.VKey})
	}
	for _, idx := range slices.Sorted(maps.Keys(b.wanted)) {
		e, err := ledger.Get(ctx, b.tx, idx)
		if err != nil {
			return err
		}
		if e.Erased() {
			return isms.Errorf(isms.Conflict, "bundle.erased", "id", string(e.Subject))
		}
		n, path, err := prover.Prove(idx)
		if err != nil {
			return err
		}
		x := entry{Actor: e.Actor, At: e.At, HeaderSalt: e.HeaderSalt, Index: e.Index, Kind: e.Kind, Means: e.Means, Path: [][]byte{},
			Payload: string(e.Payload), PayloadSalt: e.PayloadSalt, Rev: e.Rev, Subject: e.Subject, Tree: n}
		for _, h := range path {
			x.Path = append(x.Path, h[:])
		}
		b.out.Entries = append(b.out.Entries, x)
	}
	return nil
}

// seal writes the file.
func (b *building) seal() ([]byte, error) {
	body, err := canonical(b.out)
	if err != nil {
		return nil, err
	}
	seal, err := b.log.SealText(SealKind, digest(body))
	if err != nil {
		return nil, err
	}
	return frame(body, string(seal))
}

func frame(body []byte, seal string) ([]byte, error) {
	raw, err := canonical(file{Bundle: body, Seal: seal})
	return append(raw, '\n'), err
}

// canonical writes v as RFC 8785 JSON.
func canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	c := jsontext.Value(b)
	if err := c.Canonicalize(); err != nil {
		return nil, err
	}
	return c, nil
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// parse reads the frame and the content. It takes only the exact bytes that seal writes.
func parse(raw []byte) (c content, body []byte, seal string, err error) {
	var f file
	if err := json.Unmarshal(raw, &f, json.RejectUnknownMembers(true)); err != nil {
		return c, nil, "", err
	}
	if err := json.Unmarshal(f.Bundle, &c, json.RejectUnknownMembers(true)); err != nil {
		return c, nil, "", err
	}
	again, err := canonical(c)
	if err != nil {
		return c, nil, "", err
	}
	whole, err := frame(again, f.Seal)
	if err != nil {
		return c, nil, "", err
	}
	if !bytes.Equal(whole, raw) {
		return c, nil, "", errors.New("not in the one form of a bundle")
	}
	return c, again, f.Seal, nil
}
