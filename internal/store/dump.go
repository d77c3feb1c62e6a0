package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// A dump is a database's rows in a form that both engines read: JSON lines, a line with the
// table's name and columns and then a line for each row. Backups, moves between engines and
// new data keys use it.

// column of a table as its engine describes it, reduced to what a dump needs.
type column struct {
	Name string `json:"name"`
	Type string `json:"type"` // text, int, bytes or bool
}

type tableHead struct {
	Table   string   `json:"table"`
	Columns []column `json:"columns"`
}

// Counts are rows by table.
type Counts map[string]int64

// Dump writes every table as this transaction sees it.
func (tx *Tx) Dump(ctx context.Context, w io.Writer) (Counts, error) {
	tables, err := tx.tables(ctx)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	counts := Counts{}
	for _, t := range tables {
		n, err := tx.dumpTable(ctx, out, t)
		if err != nil {
			return nil, fmt.Errorf("dump %s: %w", t.Table, err)
		}
		counts[t.Table] = n
	}
	return counts, out.Flush()
}

func (tx *Tx) dumpTable(ctx context.Context, out *bufio.Writer, t tableHead) (n int64, err error) {
	head, err := json.Marshal(t)
	if err != nil {
		return 0, err
	}
	if _, err := out.Write(append(head, '\n')); err != nil {
		return 0, err
	}
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	var line []byte
	err = tx.Query(ctx, func(r *sql.Rows) error {
		n++
		var err error
		if line, err = t.encode(line[:0], r); err != nil {
			return err
		}
		_, err = out.Write(append(line, '\n'))
		return err
	}, `SELECT `+strings.Join(names, ", ")+` FROM `+t.Table)
	return n, err
}

func (t tableHead) encode(b []byte, r *sql.Rows) ([]byte, error) {
	vals := t.holders()
	if err := r.Scan(vals...); err != nil {
		return nil, err
	}
	b = append(b, '[')
	for i, v := range vals {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := v.(type) {
		case *sql.NullInt64:
			if !v.Valid {
				b = append(b, "null"...)
			} else {
				b = strconv.AppendInt(b, v.Int64, 10)
			}
		case *sql.NullBool:
			if !v.Valid {
				b = append(b, "null"...)
			} else {
				b = strconv.AppendBool(b, v.Bool)
			}
		case *sql.NullString:
			if !v.Valid {
				b = append(b, "null"...)
				continue
			}
			s, err := json.Marshal(v.String)
			if err != nil {
				return nil, err
			}
			b = append(b, s...)
		case *[]byte:
			if *v == nil {
				b = append(b, "null"...)
				continue
			}
			b = append(b, '"')
			b = base64.StdEncoding.AppendEncode(b, *v)
			b = append(b, '"')
		}
	}
	return append(b, ']'), nil
}

func (t tableHead) holders() []any {
	out := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		switch c.Type {
		case "int":
			out[i] = new(sql.NullInt64)
		case "bool":
			out[i] = new(sql.NullBool)
		case "bytes":
			out[i] = new([]byte)
		default:
			out[i] = new(sql.NullString)
		}
	}
	return out
}

// tables lists tables and columns by name, alike on both engines.
func (tx *Tx) tables(ctx context.Context) ([]tableHead, error) {
	text := `SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.name`
	args := []any{}
	if tx.db.Engine == Postgres {
		text = `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, column_name`
		args = append(args, tx.db.schema)
	}
	var out []tableHead
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var table, name, typ string
		if err := r.Scan(&table, &name, &typ); err != nil {
			return err
		}
		kind, err := plainType(typ)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", table, name, err)
		}
		if len(out) == 0 || out[len(out)-1].Table != table {
			out = append(out, tableHead{Table: table})
		}
		last := &out[len(out)-1]
		last.Columns = append(last.Columns, column{name, kind})
		return nil
	}, text, args...)
	return out, err
}

func plainType(t string) (string, error) {
	switch strings.ToLower(t) {
	case "text", "character varying":
		return "text", nil
	case "bigint", "int", "integer", "smallint":
		return "int", nil
	case "bytea", "blob":
		return "bytes", nil
	case "boolean":
		return "bool", nil
	}
	return "", fmt.Errorf("store: type %q is not in the common subset", t)
}

// Applied returns how many migrations of each room a database has.
func (tx *Tx) Applied(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var room string
		var n int
		err := r.Scan(&room, &n)
		out[room] = n
		return err
	}, `SELECT room, MAX(number) FROM migration GROUP BY room`)
	return out, err
}

// Load fills a database that has the tables but no rows, and returns how many rows each got.
func (db *DB) Load(ctx context.Context, r io.Reader) (counts Counts, err error) {
	tx, err := db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback(ctx))
		}
	}()
	counts = Counts{}
	in := bufio.NewReaderSize(r, 256<<10)
	var head tableHead
	for {
		line, rerr := in.ReadBytes('\n')
		if errors.Is(rerr, io.EOF) && len(line) == 0 {
			return counts, tx.Commit(ctx)
		}
		if rerr != nil {
			return nil, isms.Errorf(isms.Invalid, "dump.cut_short").Because(rerr)
		}
		if line[0] == '{' {
			head = tableHead{}
			if err := json.Unmarshal(line, &head); err != nil {
				return nil, isms.Errorf(isms.Invalid, "dump.malformed").Because(err)
			}
			counts[head.Table] = 0
			if _, err := tx.Exec(ctx, `DELETE FROM `+head.Table); err != nil {
				return nil, err
			}
			continue
		}
		if err := tx.loadRow(ctx, head, line); err != nil {
			return nil, fmt.Errorf("load %s: %w", head.Table, err)
		}
		counts[head.Table]++
	}
}

func (tx *WriteTx) loadRow(ctx context.Context, head tableHead, line []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil || len(raw) != len(head.Columns) || head.Table == "" {
		return isms.Errorf(isms.Invalid, "dump.malformed").Because(err)
	}
	args := make([]any, len(raw))
	names := make([]string, len(raw))
	for i, c := range head.Columns {
		names[i] = c.Name
		if string(raw[i]) == "null" {
			continue
		}
		var err error
		if args[i], err = c.decode(raw[i]); err != nil {
			return isms.Errorf(isms.Invalid, "dump.malformed").Because(err)
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO `+head.Table+` (`+strings.Join(names, ", ")+`) VALUES `+In(1, len(args)), args...)
	return err
}

func (c column) decode(raw json.RawMessage) (any, error) {
	switch c.Type {
	case "int":
		return strconv.ParseInt(string(raw), 10, 64)
	case "bool":
		return strconv.ParseBool(string(raw))
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	if c.Type == "bytes" {
		return base64.StdEncoding.DecodeString(s)
	}
	return s, nil
}

// QuickCheck asks the engine whether its pages and indexes are sound.
func (db *DB) QuickCheck(ctx context.Context) error {
	if db.Engine == Postgres {
		return db.Read(ctx, func(tx *Tx) error { // reading every row makes PostgreSQL check its pages
			_, err := tx.Dump(ctx, io.Discard)
			return err
		})
	}
	return db.Read(ctx, func(tx *Tx) error {
		return tx.Query(ctx, func(r *sql.Rows) error {
			var s string
			if err := r.Scan(&s); err != nil {
				return err
			}
			if s != "ok" {
				return isms.Errorf(isms.Internal, "store.damaged").Because(errors.New(s))
			}
			return nil
		}, `PRAGMA integrity_check`)
	})
}
