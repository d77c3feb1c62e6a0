package ledger

import (
	"context"
	"database/sql"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// eachEntry hands entries to fn, in the order that the clause says.
func eachEntry(ctx context.Context, tx *store.Tx, fn func(*Entry) error, where string, args ...any) error {
	return tx.Query(ctx, func(r *sql.Rows) error {
		e := &Entry{}
		if err := r.Scan(&e.Index, (*int64)(&e.At), &e.Kind, &e.Subject, &e.Rev, &e.Actor, &e.Means,
			&e.HeaderSalt, &e.PayloadCommitment, &e.PayloadSalt, &e.Payload); err != nil {
			return err
		}
		if e.PayloadSalt != nil && e.Payload == nil {
			e.Payload = []byte{}
		}
		return fn(e)
	}, `SELECT idx, at, kind, subject, rev, actor, means, header_salt, payload_commitment, payload_salt, payload FROM entry`+where, args...)
}

// Get returns the entry at an index.
func Get(ctx context.Context, tx *store.Tx, idx int64) (*Entry, error) {
	es, err := list(ctx, tx, ` WHERE idx = $1`, idx)
	if err == nil && len(es) == 0 {
		return nil, isms.Errorf(isms.NotFound, "entry.unknown")
	}
	if err != nil {
		return nil, err
	}
	return es[0], nil
}

// Range returns up to limit entries from an index on, oldest first.
func Range(ctx context.Context, tx *store.Tx, from int64, limit int) ([]*Entry, error) {
	return list(ctx, tx, ` WHERE idx >= $1 ORDER BY idx LIMIT $2`, from, limit)
}

// Recent returns up to limit entries before an index, newest first.
func Recent(ctx context.Context, tx *store.Tx, before int64, limit int) ([]*Entry, error) {
	return list(ctx, tx, ` WHERE idx < $1 ORDER BY idx DESC LIMIT $2`, before, limit)
}

// History returns the entries of one aggregate, oldest first, at most limit.
func History(ctx context.Context, tx *store.Tx, subject isms.ID, limit int) ([]*Entry, error) {
	return list(ctx, tx, ` WHERE subject = $1 ORDER BY rev, idx LIMIT $2`, string(subject), limit)
}

func list(ctx context.Context, tx *store.Tx, where string, args ...any) ([]*Entry, error) {
	var es []*Entry
	err := eachEntry(ctx, tx, func(e *Entry) error { es = append(es, e); return nil }, where, args...)
	return es, err
}

// Generations returns all generations, oldest first.
func Generations(ctx context.Context, tx *store.Tx) ([]Generation, error) {
	var gs []Generation
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var g Generation
		if err := r.Scan(&g.Gen, &g.Origin, &g.Start, &g.VKey); err != nil {
			return err
		}
		gs = append(gs, g)
		return nil
	}, `SELECT gen, origin, start_idx, vkey FROM generation ORDER BY gen`)
	return gs, err
}

// ReadHead returns the head as this transaction sees it.
func ReadHead(ctx context.Context, tx *store.Tx) (Head, error) { return readHead(ctx, tx, false) }

// Checkpoints returns up to limit remembered checkpoints of a generation, newest first.
func Checkpoints(ctx context.Context, tx *store.Tx, gen int64, limit int) ([]Head, error) {
	var hs []Head
	err := tx.Query(ctx, func(r *sql.Rows) error {
		h := Head{Gen: gen}
		if err := r.Scan(&h.Size, (*int64)(&h.At), &h.Note); err != nil {
			return err
		}
		hs = append(hs, h)
		return nil
	}, `SELECT size, at, note FROM checkpoint WHERE gen = $1 ORDER BY size DESC LIMIT $2`, gen, limit)
	return hs, err
}

// hashes reads hashes of a generation's tree for proofs over its first size leaves.
type hashes struct {
	ctx   context.Context
	tx    *store.Tx
	gen   Generation
	size  int64
	tiles map[[2]int64][]byte
}

// ReadHashes implements tlog.HashReader over tile rows and the edge.
func (h *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, idx := range indexes {
		t := tlog.TileForIndex(tileHeight, idx)
		data, err := h.tile(int64(t.L), t.N)
		if err != nil {
			return nil, err
		}
		if len(data) < t.W*tlog.HashSize {
			return nil, errTile
		}
		if out[i], err = tlog.HashFromTile(t, data[:t.W*tlog.HashSize], idx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tile returns the hashes of a tile, complete or as far as the tree reaches.
func (h *hashes) tile(level, n int64) ([]byte, error) {
	key := [2]int64{level, n}
	if b := h.tiles[key]; b != nil {
		return b, nil
	}
	b, err := Tile(h.ctx, h.tx, h.gen, level, n, h.size)
	if err != nil {
		return nil, err
	}
	if h.tiles == nil {
		h.tiles = make(map[[2]int64][]byte)
	}
	h.tiles[key] = b
	return b, nil
}

// Tile returns tile (level, n) of a generation with at least the hashes that a tree of size leaves has.
func Tile(ctx context.Context, tx *store.Tx, g Generation, level, n, size int64) ([]byte, error) {
	var b []byte
	err := tx.Row(ctx, []any{&b}, `SELECT hashes FROM tile WHERE gen = $1 AND level = $2 AND n = $3`, g.Gen, level, n)
	if err == nil || !errors.Is(err, store.ErrNoRow) {
		return b, err
	}
	from, until := n*tileWidth, min((n+1)*tileWidth, size>>(tileHeight*level))
	var hs []tlog.Hash
	if level == 0 {
		hs, err = leafHashes(ctx, tx, g.Start+from, g.Start+until)
	} else {
		hs, err = tileRoots(ctx, tx, g.Gen, int(level-1), from, until)
	}
	if err != nil {
		return nil, err
	}
	if int64(len(hs)) != until-from || until <= from {
		return nil, errTile
	}
	for _, h := range hs {
		b = append(b, h[:]...)
	}
	return b, nil
}

// ProveEntry proves that the entry at idx is in its generation's tree of the given size.
func ProveEntry(ctx context.Context, tx *store.Tx, g Generation, idx, size int64) ([]tlog.Hash, error) {
	return tlog.ProveRecord(size, idx-g.Start, &hashes{ctx: ctx, tx: tx, gen: g, size: size})
}

// ProveGrowth proves that a generation's tree of size b continues the one of size a.
func ProveGrowth(ctx context.Context, tx *store.Tx, g Generation, a, b int64) ([]tlog.Hash, error) {
	return tlog.ProveTree(b, a, &hashes{ctx: ctx, tx: tx, gen: g, size: b})
}
