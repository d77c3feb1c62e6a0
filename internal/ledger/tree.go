package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// emptyRoot is the RFC 6962 hash of no leaves: SHA-256 of nothing.
var emptyRoot = tlog.Hash{
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
}

// Generation is one tree of a log.
type Generation struct {
	Gen    int64
	Origin string // first line of its checkpoints
	Start  int64  // index of its first entry
	VKey   string // public key in the note package's form
}

// tree is the right edge of the Merkle tree: for each tile level the hashes of the tile
// that is not full yet. Full tiles are rows.
type tree struct {
	gen  Generation
	size int64         // leaves of this generation
	edge [][]tlog.Hash // edge[k]: hashes at level 8k in the last, partial tile
	full []fullTile    // filled since the last flush
}

type fullTile struct {
	level, n int64
	hashes   []tlog.Hash
	root     tlog.Hash
}

// clone copies the edge, so that a failed commit leaves the original untouched.
func (t *tree) clone() *tree {
	c := &tree{gen: t.gen, size: t.size, edge: make([][]tlog.Hash, len(t.edge))}
	for i, e := range t.edge {
		c.edge[i] = append(make([]tlog.Hash, 0, tileWidth), e...)
	}
	return c
}

// add appends a leaf hash.
func (t *tree) add(h tlog.Hash) {
	t.size++
	for level := 0; ; level++ {
		if level == len(t.edge) {
			t.edge = append(t.edge, make([]tlog.Hash, 0, tileWidth))
		}
		t.edge[level] = append(t.edge[level], h)
		if len(t.edge[level]) < tileWidth {
			return
		}
		f := fullTile{level: int64(level), n: t.size>>(tileHeight*(level+1)) - 1, hashes: t.edge[level], root: subtree(t.edge[level])}
		t.full = append(t.full, f)
		t.edge[level] = make([]tlog.Hash, 0, tileWidth)
		h = f.root
	}
}

// subtree is the root over a power of two of hashes.
func subtree(hs []tlog.Hash) tlog.Hash {
	level := append([]tlog.Hash(nil), hs...)
	for len(level) > 1 {
		for i := 0; i < len(level)/2; i++ {
			level[i] = tlog.NodeHash(level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0]
}

// root folds the edge from right to left, as RFC 6962 section 2.1 does.
func (t *tree) root() tlog.Hash {
	var acc *tlog.Hash
	for _, e := range t.edge {
		rest := e
		// The partial tile is a sum of complete subtrees, the smallest rightmost.
		for len(rest) > 0 {
			k := len(rest) & -len(rest)
			h := subtree(rest[len(rest)-k:])
			if acc != nil {
				h = tlog.NodeHash(h, *acc)
			}
			acc, rest = &h, rest[:len(rest)-k]
		}
	}
	if acc == nil {
		return emptyRoot
	}
	return *acc
}

// loadTree rebuilds the edge of the head's generation from at most 255 rows a level.
func loadTree(ctx context.Context, tx *store.Tx, h Head) (*tree, error) {
	g, err := readGeneration(ctx, tx, h.Gen)
	if err != nil {
		return nil, err
	}
	t := &tree{gen: g, size: h.Size - g.Start}
	for level, n := 0, t.size; n > 0; level, n = level+1, n>>tileHeight {
		var hs []tlog.Hash
		from := n &^ (tileWidth - 1)
		if level == 0 {
			hs, err = leafHashes(ctx, tx, g.Start+from, g.Start+n)
		} else {
			hs, err = tileRoots(ctx, tx, g.Gen, level-1, from, n)
		}
		if err != nil {
			return nil, err
		}
		if int64(len(hs)) != n-from {
			return nil, isms.Errorf(isms.Internal, "ledger.edge_incomplete", "level", fmt.Sprint(level))
		}
		t.edge = append(t.edge, append(make([]tlog.Hash, 0, tileWidth), hs...))
	}
	return t, nil
}

// catchUp adds the entries that another process appended.
func (t *tree) catchUp(ctx context.Context, tx *store.Tx, size int64) error {
	hs, err := leafHashes(ctx, tx, t.gen.Start+t.size, size)
	if err != nil {
		return err
	}
	for _, h := range hs {
		t.add(h)
	}
	t.full = nil // their rows exist
	if t.gen.Start+t.size != size {
		return isms.Errorf(isms.Internal, "ledger.edge_incomplete", "level", "0")
	}
	return nil
}

func leafHashes(ctx context.Context, tx *store.Tx, from, until int64) ([]tlog.Hash, error) {
	var hs []tlog.Hash
	err := eachEntry(ctx, tx, func(e *Entry) error { hs = append(hs, e.hash()); return nil },
		` WHERE idx >= $1 AND idx < $2 ORDER BY idx`, from, until)
	return hs, err
}

func tileRoots(ctx context.Context, tx *store.Tx, gen int64, level int, from, until int64) ([]tlog.Hash, error) {
	var hs []tlog.Hash
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var b []byte
		if err := r.Scan(&b); err != nil {
			return err
		}
		if len(b) != tlog.HashSize {
			return isms.Errorf(isms.Internal, "ledger.tile_damaged")
		}
		hs = append(hs, tlog.Hash(b))
		return nil
	}, `SELECT root FROM tile WHERE gen = $1 AND level = $2 AND n >= $3 AND n < $4 ORDER BY n`, gen, level, from, until)
	return hs, err
}

func readGeneration(ctx context.Context, tx *store.Tx, gen int64) (Generation, error) {
	g := Generation{Gen: gen}
	err := tx.Row(ctx, []any{&g.Origin, &g.Start, &g.VKey}, `SELECT origin, start_idx, vkey FROM generation WHERE gen = $1`, gen)
	return g, err
}

// flush writes the tiles filled since the last one.
func (t *tree) flush(ctx context.Context, tx *store.Tx) error {
	for _, f := range t.full {
		b := make([]byte, 0, tileWidth*tlog.HashSize)
		for _, h := range f.hashes {
			b = append(b, h[:]...)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO tile (gen, level, n, hashes, root) VALUES ($1, $2, $3, $4, $5)`, t.gen.Gen, f.level, f.n, b, f.root[:]); err != nil {
			return err
		}
	}
	t.full = nil
	return nil
}

// sign makes the checkpoint note of a tree (C2SP tlog-checkpoint).
func (l *Log) sign(g Generation, size int64, root tlog.Hash) ([]byte, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", g.Origin, size, root)
	b, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

var errTile = errors.New("ledger: tile is missing or damaged")
