package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"holdfast/internal/isms"
)

// Now is the ledger index that stands for the present: versioned rows that are
// current reach beyond it.
const Now int64 = 1<<63 - 2

// Open ended: the until_idx of a current row.
const OpenEnd int64 = 1<<63 - 1

// runner is what a transaction needs of a connection.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tx is a transaction on one database. SQL is written once, in the common subset,
// with $1, $2 ... as parameters; versioned rows are read with
// "from_idx <= $n AND until_idx > $n" and AsOf.
type Tx struct {
	// AsOf is the ledger index at which versioned rows are read: Now, or one of the past.
	AsOf int64

	db    *DB
	run   runner
	wrote bool // a domain row was written since Mark
	write bool
}

// Engine tells which engine runs beneath; only store, ledger and schedule may branch on it.
func (tx *Tx) Engine() Engine { return tx.db.Engine }

// DB returns the database that the transaction is on.
func (tx *Tx) DB() *DB { return tx.db }

// Exec runs a statement and returns the number of rows it touched.
func (tx *Tx) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	st := tx.db.statement(text)
	if st.table != "" {
		if !tx.write {
			return 0, fmt.Errorf("store: write to %s outside ledger.Write", st.table)
		}
		if !tx.db.write.housekeeping[st.table] {
			tx.wrote = true
		}
	}
	res, err := tx.run.ExecContext(ctx, st.text, args...)
	if err != nil {
		return 0, classify(err)
	}
	n, err := res.RowsAffected()
	return n, classify(err)
}

// Query runs a statement and hands each row to scan. It closes the rows whatever happens.
func (tx *Tx) Query(ctx context.Context, scan func(*sql.Rows) error, text string, args ...any) (err error) {
	rows, err := tx.run.QueryContext(ctx, tx.db.statement(text).text, args...)
	if err != nil {
		return classify(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return classify(rows.Err())
}

// ErrNoRow says that Row found nothing.
var ErrNoRow = errors.New("store: no such row")

// Row reads one row into dest; ErrNoRow if there is none.
func (tx *Tx) Row(ctx context.Context, dest []any, text string, args ...any) error {
	found := false
	err := tx.Query(ctx, func(r *sql.Rows) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(dest...)
	}, text, args...)
	if err == nil && !found {
		return ErrNoRow
	}
	return err
}

// Mark forgets what was written so far; Wrote tells whether a domain row was written since.
func (tx *Tx) Mark() { tx.wrote = false }

// Wrote tells whether a row of a domain table was written since Mark.
func (tx *Tx) Wrote() bool { return tx.wrote }

// In writes a parameter list "($n, $n+1, ...)" for count values beginning at $first.
func In(first, count int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range count {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	b.WriteByte(')')
	return b.String()
}

// statement is what we know of an SQL text: its form for the engine and the table it writes.
type statement struct{ text, table string }

// statements remembers the analysed texts of one engine; texts are constants of the code.
type statements struct{ m sync.Map }

var (
	placeholder = regexp.MustCompile(`\$(\d+)`)
	writing     = regexp.MustCompile(`(?is)^\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|CREATE\s+\w+|DROP\s+\w+|ALTER\s+\w+)\s+([a-z_0-9]+)`)
)

func (db *DB) statement(text string) statement {
	if v, ok := db.write.statements.m.Load(text); ok {
		return v.(statement)
	}
	st := statement{text: text}
	if db.Engine == SQLite {
		st.text = placeholder.ReplaceAllString(text, "?$1")
	}
	if m := writing.FindStringSubmatch(text); m != nil {
		if st.table = strings.ToLower(m[1]); strings.HasPrefix(strings.ToUpper(strings.TrimSpace(text)), "WITH") && !changes.MatchString(text) {
			st.table = ""
		}
	}
	db.write.statements.m.Store(text, st)
	return st
}

var changes = regexp.MustCompile(`(?i)\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\b`)

// Read runs fn in a read transaction that sees one moment.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error { return db.ReadAt(ctx, Now, fn) }

// ReadAt is Read with versioned rows as of the given ledger index.
func (db *DB) ReadAt(ctx context.Context, asOf int64, fn func(*Tx) error) (err error) {
	t, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: db.readIsolation()})
	if err != nil {
		return classify(err)
	}
	defer func() {
		if rerr := t.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) && err == nil && ctx.Err() == nil {
			err = classify(rerr)
		}
	}()
	if db.Engine == Postgres {
		if err := db.assume(ctx, t); err != nil {
			return err
		}
	}
	return fn(&Tx{AsOf: asOf, db: db, run: t})
}

func (db *DB) readIsolation() sql.IsolationLevel {
	if db.Engine == Postgres {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

// WriteTx is a write transaction. Only the ledger opens one.
type WriteTx struct {
	Tx
	end func(ctx context.Context, commit bool) error
}

// Begin opens a write transaction; the caller ends it with Commit or Rollback.
func (db *DB) Begin(ctx context.Context) (*WriteTx, error) { return db.write.begin(ctx, db) }

// Commit makes the transaction durable.
func (tx *WriteTx) Commit(ctx context.Context) error { return classify(tx.end(ctx, true)) }

// Rollback undoes it.
func (tx *WriteTx) Rollback(ctx context.Context) error { return classify(tx.end(ctx, false)) }

// Savepoint opens an inner scope that can be undone alone.
func (tx *WriteTx) Savepoint(ctx context.Context) error { return tx.plain(ctx, "SAVEPOINT hf") }

// Release keeps what was done since Savepoint.
func (tx *WriteTx) Release(ctx context.Context) error { return tx.plain(ctx, "RELEASE SAVEPOINT hf") }

// Undo undoes what was done since Savepoint.
func (tx *WriteTx) Undo(ctx context.Context) error {
	if err := tx.plain(ctx, "ROLLBACK TO SAVEPOINT hf"); err != nil {
		return err
	}
	return tx.Release(ctx)
}

func (tx *WriteTx) plain(ctx context.Context, text string) error {
	_, err := tx.run.ExecContext(ctx, text)
	return classify(err)
}

// Retriable tells whether doing the same again may succeed: somebody else was faster.
func Retriable(err error) bool { return isms.CodeOf(err) == "store.busy" }
