package ledger

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
)

// VerifyPublic verifies what a log publishes of one generation: leaves against tiles, tiles
// against the root, the root against the signed checkpoint and what was seen before. fetch
// returns what lies at a path of the C2SP tlog-tiles layout; its errors mean that nothing could be looked at.
func VerifyPublic(ctx context.Context, fetch func(ctx context.Context, path string) ([]byte, error), trust Trust) (*Report, error) {
	rep := &Report{OK: true, Signer: SignerUnknown, Problems: []Problem{}}
	msg, err := fetch(ctx, "checkpoint")
	if err != nil {
		return rep, err
	}
	rep.Checkpoint = string(msg)
	head, err := openKnown(msg, trust, rep)
	if err != nil {
		rep.Wrong("checkpoint", -1, isms.Because("verify.checkpoint_changed", "generation", "", "size", ""))
		return rep, nil
	}
	p := &publicTree{fetch: fetch, rep: rep, tree: &tree{gen: Generation{Origin: head.Origin}}, seen: map[int64]tlog.Hash{}}
	for _, s := range trust.Seen {
		switch {
		case s.Origin != head.Origin:
		case s.Size > head.Size:
			rep.Wrong(remembered, -1, isms.Because("verify.history_shorter", "size", decimal(s.Size), "now", decimal(head.Size)))
		default:
			p.seen[s.Size] = s.Root
		}
	}
	for n := int64(0); n*tileWidth < head.Size; n++ {
		if err := p.take(ctx, n, min(tileWidth, head.Size-n*tileWidth)); err != nil {
			return rep, err
		}
		if trust.Progress != nil {
			trust.Progress(p.tree.size, head.Size)
		}
	}
	if err := p.edges(ctx); err != nil {
		return rep, err
	}
	if p.tree.root() != head.Root {
		rep.Wrong("entries", 0, isms.Because("verify.root_differs", "from", "0", "to", decimal(head.Size-1)))
	}
	if rep.OK && len(p.seen) > 0 && rep.Signer == SignerUnknown {
		rep.Signer = SignerRemembered
	}
	return rep, nil
}

// openKnown opens a checkpoint by one of the known keys, and without any reads it unsigned.
func openKnown(msg []byte, trust Trust, rep *Report) (c Checkpoint, err error) {
	if len(trust.Keys) == 0 {
		return ReadCheckpoint(msg)
	}
	for _, key := range trust.Keys {
		if c, err = OpenCheckpoint(msg, key); err == nil {
			rep.Signer, rep.VerifierKey = SignerKnown, key
			return c, nil
		}
	}
	return c, err
}

// publicTree is a published tree under verification.
type publicTree struct {
	fetch func(ctx context.Context, path string) ([]byte, error)
	rep   *Report
	tree  *tree
	seen  map[int64]tlog.Hash
}

// take hashes the leaves of one bundle and compares the tiles that it fills.
func (p *publicTree) take(ctx context.Context, n, width int64) error {
	path := tilePath{level: entriesLevel, n: n, width: width}
	b, err := p.fetch(ctx, path.String())
	if err != nil {
		return err
	}
	leaves, ok := splitEntryBundle(b)
	if !ok || int64(len(leaves)) != width {
		p.rep.Wrong(path.String(), -1, isms.Because("verify.bundle_malformed", "cause", "entries"))
		leaves = make([][]byte, width)
	}
	for _, leaf := range leaves {
		p.tree.add(tlog.RecordHash(leaf))
		if root, ok := p.seen[p.tree.size]; ok && root != p.tree.root() {
			p.rep.Wrong(remembered, -1, isms.Because("verify.history_rewritten", "origin", p.tree.gen.Origin, "size", decimal(p.tree.size)))
		}
	}
	p.rep.Counts.Entries += width
	for _, f := range p.tree.full {
		if err := p.compare(ctx, tilePath{level: f.level, n: f.n, width: tileWidth}, f.hashes); err != nil {
			return err
		}
	}
	p.tree.full = p.tree.full[:0]
	return nil
}

// edges compares the tiles that are not full.
func (p *publicTree) edges(ctx context.Context) error {
	for level, hs := range p.tree.edge {
		if len(hs) == 0 {
			continue
		}
		n := p.tree.size >> (tileHeight * (level + 1))
		if err := p.compare(ctx, tilePath{level: int64(level), n: n, width: int64(len(hs))}, hs); err != nil {
			return err
		}
	}
	return nil
}

func (p *publicTree) compare(ctx context.Context, path tilePath, hs []tlog.Hash) error {
	b, err := p.fetch(ctx, path.String())
	if err != nil {
		return fmt.Errorf("tile %s: %w", path, err)
	}
	p.rep.Counts.Tiles++
	if string(b) != string(join(hs)) {
		p.rep.Wrong(path.String(), -1, tileReason("verify.tile_changed", 0, path.level, path.n))
	}
	return nil
}

// splitEntryBundle undoes EntryBundle.
func splitEntryBundle(b []byte) ([][]byte, bool) {
	var out [][]byte
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, false
		}
		n := int(binary.BigEndian.Uint16(b))
		if len(b) < 2+n {
			return nil, false
		}
		out, b = append(out, b[2:2+n]), b[2+n:]
	}
	return out, true
}
