package store

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// Schema is what a room brings to the databases that it lives in.
type Schema struct {
	// Room names the owner of the tables.
	Room string
	// Files holds the migrations as NNNN_name.sql, forward only and never edited after a release;
	// NNNN_name.sqlite.sql and NNNN_name.postgres.sql where one text cannot serve.
	Files fs.FS
	// Housekeeping names the tables whose rows need no entry: cursors, sessions, jobs, throttles.
	Housekeeping []string
}

type migration struct {
	room   string
	number int
	name   string
	text   string
}

var migrationName = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)(?:\.(sqlite|postgres))?\.sql$`)

// textType lets PostgreSQL sort text as SQLite does, byte by byte.
var textType = regexp.MustCompile(`\bTEXT\b`)

// keyType lets SQLite keep a table in the order of its whole-number key, without a second index.
var keyType = regexp.MustCompile(`\b(?:BIGINT|INT) PRIMARY KEY\b`)

func (s Schema) migrations(e Engine) ([]migration, error) {
	var out []migration
	names, err := fs.Glob(s.Files, "*/*.sql")
	if err != nil {
		return nil, err
	}
	for _, file := range names {
		m := migrationName.FindStringSubmatch(file[strings.LastIndexByte(file, '/')+1:])
		if m == nil {
			return nil, fmt.Errorf("store: %s: %s is no name of a migration", s.Room, file)
		}
		if m[3] != "" && m[3] != string(e) {
			continue
		}
		b, err := fs.ReadFile(s.Files, file)
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, err
		}
		text := string(b)
		if e == SQLite {
			text = keyType.ReplaceAllString(text, "INTEGER PRIMARY KEY")
		}
		if e == Postgres {
			text = textType.ReplaceAllString(text, `TEXT COLLATE "C"`)
		}
		out = append(out, migration{s.Room, n, m[2], text})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].number < out[j].number })
	for i, m := range out {
		if m.number != i+1 {
			return nil, fmt.Errorf("store: %s: migration %d is missing", s.Room, i+1)
		}
	}
	return out, nil
}

// Migrate brings the database to the given schemas, in their order, and learns which
// tables are housekeeping. A database from a newer Holdfast is refused.
func (db *DB) Migrate(ctx context.Context, schemas ...Schema) error {
	return db.MigrateTo(ctx, nil, schemas...)
}

// MigrateTo is Migrate as far as levels say for each room, for loading a dump of that age; nil is all.
func (db *DB) MigrateTo(ctx context.Context, levels map[string]int, schemas ...Schema) error {
	keep := map[string]bool{"migration": true, "if": true}
	for _, s := range schemas {
		for _, t := range s.Housekeeping {
			keep[t] = true
		}
	}
	db.write.housekeeping = keep
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	if err := db.migrate(ctx, tx, levels, schemas); err != nil {
		if rerr := tx.Rollback(ctx); rerr != nil {
			return fmt.Errorf("%w (and undoing it: %w)", err, rerr)
		}
		return err
	}
	return tx.Commit(ctx)
}

func (db *DB) migrate(ctx context.Context, tx *WriteTx, levels map[string]int, schemas []Schema) error {
	if err := tx.plain(ctx, `CREATE TABLE IF NOT EXISTS migration (room TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (room, number))`); err != nil {
		return err
	}
	if db.Engine == Postgres { // one server migrates at a time
		if err := tx.plain(ctx, `LOCK TABLE migration IN EXCLUSIVE MODE`); err != nil {
			return err
		}
	}
	for _, s := range schemas {
		ms, err := s.migrations(db.Engine)
		if err != nil {
			return err
		}
		var done int
		if err := tx.Row(ctx, []any{&done}, `SELECT COALESCE(MAX(number), 0) FROM migration WHERE room = $1`, s.Room); err != nil {
			return err
		}
		if done > len(ms) {
			return isms.Errorf(isms.Invalid, "store.from_newer", "room", s.Room)
		}
		for _, m := range ms[done:] {
			if levels != nil && m.number > levels[s.Room] {
				break
			}
			for _, text := range split(m.text) {
				if err := tx.plain(ctx, text); err != nil {
					return fmt.Errorf("migrate %s %04d_%s: %w", m.room, m.number, m.name, err)
				}
			}
			if _, err := tx.Exec(ctx, `INSERT INTO migration (room, number, name) VALUES ($1, $2, $3)`, m.room, m.number, m.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// split cuts a migration into statements at semicolons that end a line.
func split(text string) []string {
	var out []string
	for _, s := range strings.Split(text+"\n", ";\n") {
		lines := strings.Split(s, "\n")
		kept := lines[:0]
		for _, l := range lines {
			if !strings.HasPrefix(strings.TrimSpace(l), "--") {
				kept = append(kept, l)
			}
		}
		if s = strings.TrimSpace(strings.Join(kept, "\n")); s != "" {
			out = append(out, s)
		}
	}
	return out
}
