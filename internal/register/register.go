// Package register keeps records: a struct declared once with its columns becomes
// versioned rows, entries of the ledger, lists, history and export. It is a library
// that rooms call; it knows fields, never domains. It owns the words column, revision,
// cursor and filter.
//
// Floor 1.
package register

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// Row is what every record has; record types embed it.
type Row struct {
	ID    isms.ID `json:"id"`
	Rev   int64   `json:"rev"` // revision, from 1; ETag of the API
	From  int64   `json:"-"`   // ledger index of the entry that wrote this revision
	Until int64   `json:"-"`   // ledger index of the entry that ended it, or store.OpenEnd
}

// Record gives a table access to the embedded Row.
func (r *Row) Record() *Row { return r }

// recorder is a pointer to a record type.
type recorder[T any] interface {
	*T
	Record() *Row
}

// Table is a declared record type. One aggregate is one row at a time; every revision stays.
type Table[T any, P recorder[T]] struct {
	Name   string // table
	Prefix string // of the ids

	cols   func(*T) []Column
	names  []string
	sorted []int // column order of the canonical payload
	known  map[string]Kind
}

// Declare declares a record type. cols binds each column to a field; it must return the same
// columns in the same order each time. A wrong declaration panics at start-up with a sentence.
func Declare[T any, P recorder[T]](name, prefix string, cols func(*T) []Column) *Table[T, P] {
	t := &Table[T, P]{Name: name, Prefix: prefix, cols: cols, known: map[string]Kind{}}
	for i, c := range cols(new(T)) {
		if _, twice := t.known[c.name]; twice || reserved[c.name] || c.name == "" {
			panic(fmt.Sprintf("register: table %s: column %q is reserved or declared twice", name, c.name))
		}
		t.known[c.name] = c.kind
		t.names = append(t.names, c.name)
		t.sorted = append(t.sorted, i)
	}
	sort.Slice(t.sorted, func(i, j int) bool { return t.names[t.sorted[i]] < t.names[t.sorted[j]] })
	return t
}

var reserved = map[string]bool{"id": true, "rev": true, "from_idx": true, "until_idx": true}

// Add writes a new record and its entry. An empty id gets a new one. kind is room.past_tense.
func (t *Table[T, P]) Add(ctx context.Context, tx *ledger.Tx, kind string, v *T) error {
	r := P(v).Record()
	if r.ID == "" {
		r.ID = isms.NewID(t.Prefix, tx.At)
	}
	if r.ID.Prefix() != t.Prefix {
		return fmt.Errorf("register: %s is no id of table %s", r.ID, t.Name)
	}
	r.Rev = 1
	return t.write(ctx, tx, kind, v)
}

// Revise writes the next revision of a record that was read at v's revision, and its entry.
// If somebody wrote meanwhile it fails with kind Conflict, code record.changed.
func (t *Table[T, P]) Revise(ctx context.Context, tx *ledger.Tx, kind string, v *T) error {
	r := P(v).Record()
	if err := t.end(ctx, tx, r); err != nil {
		return err
	}
	r.Rev++
	return t.write(ctx, tx, kind, v)
}

// Remove ends a record; its revisions stay readable as of the past.
func (t *Table[T, P]) Remove(ctx context.Context, tx *ledger.Tx, kind string, v *T) error {
	r := P(v).Record()
	if err := t.end(ctx, tx, r); err != nil {
		return err
	}
	tx.Append(kind, r.ID, r.Rev+1, []byte("null"))
	return nil
}

func (t *Table[T, P]) end(ctx context.Context, tx *ledger.Tx, r *Row) error {
	n, err := tx.Exec(ctx, `UPDATE `+t.Name+` SET until_idx = $1 WHERE id = $2 AND rev = $3 AND until_idx = $4`,
		tx.Next(), string(r.ID), r.Rev, store.OpenEnd)
	if err == nil && n == 0 {
		return isms.Errorf(isms.Conflict, "record.changed", "id", string(r.ID))
	}
	return err
}

func (t *Table[T, P]) write(ctx context.Context, tx *ledger.Tx, kind string, v *T) error {
	cols := t.cols(v)
	payload, err := t.canonical(cols)
	if err != nil {
		return err
	}
	r := P(v).Record()
	r.From, r.Until = tx.Append(kind, r.ID, r.Rev, payload), store.OpenEnd
	args := make([]any, 0, len(cols)+4)
	args = append(args, string(r.ID), r.Rev, r.From, r.Until)
	for _, c := range cols {
		a, err := c.arg()
		if err != nil {
			return err
		}
		args = append(args, a)
	}
	_, err = tx.Exec(ctx, t.insertText(), args...)
	if isms.CodeOf(err) == "store.constraint" {
		return isms.Errorf(isms.Conflict, "record.exists", "id", string(r.ID)).Because(err)
	}
	return err
}

func (t *Table[T, P]) insertText() string {
	return `INSERT INTO ` + t.Name + ` (id, rev, from_idx, until_idx` + comma(t.names) + `) VALUES ` + store.In(1, len(t.names)+4)
}

func comma(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", " + strings.Join(names, ", ")
}

// canonical is the payload of an entry: the columns by name, in RFC 8785 form.
func (t *Table[T, P]) canonical(cols []Column) ([]byte, error) {
	b := make([]byte, 0, 512)
	b = append(b, '{')
	for n, i := range t.sorted {
		if n > 0 {
			b = append(b, ',')
		}
		b = ledger.AppendString(b, cols[i].name)
		b = append(b, ':')
		var err error
		if b, err = cols[i].append(b); err != nil {
			return nil, fmt.Errorf("column %s.%s: %w", t.Name, cols[i].name, err)
		}
	}
	return append(b, '}'), nil
}

