package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	_ "github.com/ncruces/go-sqlite3/vfs/xts" // AES-256-XTS pages

	"holdfast/internal/isms"
)

// dsn opens file encrypted under the database's page key, durable at each commit.
func (db *DB) dsn(file, mode string) string {
	key := append(db.Secret("sqlite pages 1"), db.Secret("sqlite pages 2")...)
	q := url.Values{"vfs": {"xts"}, "_txlock": {"immediate"}}
	if mode != "" {
		q.Set("mode", mode)
	}
	for _, p := range []string{
		"hexkey('" + hexKey(key) + "')", "busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)",
		"temp_store(memory)", "foreign_keys(on)", "secure_delete(on)", "trusted_schema(off)", "cache_size(-4000)",
	} {
		q.Add("_pragma", p)
	}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
}

func (db *DB) openSQLite(ctx context.Context, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	db.path = file
	w, err := driver.Open(db.dsn(file, ""), checksums)
	if err != nil {
		return err
	}
	w.SetMaxOpenConns(1)
	db.write = &writer{pool: w}
	if db.write.conn, err = w.Conn(ctx); err != nil {
		return errors.Join(classify(err), w.Close())
	}
	if err := os.Chmod(file, 0o600); err != nil {
		return errors.Join(err, db.write.close())
	}
	if db.write.file, err = os.Stat(file); err != nil {
		return errors.Join(err, db.write.close())
	}
	if db.read, err = driver.Open(db.dsn(file, ""), queryOnly); err != nil {
		return errors.Join(err, db.write.close())
	}
	db.read.SetMaxOpenConns(8)
	db.read.SetMaxIdleConns(2)
	return nil
}

// checksums gives a new database a checksum in every page: encryption alone would turn a changed
// byte into sixteen wrong ones and say nothing. A page that fails is reported as store.damaged.
func checksums(c *sqlite3.Conn) error {
	tables, _, err := c.Prepare(`SELECT 1 FROM sqlite_schema LIMIT 1`)
	if err != nil {
		return err
	}
	old := tables.Step()
	if err := errors.Join(tables.Err(), tables.Close()); err != nil || old {
		return err
	}
	return c.EnableChecksums("main")
}

func queryOnly(c *sqlite3.Conn) error { return c.Exec("PRAGMA query_only=on") }

// writer holds the one connection that writes, with its prepared statements.
type writer struct {
	pool         *sql.DB
	conn         *sql.Conn // SQLite: kept; PostgreSQL: nil, one is taken for each transaction
	prepared     map[string]*sql.Stmt
	statements   statements
	housekeeping map[string]bool
	file         os.FileInfo // SQLite: the file as it was opened
}

// samePlace refuses to write into a file that is no longer the one at its path: somebody put
// another data directory there while we were running.
func (w *writer) samePlace(path string) error {
	now, err := os.Stat(path)
	if err != nil || !os.SameFile(now, w.file) {
		return isms.Errorf(isms.Unavailable, "store.replaced").Because(err)
	}
	return nil
}

// maxPrepared bounds the statements kept prepared; the code has a few hundred texts.
const maxPrepared = 512

func (w *writer) begin(ctx context.Context, db *DB) (*WriteTx, error) {
	if db.Engine == Postgres {
		return w.beginPostgres(ctx, db)
	}
	if err := w.samePlace(db.path); err != nil {
		return nil, err
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, classify(err)
	}
	tx := &WriteTx{Tx: Tx{AsOf: Now, db: db, run: w, write: true}}
	tx.end = func(ctx context.Context, commit bool) error {
		if commit {
			_, err := w.conn.ExecContext(ctx, "COMMIT")
			return err
		}
		_, err := w.conn.ExecContext(ctx, "ROLLBACK")
		return err
	}
	return tx, nil
}

// ExecContext runs a statement prepared once.
func (w *writer) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	st, err := w.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// QueryContext runs a query prepared once.
func (w *writer) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	st, err := w.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (w *writer) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if st := w.prepared[text]; st != nil {
		return st, nil
	}
	if len(w.prepared) >= maxPrepared {
		if err := w.forget(); err != nil {
			return nil, err
		}
	}
	st, err := w.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %.80q: %w", text, err)
	}
	if w.prepared == nil {
		w.prepared = make(map[string]*sql.Stmt)
	}
	w.prepared[text] = st
	return st, nil
}

func (w *writer) forget() error {
	var errs []error
	for text, st := range w.prepared {
		errs = append(errs, st.Close())
		delete(w.prepared, text)
	}
	return errors.Join(errs...)
}

func (w *writer) close() error {
	if w == nil || w.conn == nil {
		return nil
	}
	err := errors.Join(w.forget(), w.conn.Close())
	if w.pool != nil {
		err = errors.Join(err, w.pool.Close())
	}
	w.conn = nil
	return err
}
