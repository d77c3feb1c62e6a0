package register

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"strconv"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// Verified is a table whose rows can be compared with the ledger.
type Verified interface {
	// Verify compares every row with its entry and every entry with its row, and reports
	// what differs. An error means that it could not look.
	Verify(ctx context.Context, tx *store.Tx, rep *ledger.Report) error
}

// Verify compares the rows of tables with the ledger's entries.
func Verify(ctx context.Context, tx *store.Tx, rep *ledger.Report, tables ...Verified) error {
	for _, t := range tables {
		if err := t.Verify(ctx, tx, rep); err != nil {
			return err
		}
	}
	return nil
}

// page is the number of records that are compared at a time.
const page = 1000

// Verify compares every revision that the table holds with the entry that wrote it: values,
// revision, and the entries where it begins and ends. Every entry of the table's prefix has
// its row, unless it was erased or is the record's end; entries without a revision tell of
// events and have none.
func (t *Table[T, P]) Verify(ctx context.Context, tx *store.Tx, rep *ledger.Report) error {
	end := t.Prefix + "`" // the byte after "_": behind every id of this prefix
	for last := ""; ; {
		var upper string
		err := tx.Row(ctx, []any{&upper}, `SELECT DISTINCT subject FROM entry WHERE subject > $1 AND subject > $2 AND subject < $3 ORDER BY subject LIMIT 1 OFFSET `+strconv.Itoa(page-1),
			last, t.Prefix+"_", end)
		final := errors.Is(err, store.ErrNoRow)
		if err != nil && !final {
			return err
		}
		p := verifiedPage[T, P]{table: t, rep: rep, entries: map[isms.ID][]want{}}
		if err := p.readEntries(ctx, tx, max(last, t.Prefix+"_"), upper, final, end); err != nil {
			return err
		}
		if err := p.readRows(ctx, tx, last, upper, final); err != nil {
			return err
		}
		p.close()
		if final {
			return nil
		}
		last = upper
	}
}

// want is what an entry calls for.
type want struct {
	idx, rev int64
	until    int64 // where the row ends
	payload  []byte
	row      bool // it has a row
	met      bool
}

// verifiedPage compares some records.
type verifiedPage[T any, P recorder[T]] struct {
	table   *Table[T, P]
	rep     *ledger.Report
	entries map[isms.ID][]want
}

func (p *verifiedPage[T, P]) wrong(id isms.ID, idx int64, code string) {
	p.rep.Add(ledger.Problem{Place: p.table.Name, Entry: idx, Subject: id, Reason: isms.Because(code)})
}

func (p *verifiedPage[T, P]) readEntries(ctx context.Context, tx *store.Tx, from, upper string, final bool, end string) error {
	cond, top := `subject <= $2`, upper
	if final {
		cond, top = `subject < $2`, end
	}
	return tx.Query(ctx, func(r *sql.Rows) error {
		var id isms.ID
		var w want
		var kind string
		var salt []byte
		if err := r.Scan(&id, &w.idx, &w.rev, &kind, &salt, &w.payload); err != nil {
			return err
		}
		es := p.entries[id]
		if n := len(es); n > 0 && es[n-1].until == store.OpenEnd {
			es[n-1].until = w.idx
		}
		if kind == ledger.Erased { // everything before it is gone
			for i := range es {
				es[i].row = false
			}
			p.entries[id] = es
			return nil
		}
		w.until, w.row = store.OpenEnd, salt != nil && !bytes.Equal(w.payload, []byte("null"))
		p.entries[id] = append(es, w)
		return nil
	}, `SELECT subject, idx, rev, kind, payload_salt, payload FROM entry WHERE subject > $1 AND `+cond+` AND rev > 0 ORDER BY subject, rev, idx`, from, top)
}

func (p *verifiedPage[T, P]) readRows(ctx context.Context, tx *store.Tx, last, upper string, final bool) error {
	t := p.table
	text, args := `SELECT `+t.Columns()+` FROM `+t.Name+` WHERE id > $1 AND id <= $2 ORDER BY id, rev`, []any{last, upper}
	if final {
		text, args = `SELECT `+t.Columns()+` FROM `+t.Name+` WHERE id > $1 ORDER BY id, rev`, []any{last}
	}
	n := int64(0)
	err := tx.Query(ctx, func(r *sql.Rows) error {
		n++
		v, raw, err := t.scanRaw(r)
		row := P(&v).Record()
		if err != nil {
			p.wrong(row.ID, row.From, "verify.row_unreadable")
			p.met(row)
			return nil
		}
		w := p.met(row)
		if w == nil {
			p.wrong(row.ID, row.From, "verify.row_without_entry")
			return nil
		}
		payload, err := t.Payload(&v)
		switch {
		case err != nil || !raw || !bytes.Equal(payload, w.payload):
			p.wrong(row.ID, w.idx, "verify.row_changed")
		case row.Until != w.until:
			p.wrong(row.ID, w.idx, "verify.row_ends_elsewhere")
		}
		return nil
	}, text, args...)
	p.rep.Count(func(c *ledger.Counts) { c.Rows += n })
	return err
}

// met finds the entry that calls for a row, and ticks it off.
func (p *verifiedPage[T, P]) met(row *Row) *want {
	es := p.entries[row.ID]
	for i := range es {
		if w := &es[i]; w.row && w.rev == row.Rev && w.idx == row.From && !w.met {
			w.met = true
			return w
		}
	}
	return nil
}

// close reports entries whose row is missing.
func (p *verifiedPage[T, P]) close() {
	for id, es := range p.entries {
		for _, w := range es {
			if w.row && !w.met {
				p.wrong(id, w.idx, "verify.row_missing")
			}
		}
	}
}

// scanRaw is Scan, and tells whether columns that have one canonical text stood there in it.
func (t *Table[T, P]) scanRaw(rows *sql.Rows) (v T, canonical bool, err error) {
	cols, err := t.scanInto(rows, &v)
	if err != nil {
		return v, false, err
	}
	for i := range cols {
		if cols[i].any == nil && cols[i].per == nil {
			continue
		}
		a, err := cols[i].arg()
		if err != nil {
			return v, false, err
		}
		if a != cols[i].raw {
			return v, false, nil
		}
	}
	return v, true, nil
}

// Files compares every file that records use with its digest.
func Files(ctx context.Context, db *store.DB, rep *ledger.Report) error {
	type file struct {
		digest string
		size   int64
	}
	var files []file
	err := db.Read(ctx, func(tx *store.Tx) error {
		return tx.Files(ctx, func(d string, n int64) error { files = append(files, file{d, n}); return nil })
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		n, err := readFile(ctx, db, f.digest)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rep.Count(func(c *ledger.Counts) { c.Files++ })
		switch {
		case isms.CodeOf(err) == "file.missing":
			rep.Wrong("file "+f.digest, -1, isms.Because("verify.file_missing"))
		case err != nil || n != f.size:
			rep.Wrong("file "+f.digest, -1, isms.Because("verify.file_changed"))
		}
	}
	return nil
}

// readFile reads a file to its end, where the store compares its digest, and returns its length.
func readFile(ctx context.Context, db *store.DB, digest string) (int64, error) {
	f, err := db.OpenFile(ctx, digest)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, f)
	return n, errors.Join(err, f.Close())
}