// Payload returns the canonical bytes that an entry for v carries.
func (t *Table[T, P]) Payload(v *T) ([]byte, error) { return t.canonical(t.cols(v)) }

// Parse reads a record back from the entry that wrote it. It takes only the canonical bytes
// that Payload makes; Until is not known to an entry and stays open.
func (t *Table[T, P]) Parse(e *ledger.Entry) (T, error) {
	var v T
	bad := func(err error) (T, error) {
		return v, isms.Errorf(isms.Invalid, "record.entry_unreadable", "id", string(e.Subject)).Because(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(e.Payload, &fields); err != nil {
		return bad(err)
	}
	cols := t.cols(&v)
	for i := range cols {
		if err := cols[i].parse(fields[cols[i].name]); err != nil {
			return bad(fmt.Errorf("column %s.%s: %w", t.Name, cols[i].name, err))
		}
	}
	again, err := t.canonical(cols)
	if err != nil || !bytes.Equal(again, e.Payload) || e.Subject.Prefix() != t.Prefix {
		return bad(errors.Join(err, errors.New("not what the table writes")))
	}
	*P(&v).Record() = Row{ID: e.Subject, Rev: e.Rev, From: e.Index, Until: store.OpenEnd}
	return v, nil
}

// Columns lists the SQL of a select over this table, for a room's own statements: scan with Scan.
func (t *Table[T, P]) Columns() string { return `id, rev, from_idx, until_idx` + comma(t.names) }

// Scan reads one row of a select over Columns.
func (t *Table[T, P]) Scan(rows *sql.Rows) (T, error) {
	var v T
	_, err := t.scanInto(rows, &v)
	return v, err
}

// scanInto reads a row into v and returns the columns with what they read.
func (t *Table[T, P]) scanInto(rows *sql.Rows, v *T) ([]Column, error) {
	r := P(v).Record()
	cols := t.cols(v)
	dest := make([]any, 0, len(cols)+4)
	dest = append(dest, (*string)(&r.ID), &r.Rev, &r.From, &r.Until)
	for i := range cols {
		dest = append(dest, cols[i].dest())
	}
	if err := rows.Scan(dest...); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	for i := range cols {
		if err := cols[i].finish(); err != nil {
			return nil, fmt.Errorf("read %s.%s of %s: %w", t.Name, cols[i].name, r.ID, err)
		}
	}
	return cols, nil
}

// Get returns a record as of the transaction's moment; kind NotFound if there is none.
func (t *Table[T, P]) Get(ctx context.Context, tx *store.Tx, id isms.ID) (T, error) {
	vs, err := t.Where(ctx, tx, `id = $2`, 1, string(id))
	if err == nil && len(vs) == 0 {
		var v T
		return v, isms.Errorf(isms.NotFound, "record.unknown", "id", string(id))
	}
	if err != nil {
		var v T
		return v, err
	}
	return vs[0], nil
}

// Where returns up to limit records as of the transaction's moment that satisfy a condition of
// the room's own, in order of id unless the condition says ORDER BY; its parameters start at $2.
func (t *Table[T, P]) Where(ctx context.Context, tx *store.Tx, cond string, limit int, args ...any) ([]T, error) {
	order := ` ORDER BY id`
	if strings.Contains(cond, `ORDER BY`) {
		order = ``
	}
	var out []T
	err := tx.Query(ctx, func(r *sql.Rows) error {
		v, err := t.Scan(r)
		out = append(out, v)
		return err
	}, `SELECT `+t.Columns()+` FROM `+t.Name+` WHERE from_idx <= $1 AND until_idx > $1 AND `+cond+order+fmt.Sprintf(` LIMIT %d`, limit),
		append([]any{tx.AsOf}, args...)...)
	return out, err
}

// Revision is one past or present state of a record with the entry that wrote it.
type Revision[T any] struct {
	Value T
	Entry *ledger.Entry
}

// History returns all revisions of a record, oldest first.
func (t *Table[T, P]) History(ctx context.Context, tx *store.Tx, id isms.ID) ([]Revision[T], error) {
	var out []Revision[T]
	err := tx.Query(ctx, func(r *sql.Rows) error {
		v, err := t.Scan(r)
		out = append(out, Revision[T]{Value: v})
		return err
	}, `SELECT `+t.Columns()+` FROM `+t.Name+` WHERE id = $1 AND from_idx <= $2 ORDER BY rev LIMIT 10000`, string(id), tx.AsOf)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Entry, err = ledger.Get(ctx, tx, P(&out[i].Value).Record().From); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Holds tells whether an id is one of this table's.
func (t *Table[T, P]) Holds(id isms.ID) bool { return id.Prefix() == t.Prefix }

// Erase drops every copy of a record's values: payloads and salts in the ledger and all its
// rows. That it existed, when it changed and who changed it stays, and the erasure is an entry.
func (t *Table[T, P]) Erase(ctx context.Context, tx *ledger.Tx, id isms.ID, why isms.Reason) error {
	n, err := tx.Exec(ctx, `DELETE FROM `+t.Name+` WHERE id = $1`, string(id))
	if err == nil && n == 0 {
		err = isms.Errorf(isms.NotFound, "record.unknown", "id", string(id))
	}
	return errors.Join(err, tx.Erase(ctx, id, why))
}
