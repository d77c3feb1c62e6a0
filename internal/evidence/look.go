package evidence

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Looks returns what a verdict about a proof rests on: for each subject the looks that count
// as of the transaction's moment, in order of subject. An empty subjects takes all.
func Looks(ctx context.Context, tx *store.Tx, proof isms.ID, subjects ...isms.ID) ([]verdict.Look, error) {
	var out []verdict.Look
	text, args := `SELECT subject, looks FROM evidence_look WHERE proof = $1 AND from_idx <= $2 AND until_idx > $2`, []any{string(proof), tx.AsOf}
	if len(subjects) > 0 && len(subjects) <= 50 {
		text += ` AND subject IN ` + store.In(3, len(subjects))
		for _, s := range subjects {
			args = append(args, string(s))
		}
	}
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var subject isms.ID
		var b []byte
		if err := r.Scan(&subject, &b); err != nil {
			return err
		}
		looks, err := decodePage(b, proof, subject)
		if err != nil {
			return err
		}
		looks = slices.DeleteFunc(looks, func(l verdict.Look) bool { return l.Ref.Entry > tx.AsOf })
		out = append(out, counting(looks)...)
		return nil
	}, text+` ORDER BY subject, from_idx`, args...)
	return out, err
}

// LookHistory returns up to limit looks of a proof on a subject recorded before an entry,
// newest first.
func LookHistory(ctx context.Context, tx *store.Tx, proof, subject isms.ID, before int64, limit int) ([]verdict.Look, error) {
	var out []verdict.Look
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var from int64
		var b []byte
		if err := r.Scan(&from, &b); err != nil || len(out) >= limit {
			return err
		}
		looks, err := decodePage(b, proof, subject)
		slices.Reverse(looks)
		for _, l := range looks {
			if l.Ref.Entry >= from && l.Ref.Entry < before && l.Ref.Entry <= tx.AsOf && len(out) < limit {
				out = append(out, l)
			}
		}
		return err
	}, `SELECT from_idx, looks FROM evidence_look WHERE proof = $1 AND subject = $2 AND from_idx < $3 ORDER BY from_idx DESC LIMIT $4`,
		string(proof), string(subject), min(before, tx.AsOf+1), limit/pageSize+2)
	return out, err
}

// AllLooks returns every look of a proof that was recorded since an instant, subject by subject
// in the order in which they were recorded.
func AllLooks(ctx context.Context, tx *store.Tx, proof isms.ID, since isms.Instant) ([]verdict.Look, error) {
	var out []verdict.Look
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var subject isms.ID
		var from int64
		var b []byte
		if err := r.Scan(&subject, &from, &b); err != nil {
			return err
		}
		looks, err := decodePage(b, proof, subject)
		for _, l := range looks {
			if l.Ref.Entry >= from && l.Ref.Entry <= tx.AsOf && l.Recorded >= since { // what was carried over stands on its own page
				out = append(out, l)
			}
		}
		return err
	}, `SELECT subject, from_idx, looks FROM evidence_look WHERE proof = $1 AND from_idx <= $2 ORDER BY subject, from_idx`, string(proof), tx.AsOf)
	return out, err
}

// pair is a proof and a subject.
type pair struct{ proof, subject isms.ID }

// openPage is the page of a pair that new looks go to.
type openPage struct {
	pair
	from  int64
	until int64
	looks []verdict.Look
	dirty bool // stands in taking.dirty
}

// taking adds looks to their pages, reading and writing many pages at a time.
type taking struct {
	tx    *ledger.Tx
	pages map[pair]*openPage
	dirty []*openPage
}

// perStatement is how many pages one statement reads or writes: few texts, so each stays prepared.
const perStatement = 50

