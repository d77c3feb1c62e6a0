package ledger

import (
	"context"
	"strconv"

	"holdfast/internal/isms"
)

// Erase drops payload and salt of every entry about a subject and appends the erasure as an
// entry. The leaves keep their commitments, so the log still verifies. The caller drops the
// other copies (rows, files, search) in the same transaction.
func (tx *Tx) Erase(ctx context.Context, subject isms.ID, why isms.Reason) error {
	var last int64
	if err := tx.Row(ctx, []any{&last}, `SELECT COALESCE(MAX(rev), 0) FROM entry WHERE subject = $1`, string(subject)); err != nil {
		return err
	}
	for _, e := range tx.unwritten() {
		if e.Subject == subject {
			last = max(last, e.Rev)
		}
	}
	if err := tx.forget(ctx, subject); err != nil {
		return err
	}
	b := append([]byte(`{"reason":`), AppendString(nil, why.Code)...)
	b = append(b, `,"revisions":`...)
	b = strconv.AppendInt(b, last, 10)
	b = append(b, '}')
	idx := tx.Append(Erased, subject, last+1, b)
	_, err := tx.Exec(ctx, `INSERT INTO erasure (subject, idx) VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET idx = excluded.idx`, string(subject), idx)
	return err
}

// Erased is the kind of the entry that says that a subject was erased.
const Erased = "ledger.erased"

// forget drops the payloads of a subject, also of entries that wait to be written.
func (tx *Tx) forget(ctx context.Context, subject isms.ID) error {
	for _, e := range tx.unwritten() {
		if e.Subject == subject && e.Kind != Erased {
			e.Payload, e.PayloadSalt = nil, nil
		}
	}
	_, err := tx.Exec(ctx, `UPDATE entry SET payload = NULL, payload_salt = NULL WHERE subject = $1 AND kind <> $2`, string(subject), Erased)
	return err
}

// unwritten are the entries of this commit that have no row yet.
func (tx *Tx) unwritten() []*Entry { return append(append([]*Entry(nil), tx.batch...), tx.entries...) }
