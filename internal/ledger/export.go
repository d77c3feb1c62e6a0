package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// What anybody may read of a log are its checkpoints, hash tiles and leaves, in the layout of
// C2SP tlog-tiles below the number of the generation:
//
//	1/checkpoint
//	1/tile/0/x001/067          256 hashes; 1/tile/0/x001/067.p/5 the first five
//	1/tile/entries/x001/067    256 leaves, each behind its length in 16 bits
//
// A leaf is two salted commitments, so it shows nothing of the entry.

// Public returns what lies at a path of that layout; kind NotFound if there is nothing.
func Public(ctx context.Context, tx *store.Tx, file string) ([]byte, error) {
	missing := isms.Errorf(isms.NotFound, "tile.unknown")
	number, rest, _ := strings.Cut(file, "/")
	gen, err := strconv.ParseInt(number, 10, 32)
	if err != nil || decimal(gen) != number {
		return nil, missing
	}
	v, err := publicView(ctx, tx, gen)
	if errors.Is(err, store.ErrNoRow) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	if rest == "checkpoint" {
		return v.note, nil
	}
	p, ok := parseTilePath(rest)
	if !ok {
		return nil, missing
	}
	full := v.size >> (tileHeight * max(p.level, 0))
	if p.n > full/tileWidth || p.width == tileWidth && p.n == full/tileWidth || p.width > full-p.n*tileWidth {
		return nil, missing
	}
	return v.tile(ctx, tx, p)
}

// view is one generation as far as its newest checkpoint reaches.
type view struct {
	gen  Generation
	size int64
	note []byte
}

// publicView reads a generation and its newest checkpoint.
func publicView(ctx context.Context, tx *store.Tx, gen int64) (v view, err error) {
	if v.gen, err = readGeneration(ctx, tx, gen); err != nil {
		return v, err
	}
	h, err := readHead(ctx, tx, false)
	if err != nil {
		return v, err
	}
	if h.Gen == gen {
		v.size, v.note = h.Size-v.gen.Start, h.Note
		return v, nil
	}
	err = tx.Row(ctx, []any{&v.size, &v.note}, `SELECT size, note FROM checkpoint WHERE gen = $1 ORDER BY size DESC LIMIT 1`, gen)
	return v, err
}

// entriesLevel stands for the leaves themselves.
const entriesLevel = -1

// tilePath names a tile, whole or its first width hashes.
type tilePath struct{ level, n, width int64 }

// String writes the path as C2SP tlog-tiles has it.
func (p tilePath) String() string {
	n, groups := p.n, ""
	for {
		group := fmt.Sprintf("%03d", n%1000)
		if groups == "" {
			groups = group
		} else {
			groups = "x" + group + "/" + groups
		}
		if n /= 1000; n == 0 {
			break
		}
	}
	level := "entries"
	if p.level != entriesLevel {
		level = decimal(p.level)
	}
	s := "tile/" + level + "/" + groups
	if p.width < tileWidth {
		s += ".p/" + decimal(p.width)
	}
	return s
}

// parseTilePath reads what String writes, and nothing else.
func parseTilePath(s string) (tilePath, bool) {
	p := tilePath{width: tileWidth, level: entriesLevel}
	level, rest, ok := strings.Cut(strings.TrimPrefix(s, "tile/"), "/")
	if !ok || len(s) > 100 {
		return p, false
	}
	var err error
	if level != "entries" {
		if p.level, err = strconv.ParseInt(level, 10, 8); err != nil || p.level < 0 || p.level > 7 {
			return p, false
		}
	}
	if groups, width, part := strings.Cut(rest, ".p/"); part {
		rest = groups
		if p.width, err = strconv.ParseInt(width, 10, 16); err != nil || p.width < 1 || p.width >= tileWidth {
			return p, false
		}
	}
	if p.n, err = strconv.ParseInt(strings.NewReplacer("x", "", "/", "").Replace(rest), 10, 56); err != nil {
		return p, false
	}
	return p, p.String() == s
}

