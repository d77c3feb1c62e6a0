package ledger

import (
	"context"
	"database/sql"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// Trust is what a verifier knows from elsewhere, and what it wants to hear meanwhile.
type Trust struct {
	// Keys are verifier keys (note package form) got from somebody else than the log itself.
	Keys []string
	// Seen are heads that this verifier saw before.
	Seen []Seen
	// Progress, if set, is told how many of how many entries were looked at.
	Progress func(done, total int64)
}

// Seen is a head of a log at an earlier moment.
type Seen struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// chunk is the number of entries that one worker takes at a time: whole tiles.
const chunk = 16 * tileWidth

// Verify looks at everything that the log of a database consists of: each entry against its
// commitments, leaves against tiles, tiles against roots, roots against signatures, generations
// against each other, erasures against the entries that permit them, and the access log against
// its seals. It reads one moment and disturbs nobody. An error means that it could not look;
// what it saw wrong stands in the report.
func Verify(ctx context.Context, db *store.DB, trust Trust) (*Report, error) {
	rep := &Report{OK: true, Signer: SignerUnknown, Problems: []Problem{}}
	err := db.Read(ctx, func(tx *store.Tx) error {
		v := &verifier{db: db, tx: tx, rep: rep, trust: trust, erased: map[isms.ID]int64{}, told: map[isms.ID]int64{}, lost: map[int64]int64{}}
		return v.run(ctx)
	})
	return rep, err
}

// verifier is one run of Verify.
type verifier struct {
	db    *store.DB
	tx    *store.Tx // the moment that is verified
	rep   *Report
	trust Trust

	head   Head
	gens   []Generation
	erased map[isms.ID]int64 // subject to index, as the table erasure says
	told   map[isms.ID]int64 // the same, as the entries say
	seen   map[string][]Seen // what is remembered, by origin

	short    []short         // trees that were longer when they were seen
	lost     map[int64]int64 // up to which index entries were lost, by the generation before the loss
	seals    []seal          // of the access log, as the entries say
	dropped  int64           // up to where accesses were deleted
	lastAt   isms.Instant
	previous *tree // the generation before, complete
	done     int64
}

func (v *verifier) run(ctx context.Context) error {
	if err := v.plan(ctx); err != nil {
		return err
	}
	for i, g := range v.gens {
		end := v.head.Size
		if i+1 < len(v.gens) {
			end = v.gens[i+1].Start
		}
		if g.Start > end || g.Gen != int64(i+1) || i == 0 && g.Start != 0 {
			v.rep.Wrong("generation", -1, isms.Because("verify.generation_gap", "generation", strconv.FormatInt(g.Gen, 10)))
			continue
		}
		if err := v.generation(ctx, g, end); err != nil {
			return err
		}
	}
	v.losses()
	for _, step := range []func(context.Context) error{v.strays, v.erasures, v.accesses} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	v.judgeSigner()
	return nil
}

// plan reads what the log says about itself.
func (v *verifier) plan(ctx context.Context) error {
	var err error
	if v.head, err = readHead(ctx, v.tx, false); err != nil {
		return err
	}
	if v.gens, err = Generations(ctx, v.tx); err != nil {
		return err
	}
	if len(v.gens) == 0 || v.gens[len(v.gens)-1].Gen != v.head.Gen {
		v.rep.Wrong("head", -1, isms.Because("verify.generation_gap", "generation", strconv.FormatInt(v.head.Gen, 10)))
	}
	v.rep.Checkpoint = string(v.head.Note)
	v.rep.Counts.Generations = int64(len(v.gens))
	v.seen = map[string][]Seen{}
	for _, s := range v.trust.Seen {
		v.seen[s.Origin] = append(v.seen[s.Origin], s)
	}
	return eachErasure(ctx, v.tx, -1, func(subject isms.ID, idx int64) { v.erased[subject] = idx })
}

// eachErasure hands over the rows of the table erasure from an index on.
func eachErasure(ctx context.Context, tx *store.Tx, from int64, fn func(isms.ID, int64)) error {
	return tx.Query(ctx, func(r *sql.Rows) error {
		var subject isms.ID
		var idx int64
		if err := r.Scan(&subject, &idx); err != nil {
			return err
		}
		fn(subject, idx)
		return nil
	}, `SELECT subject, idx FROM erasure WHERE idx >= $1 ORDER BY idx`, from)
}

// generation verifies one tree: workers read and hash ranges, this goroutine puts them together.
func (v *verifier) generation(ctx context.Context, g Generation, end int64) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	workers := min(max(runtime.GOMAXPROCS(0), 1), 6)
	jobs := make(chan *part)
	order := make(chan *part, 2*workers)
	for range workers {
		wg.Go(func() {
			for p := range jobs {
				p.err = v.readPart(ctx, p)
				close(p.ready)
			}
		})
	}
	wg.Go(func() {
		defer close(order)
		defer close(jobs)
		for from := g.Start; from < end; from += chunk {
			p := &part{gen: g, from: from, until: min(from+chunk, end), ready: make(chan struct{})}
			select {
			case jobs <- p:
				order <- p
			case <-ctx.Done():
				return
			}
		}
	})
	defer func() { // lets the goroutine above end when this one gives up
		cancel()
		for range order {
		}
	}()
	roots, err := v.openRoots(ctx, g, end)
	if err != nil {
		return err
	}
	t := &tree{gen: g}
	for p := range order {
		<-p.ready
		if p.err != nil {
			return p.err
		}
		if err := v.take(ctx, t, p, roots); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return v.closeGeneration(ctx, t, roots)
}

// take adds a verified range to the tree and compares the tiles that it fills and the roots
// that were remembered within it.
func (v *verifier) take(ctx context.Context, t *tree, p *part, roots *roots) error {
	if len(p.at) > 0 && p.at[0] < v.lastAt {
		v.rep.Wrong("entry", p.from, isms.Because("verify.time_backwards"))
	}
	if p.from == t.gen.Start && t.gen.Gen > 1 {
		v.continues(t.gen, p.first)
	}
	for subject, idx := range p.erasures {
		v.told[subject] = idx
	}
	v.seals, v.dropped = append(v.seals, p.seals...), max(v.dropped, p.dropped)
	for i, h := range p.hashes {
		t.add(h)
		v.lastAt = max(v.lastAt, p.at[i])
		if t.size == roots.next() {
			roots.compare(t, p.at[i])
		}
	}
	for _, f := range t.full {
		if f.level == 0 {
			p.compareRoot(v.rep, f)
			continue
		}
		if err := v.compareTile(ctx, t.gen, f); err != nil {
			return err
		}
	}
	v.rep.Count(func(c *Counts) {
		c.Entries += int64(len(p.hashes))
		c.Erased += p.erasedCount
		c.Tiles += int64(len(t.full))
	})
	t.full = t.full[:0]
	v.done += int64(len(p.hashes))
	if v.trust.Progress != nil {
		v.trust.Progress(v.done, v.head.Size)
	}
	return nil
}

// compareTile compares a tile above the lowest level with its row.
func (v *verifier) compareTile(ctx context.Context, g Generation, f fullTile) error {
	var row, root []byte
	err := v.tx.Row(ctx, []any{&row, &root}, `SELECT hashes, root FROM tile WHERE gen = $1 AND level = $2 AND n = $3`, g.Gen, f.level, f.n)
	switch {
	case err == store.ErrNoRow:
		v.rep.Wrong("tile", -1, tileReason("verify.tile_missing", g.Gen, f.level, f.n))
	case err != nil:
		return err
	case string(row) != string(join(f.hashes)) || string(root) != string(f.root[:]):
		v.rep.Wrong("tile", -1, tileReason("verify.tile_changed", g.Gen, f.level, f.n))
	}
	return nil
}

func tileReason(code string, gen, level, n int64) isms.Reason {
	return isms.Because(code, "generation", strconv.FormatInt(gen, 10), "level", strconv.FormatInt(level, 10), "tile", strconv.FormatInt(n, 10))
}

func join(hs []tlog.Hash) []byte {
	b := make([]byte, 0, len(hs)*tlog.HashSize)
	for _, h := range hs {
		b = append(b, h[:]...)
	}
	return b
}
