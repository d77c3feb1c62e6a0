package evidence

import (
	"context"
	"database/sql"
	"slices"

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

// take adds a look to its page and tells whether it turned something: it is the first, or
// says something else than the one before it.
func take(ctx context.Context, tx *ledger.Tx, l verdict.Look) (turned bool, err error) {
	var from int64
	var b []byte
	err = tx.Row(ctx, []any{&from, &b}, `SELECT from_idx, looks FROM evidence_look WHERE proof = $1 AND until_idx = $2 AND subject = $3`,
		string(l.Proof), store.OpenEnd, string(l.Subject))
	if err == store.ErrNoRow {
		return true, newPage(ctx, tx, l.Ref.Entry, []verdict.Look{l})
	}
	if err != nil {
		return false, err
	}
	looks, err := decodePage(b, l.Proof, l.Subject)
	if err != nil {
		return false, err
	}
	last := looks[len(looks)-1]
	turned = last.Outcome != l.Outcome || !slices.Equal(last.Measures, l.Measures)
	if len(looks) < pageSize || from == l.Ref.Entry {
		if b, err = encodePage(append(looks, l)); err != nil {
			return false, err
		}
		_, err = tx.Exec(ctx, `UPDATE evidence_look SET looks = $1 WHERE proof = $2 AND subject = $3 AND from_idx = $4`, b, string(l.Proof), string(l.Subject), from)
		return turned, err
	}
	if _, err := tx.Exec(ctx, `UPDATE evidence_look SET until_idx = $1 WHERE proof = $2 AND subject = $3 AND from_idx = $4`,
		l.Ref.Entry, string(l.Proof), string(l.Subject), from); err != nil {
		return false, err
	}
	return turned, newPage(ctx, tx, l.Ref.Entry, append(counting(looks), l))
}

func newPage(ctx context.Context, tx *ledger.Tx, from int64, looks []verdict.Look) error {
	b, err := encodePage(looks)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO evidence_look (proof, subject, from_idx, until_idx, looks) VALUES ($1, $2, $3, $4, $5)`,
		string(looks[0].Proof), string(looks[0].Subject), from, store.OpenEnd, b)
	return err
}
