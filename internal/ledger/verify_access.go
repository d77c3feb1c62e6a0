package ledger

import (
	"context"
	"database/sql"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
)

// seal is a seal of the access log as its entry tells of it.
type seal struct {
	segment
	entry int64
}

// noteSeal keeps what an entry tells of the access log.
func (p *part) noteSeal(w *raw) {
	s := seal{entry: w.idx}
	if json.Unmarshal(w.pay, &s.segment) != nil {
		return // its payload is not what it committed to, which is reported elsewhere
	}
	if string(w.kind) == AccessDropped {
		p.dropped = max(p.dropped, s.Until)
		return
	}
	p.seals = append(p.seals, s)
}

// accesses compares the access log with its seals.
func (v *verifier) accesses(ctx context.Context) error {
	stored := map[int64]seal{}
	err := v.tx.Query(ctx, func(r *sql.Rows) error {
		var s seal
		var root []byte
		if err := r.Scan(&s.From, &s.Until, &root); err != nil {
			return err
		}
		if len(root) == len(s.Root) {
			s.Root = tlog.Hash(root)
		}
		stored[s.From] = s
		return nil
	}, `SELECT from_n, until_n, root FROM access_segment`)
	if err != nil {
		return err
	}
	next := int64(0)
	for _, s := range v.seals {
		if stored[s.From].segment != s.segment || s.From != next || s.Until <= s.From {
			v.rep.Wrong("access_segment", s.entry, isms.Because("verify.segment_changed", "from", decimal(s.From)))
		}
		delete(stored, s.From)
		next = s.Until
		if err := v.sealed(ctx, s); err != nil {
			return err
		}
	}
	for from := range stored {
		v.rep.Wrong("access_segment", -1, isms.Because("verify.segment_changed", "from", decimal(from)))
	}
	rest, err := listAccesses(ctx, v.tx, `n < 0 OR n >= $1 ORDER BY n`, next)
	for i, a := range rest {
		if a.N != next+int64(i) {
			v.rep.Wrong("access_log", -1, isms.Because("verify.access_missing", "n", decimal(a.N)))
			break
		}
	}
	v.rep.Count(func(c *Counts) { c.Accesses += int64(len(rest)); c.Segments = int64(len(v.seals)) })
	return err
}

// sealed compares the rows of one segment with its seal.
func (v *verifier) sealed(ctx context.Context, s seal) error {
	rows, err := listAccesses(ctx, v.tx, `n >= $1 AND n < $2 ORDER BY n`, s.From, s.Until)
	if err != nil {
		return err
	}
	v.rep.Count(func(c *Counts) { c.Accesses += int64(len(rows)) })
	if s.Until <= v.dropped && len(rows) == 0 {
		return nil
	}
	if accessRoot(rows) != s.Root {
		v.rep.Wrong("access_log", s.entry, isms.Because("verify.access_changed", "from", decimal(s.From), "to", decimal(s.Until-1)))
	}
	return nil
}
