package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"holdfast/internal/isms"
)

func openPool(ctx context.Context, dsn string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, isms.Errorf(isms.Invalid, "store.dsn_malformed").Because(err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10_000_000_000
	}
	cfg.RuntimeParams["application_name"] = "holdfast"
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(4)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(isms.Errorf(isms.Unavailable, "store.database_gone").Because(err), pool.Close())
	}
	return pool, nil
}

const identitySchema = `CREATE SCHEMA IF NOT EXISTS holdfast`

const identityTable = `CREATE TABLE IF NOT EXISTS holdfast.installation (one INT PRIMARY KEY CHECK (one = 1), identity TEXT NOT NULL)`

func readIdentityRow(ctx context.Context, pool *sql.DB) ([]byte, error) {
	for _, text := range []string{identitySchema, identityTable} {
		if _, err := pool.ExecContext(ctx, text); err != nil && !exists(err) {
			return nil, isms.Errorf(isms.Unavailable, "store.no_right_to_create").Because(err)
		}
	}
	var raw []byte
	err := pool.QueryRowContext(ctx, `SELECT identity FROM holdfast.installation WHERE one = 1`).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return raw, classify(err)
}

// writeIdentityRow keeps raw unless another server was first, and returns what is kept.
func writeIdentityRow(ctx context.Context, pool *sql.DB, raw []byte) ([]byte, error) {
	if _, err := pool.ExecContext(ctx, `INSERT INTO holdfast.installation VALUES (1, $1) ON CONFLICT DO NOTHING`, string(raw)); err != nil {
		return nil, classify(err)
	}
	return readIdentityRow(ctx, pool)
}

// openPostgres makes the schema and its role if they are missing.
func (db *DB) openPostgres(ctx context.Context, pool *sql.DB) error {
	db.read, db.write = pool, &writer{}
	db.schema, db.role = string(db.Name), "hf_"+string(db.Name)
	var have bool
	err := pool.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM information_schema.schemata WHERE schema_name = $1)
		OR EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, db.schema).Scan(&have)
	if err != nil || have {
		return classify(err)
	}
	inherit := ""
	var version int
	if err := pool.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return classify(err)
	}
	if version >= 160000 {
		inherit = " WITH INHERIT FALSE, SET TRUE"
	}
	for _, text := range []string{
		// Without this the login role would hold every organisation's rights at once.
		`ALTER ROLE CURRENT_USER NOINHERIT`,
		`CREATE ROLE ` + db.role + ` NOLOGIN`,
		`GRANT ` + db.role + ` TO CURRENT_USER` + inherit,
		`CREATE SCHEMA ` + db.schema + ` AUTHORIZATION ` + db.role,
	} {
		if _, err := pool.ExecContext(ctx, text); err != nil && !exists(err) {
			return isms.Errorf(isms.Unavailable, "store.no_right_to_create").Because(fmt.Errorf("%s: %w", text, err))
		}
	}
	return nil
}

// assume takes the organisation's role and schema for this transaction alone.
func (db *DB) assume(ctx context.Context, run runner) error {
	rows, err := run.QueryContext(ctx, `SELECT set_config('role', $1, true), set_config('search_path', $2, true)`, db.role, db.schema)
	if err != nil {
		return classify(err)
	}
	return classify(rows.Close())
}

func (w *writer) beginPostgres(ctx context.Context, db *DB) (*WriteTx, error) {
	t, err := db.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, classify(err)
	}
	if err := db.assume(ctx, t); err != nil {
		return nil, errors.Join(err, t.Rollback())
	}
	tx := &WriteTx{Tx: Tx{AsOf: Now, db: db, run: t, write: true}}
	tx.end = func(_ context.Context, commit bool) error {
		if commit {
			return t.Commit()
		}
		return t.Rollback()
	}
	return tx, nil
}

// exists tells whether err only says that the thing is there already.
func exists(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "42P06", "42P07", "42710", "23505": // schema, table, object, unique row
		return true
	}
	return false
}