// newTaking reads the open pages of the pairs.
func newTaking(ctx context.Context, tx *ledger.Tx, pairs []pair) (*taking, error) {
	t := &taking{tx: tx, pages: make(map[pair]*openPage, len(pairs))}
	for len(pairs) > 0 {
		n := min(len(pairs), perStatement)
		args := make([]any, 0, 2*perStatement+1)
		args = append(args, store.OpenEnd)
		for i := range perStatement {
			p := pairs[min(i, n-1)] // the rest repeats the last one: the text stays the same
			args = append(args, string(p.proof), string(p.subject))
		}
		err := tx.Query(ctx, func(r *sql.Rows) error {
			o := &openPage{until: store.OpenEnd}
			var b []byte
			if err := r.Scan(&o.proof, &o.subject, &o.from, &b); err != nil {
				return err
			}
			var err error
			o.looks, err = decodePage(b, o.proof, o.subject)
			t.pages[o.pair] = o
			return err
		}, readPages(), args...)
		if err != nil {
			return nil, err
		}
		pairs = pairs[n:]
	}
	return t, nil
}

var readPages = sync.OnceValue(func() string {
	var b strings.Builder
	for i := range perStatement {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(store.In(2+2*i, 2))
	}
	return `SELECT proof, subject, from_idx, looks FROM evidence_look WHERE until_idx = $1 AND (proof, subject) IN (VALUES ` + b.String() + `)`
})

// add adds a look to its page and tells whether it turned something: whether what counts
// afterwards says something else than what counted before. A look that comes late may be
// recorded last and count for nothing.
func (t *taking) add(l verdict.Look) (turned bool) {
	p := t.pages[pair{l.Proof, l.Subject}]
	if p == nil {
		t.open(l.Ref.Entry, pair{l.Proof, l.Subject}, []verdict.Look{l})
		return true
	}
	before, refused := latest(p.looks), firstError(p.looks)
	if len(p.looks) >= pageSize && p.from != l.Ref.Entry {
		p.until = l.Ref.Entry
		t.touch(p)
		t.open(l.Ref.Entry, p.pair, append(counting(p.looks), l))
		p = t.pages[p.pair]
	} else {
		p.looks = append(p.looks, l)
		t.touch(p)
	}
	after := latest(p.looks)
	if after == nil {
		return firstError(p.looks) != refused
	}
	return before == nil || before.Outcome != after.Outcome || !slices.Equal(before.Measures, after.Measures)
}

// latest is the look that counts: the latest that could look, of one moment the one recorded
// last; nil where none could.
func latest(looks []verdict.Look) *verdict.Look {
	var best *verdict.Look
	for i := range looks {
		l := &looks[i]
		if l.Outcome == verdict.Error || best != nil && (age(l) < age(best) || age(l) == age(best) && l.Recorded < best.Recorded) {
			continue
		}
		best = l
	}
	return best
}

// firstError is the age of the first look that could not look; zero if there is none.
func firstError(looks []verdict.Look) (first isms.Instant) {
	for i := range looks {
		if l := &looks[i]; l.Outcome == verdict.Error && (first == 0 || age(l) < first) {
			first = age(l)
		}
	}
	return first
}

func (t *taking) open(from int64, p pair, looks []verdict.Look) {
	o := &openPage{pair: p, from: from, until: store.OpenEnd, looks: looks}
	t.pages[p] = o
	t.touch(o)
}

func (t *taking) touch(p *openPage) {
	if !p.dirty {
		p.dirty, t.dirty = true, append(t.dirty, p)
	}
}

// write writes the pages that changed.
func (t *taking) write(ctx context.Context) error {
	for len(t.dirty) > 0 {
		n := 1
		if len(t.dirty) >= perStatement {
			n = perStatement
		} else if len(t.dirty) >= 10 {
			n = 10
		}
		args := make([]any, 0, 5*n)
		for _, p := range t.dirty[:n] {
			b, err := encodePage(p.looks)
			if err != nil {
				return err
			}
			args = append(args, string(p.proof), string(p.subject), p.from, p.until, b)
		}
		if _, err := t.tx.Exec(ctx, writePages(n), args...); err != nil {
			return err
		}
		t.dirty = t.dirty[n:]
	}
	return nil
}

func writePages(n int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO evidence_look (proof, subject, from_idx, until_idx, looks) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(store.In(1+5*i, 5))
	}
	b.WriteString(` ON CONFLICT (proof, subject, from_idx) DO UPDATE SET until_idx = excluded.until_idx, looks = excluded.looks`)
	return b.String()
}
