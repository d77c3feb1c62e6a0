package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
)

// Checkpoint is the content of a C2SP tlog-checkpoint.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// String is the text that is signed.
func (c Checkpoint) String() string { return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root) }

// OpenCheckpoint reads a signed checkpoint and checks its signature. It takes only the exact
// bytes that Holdfast writes: one signature, no extension lines, no second spelling of anything.
func OpenCheckpoint(msg []byte, vkey string) (Checkpoint, error) {
	ver, err := note.NewVerifier(vkey)
	if err != nil {
		return Checkpoint{}, err
	}
	return openCheckpoint(msg, ver)
}

func openCheckpoint(msg []byte, ver note.Verifier) (Checkpoint, error) {
	text, err := openNote(msg, ver)
	if err != nil {
		return Checkpoint{}, err
	}
	return parseCheckpoint(text)
}

// ReadCheckpoint reads a checkpoint without looking at its signature.
func ReadCheckpoint(msg []byte) (Checkpoint, error) {
	text, _, ok := strings.Cut(string(msg), "\n\n")
	if !ok {
		return Checkpoint{}, errors.New("ledger: no signed note")
	}
	return parseCheckpoint(text + "\n")
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, errors.New("ledger: checkpoint has other than three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, errors.New("ledger: checkpoint's size is malformed")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if c.String() != text {
		return c, errors.New("ledger: checkpoint is not in its one form")
	}
	return c, nil
}

// root is a head that the tree must have had.
type root struct {
	Checkpoint
	at     isms.Instant
	place  string // checkpoint, head or remembered
	signed bool
	same   bool // as computed
	met    bool // the tree reached its size
}

// roots are the heads to be compared while a tree grows, by size.
type roots struct {
	list []root
	pos  int
	rep  *Report
	gen  Generation
}

// next is the size at which the next comparison is due, or -1.
func (r *roots) next() int64 {
	if r.pos == len(r.list) {
		return -1
	}
	return r.list[r.pos].Size
}

// compare compares all heads of the tree's present size.
func (r *roots) compare(t *tree, at isms.Instant) {
	computed := t.root()
	for ; r.pos < len(r.list) && r.list[r.pos].Size == t.size; r.pos++ {
		h := &r.list[r.pos]
		h.met, h.same = true, h.Root == computed
		if h.place != remembered && h.at != at {
			r.rep.Wrong(h.place, r.gen.Start+t.size-1, isms.Because("verify.checkpoint_time", "size", decimal(t.size)))
		}
	}
}

const remembered = "remembered"

// openRoots reads and opens the checkpoints of a generation, its head, and what is remembered of it.
func (v *verifier) openRoots(ctx context.Context, g Generation, end int64) (*roots, error) {
	rs := &roots{rep: v.rep, gen: g}
	ver, err := note.NewVerifier(g.VKey)
	if err != nil {
		v.rep.Wrong("generation", -1, isms.Because("verify.key_unreadable", "generation", decimal(g.Gen)))
	}
	pool := newPool()
	var mu sync.Mutex // guards rs.list and other
	other := 0        // well signed, but of another origin
	open := func(place string, size int64, at isms.Instant, msg []byte) {
		pool.do(func() {
			h := root{place: place, at: at}
			err := errors.New("no key")
			if ver != nil {
				h.Checkpoint, err = openCheckpoint(msg, ver)
			}
			if err == nil && h.Origin != g.Origin {
				mu.Lock()
				defer mu.Unlock()
				other++
			}
			if err != nil || h.Size != size || h.Origin != g.Origin {
				v.rep.Wrong(place, -1, isms.Because("verify.checkpoint_changed", "generation", decimal(g.Gen), "size", decimal(size)))
				return
			}
			h.signed = true
			mu.Lock()
			defer mu.Unlock()
			rs.list = append(rs.list, h)
		})
	}
	n := int64(0)
	err = v.tx.Query(ctx, func(r *sql.Rows) error {
		var size, at int64
		var msg []byte
		if err := r.Scan(&size, &at, &msg); err != nil {
			return err
		}
		n++
		open("checkpoint", size, isms.Instant(at), msg)
		return nil
	}, `SELECT size, at, note FROM checkpoint WHERE gen = $1 ORDER BY size`, g.Gen)
	if g.Gen == v.head.Gen {
		open("head", end-g.Start, v.head.At, v.head.Note)
	}
	pool.wait()
	if len(rs.list) == 0 && other > 0 {
		v.rep.Wrong("generation", -1, isms.Because("verify.origin_changed", "generation", decimal(g.Gen)))
	}
	v.rep.Count(func(c *Counts) { c.Checkpoints += n })
	for _, s := range v.seen[g.Origin] {
		rs.list = append(rs.list, root{Checkpoint: Checkpoint(s), place: remembered, signed: true})
	}
	slices.SortStableFunc(rs.list, func(a, b root) int { return cmp.Compare(a.Size, b.Size) })
	if rs.next() == 0 {
		rs.compare(&tree{gen: g}, 0)
	}
	return rs, err
}

// closeGeneration says which of the heads that differ are at fault: a head itself, if a later
// one is right again, else the entries since the last that was right.
func (v *verifier) closeGeneration(ctx context.Context, t *tree, rs *roots) error {
	v.previous = t
	good, bad := int64(-1), int64(-1)
	for i := len(rs.list) - 1; i >= 0; i-- {
		h := rs.list[i]
		switch {
		case !h.met && h.place == remembered:
			v.short = append(v.short, short{t.gen, h.Size, t.size})
		case !h.met:
			v.rep.Wrong(h.place, -1, isms.Because("verify.checkpoint_beyond", "size", decimal(h.Size), "now", decimal(t.size)))
		case h.place == remembered && !h.same:
			v.rep.Wrong(remembered, -1, isms.Because("verify.history_rewritten", "origin", h.Origin, "size", decimal(h.Size)))
		case h.place == remembered:
		case h.same:
			good = max(good, h.Size)
		case good >= 0:
			v.rep.Wrong(h.place, -1, isms.Because("verify.checkpoint_changed", "generation", decimal(t.gen.Gen), "size", decimal(h.Size)))
		default:
			bad = h.Size
		}
	}
	if bad > 0 {
		from := t.gen.Start + max(good, 0)
		v.rep.Wrong("entry", from, isms.Because("verify.root_differs", "from", decimal(from), "to", decimal(t.gen.Start+bad-1)))
	}
	return ctx.Err()
}

// pool runs short work on all processors.
type pool struct {
	work chan func()
	wg   sync.WaitGroup
}

func newPool() *pool {
	p := &pool{work: make(chan func(), 64)}
	for range runtime.GOMAXPROCS(0) {
		p.wg.Go(func() {
			for fn := range p.work {
				fn()
			}
		})
	}
	return p
}

func (p *pool) do(fn func()) { p.work <- fn }

func (p *pool) wait() {
	close(p.work)
	p.wg.Wait()
}