// tile reads a tile or a bundle of leaves.
func (v view) tile(ctx context.Context, tx *store.Tx, p tilePath) ([]byte, error) {
	if p.level != entriesLevel {
		b, err := Tile(ctx, tx, v.gen, p.level, p.n, v.size)
		if err != nil {
			return nil, err
		}
		if int64(len(b)) < p.width*tlog.HashSize {
			return nil, errTile
		}
		return b[:p.width*tlog.HashSize], nil
	}
	from := v.gen.Start + p.n*tileWidth
	leaves := make([][]byte, 0, p.width)
	err := eachEntry(ctx, tx, func(e *Entry) error { leaves = append(leaves, e.Leaf()); return nil },
		` WHERE idx >= $1 AND idx < $2 ORDER BY idx`, from, from+p.width)
	if err == nil && int64(len(leaves)) != p.width {
		err = errTile
	}
	return EntryBundle(leaves), err
}

// Export writes everything public of a log below dir, in the layout of C2SP tlog-tiles with one
// folder for each generation. Whole tiles that are there already are kept; the checkpoint is
// written last, so what it promises is there.
func Export(ctx context.Context, db *store.DB, dir string) error {
	return db.Read(ctx, func(tx *store.Tx) error {
		gens, err := Generations(ctx, tx)
		if err != nil {
			return err
		}
		for _, g := range gens {
			v, err := publicView(ctx, tx, g.Gen)
			if err != nil {
				return err
			}
			if err := v.export(ctx, tx, filepath.Join(dir, decimal(g.Gen))); err != nil {
				return fmt.Errorf("export generation %d: %w", g.Gen, err)
			}
		}
		return nil
	})
}

func (v view) export(ctx context.Context, tx *store.Tx, dir string) error {
	for level := int64(entriesLevel); ; level++ {
		hashes := v.size >> (tileHeight * max(level, 0))
		if hashes == 0 {
			break
		}
		for n := int64(0); n*tileWidth < hashes; n++ {
			p := tilePath{level: level, n: n, width: min(tileWidth, hashes-n*tileWidth)}
			file := filepath.Join(dir, filepath.FromSlash(p.String()))
			if _, err := os.Stat(file); err == nil && p.width == tileWidth {
				continue
			}
			b, err := v.tile(ctx, tx, p)
			if err != nil {
				return err
			}
			if err := writePlain(file, b); err != nil {
				return err
			}
		}
	}
	return writeAtomically(filepath.Join(dir, "checkpoint"), v.note)
}

func writePlain(file string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o644)
}

func writeAtomically(file string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return store.WriteFileDurably(file, b, 0o644)
}

// Proof writes the inclusion proof of an entry as c2sp.org/tlog-proof@v1: for any verifier
// that knows the leaf, the log's key and nothing else of ours.
func Proof(ctx context.Context, tx *store.Tx, idx int64) ([]byte, error) {
	gens, err := Generations(ctx, tx)
	if err != nil {
		return nil, err
	}
	for i := len(gens) - 1; i >= 0; i-- {
		if idx < gens[i].Start {
			continue
		}
		v, err := publicView(ctx, tx, gens[i].Gen)
		if err != nil {
			return nil, err
		}
		if idx-v.gen.Start >= v.size {
			break
		}
		hs, err := ProveEntry(ctx, tx, v.gen, idx, v.size)
		if err != nil {
			return nil, err
		}
		b := fmt.Appendf(nil, "c2sp.org/tlog-proof@v1\nindex %d\n", idx-v.gen.Start)
		for _, h := range hs {
			b = append(append(b, h.String()...), '\n')
		}
		return append(append(b, '\n'), v.note...), nil
	}
	return nil, isms.Errorf(isms.NotFound, "entry.unknown")
}

// fileName makes one harmless file name out of an origin.
func fileName(origin string) string {
	var b strings.Builder
	for _, c := range []byte(origin) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.' && b.Len() > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return path.Clean(b.String())
}
