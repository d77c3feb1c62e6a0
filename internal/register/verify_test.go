package register_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

func TestMain(m *testing.M) { housetest.Main(m) }

var ctx = context.Background()

// asset has a column of every kind.
type asset struct {
	register.Row
	Name   string
	State  string
	Owner  isms.ID
	Count  int64
	Secret bool
	Bought isms.Instant
	Day    isms.Date
	Every  isms.Period
	Tags   []string
}

var assets = register.Declare("asset", "ast", func(a *asset) []register.Column {
	return []register.Column{
		register.Text("name", &a.Name), register.State("state", &a.State), register.Ref("owner", &a.Owner), register.Int("count", &a.Count),
		register.Bool("secret", &a.Secret), register.Instant("bought", &a.Bought), register.Date("day", &a.Day), register.Period("every", &a.Every), register.JSON("tags", &a.Tags),
	}
})

var schema = store.Schema{Room: "test", Files: fstest.MapFS{"m/0001_asset.sql": {Data: []byte(`CREATE TABLE asset (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  name TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL, count BIGINT NOT NULL, secret BOOLEAN NOT NULL, bought BIGINT NOT NULL,
  day TEXT NOT NULL, every TEXT NOT NULL, tags TEXT NOT NULL, PRIMARY KEY (id, rev)
);`)}}}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openLog(t *testing.T, cfg store.Config) *ledger.Log {
	t.Helper()
	s := housetest.OpenStore(t, cfg)
	skey, vkey, err := note.GenerateKey(rand.Reader, "test.log")
	must(t, err)
	must(t, s.Instance().Migrate(ctx, store.FilesSchema, ledger.Schema, schema))
	l, err := ledger.Open(ctx, s.Instance(), ledger.Options{Origin: "test.log", SigningKey: skey, VerifierKey: vkey, Clock: cfg.Clock})
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	return l
}

// stocked has records revised, removed and erased.
func stocked(t *testing.T, l *ledger.Log) (live isms.ID) {
	t.Helper()
	must(t, l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		for i := range 6 {
			a := asset{Name: fmt.Sprint("server ", i), State: "used", Count: 3, Bought: 17, Day: "2026-11-02", Every: isms.Period{Months: 3}, Tags: []string{"a", "b"}}
			if err := assets.Add(ctx, tx, "asset.added", &a); err != nil {
				return err
			}
			a.Count = 4
			if err := assets.Revise(ctx, tx, "asset.revised", &a); err != nil {
				return err
			}
			switch i {
			case 0:
				live = a.ID
				tx.Append("asset.looked_at", a.ID, 0, []byte(`{}`))
			case 1:
				if err := assets.Remove(ctx, tx, "asset.removed", &a); err != nil {
					return err
				}
			case 2:
				if err := assets.Erase(ctx, tx, a.ID, isms.Because("request")); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	return live
}

func check(t *testing.T, l *ledger.Log) *ledger.Report {
	t.Helper()
	rep := &ledger.Report{OK: true}
	must(t, l.Read(ctx, func(tx *store.Tx) error { return register.Verify(ctx, tx, rep, assets) }))
	return rep
}

// TestARowThatIsNotItsEntryIsNamed changes each column of a row in turn.
func TestARowThatIsNotItsEntryIsNamed(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := openLog(t, cfg)
		live := stocked(t, l)
		if rep := check(t, l); !rep.OK || rep.Counts.Rows != 10 {
			t.Fatalf("%d rows: %v", rep.Counts.Rows, rep.Problems)
		}
		raw := func(text string, args ...any) {
			t.Helper()
			tx, err := l.DB.Begin(ctx)
			must(t, err)
			if _, err := tx.Exec(ctx, text, args...); err != nil {
				t.Fatal(errors.Join(err, tx.Rollback(ctx)))
			}
			must(t, tx.Commit(ctx))
		}
		for _, c := range []struct{ column, value, code string }{
			{"name", `'Server 0'`, "verify.row_changed"}, {"state", `'usee'`, "verify.row_changed"}, {"owner", `'x'`, "verify.row_changed"},
			{"count", `5`, "verify.row_changed"}, {"secret", `true`, "verify.row_changed"}, {"bought", `18`, "verify.row_changed"},
			{"day", `'2026-11-03'`, "verify.row_changed"}, {"every", `'P4M'`, "verify.row_changed"}, {"every", `'P?'`, "verify.row_unreadable"},
			{"tags", `'["a"]'`, "verify.row_changed"}, {"tags", `'["a", "b"]'`, "verify.row_changed"},
			{"from_idx", `0`, "verify.row_without_entry verify.row_missing"}, {"rev", `9`, "verify.row_without_entry verify.row_missing"},
			{"until_idx", `10`, "verify.row_ends_elsewhere"}, {"id", `'ast_x'`, "verify.row_without_entry verify.row_missing"},
		} {
			raw(`CREATE TABLE kept AS SELECT * FROM asset`)
			raw(`UPDATE asset SET `+c.column+` = `+c.value+` WHERE id = $1 AND rev = 2`, string(live))
			rep := check(t, l)
			if got := strings.Join(rep.Codes(), " "); !same(got, c.code) {
				t.Errorf("%s = %s: %q, want %q: %v", c.column, c.value, got, c.code, rep.Problems)
			}
			raw(`DELETE FROM asset`)
			raw(`INSERT INTO asset SELECT * FROM kept`)
			raw(`DROP TABLE kept`)
		}
		raw(`DELETE FROM asset WHERE id = $1 AND rev = 1`, string(live))
		if got := strings.Join(check(t, l).Codes(), " "); got != "verify.row_missing" {
			t.Errorf("row deleted: %q", got)
		}
	})
}

// same compares lists of words in any order.
func same(a, b string) bool {
	for _, w := range strings.Fields(b) {
		if !strings.Contains(a, w) {
			return false
		}
	}
	return len(strings.Fields(a)) == len(strings.Fields(b))
}

func TestAChangedOrMissingFileIsNamed(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	cfg.Clock.(*housetest.Clock).Pass(time.Hour)
	l := openLog(t, cfg)
	digest, size, err := l.DB.PutFile(ctx, bytes.NewReader(bytes.Repeat([]byte("evidence "), 20_000)))
	must(t, err)
	must(t, l.Write(ctx, isms.System, func(tx *ledger.Tx) error { return tx.UseFile(ctx, digest, "ast_1", size) }))
	files := func() *ledger.Report {
		rep := &ledger.Report{OK: true}
		must(t, register.Files(ctx, l.DB, rep))
		return rep
	}
	if rep := files(); !rep.OK || rep.Counts.Files != 1 {
		t.Fatal(rep.Problems)
	}
	var path string
	must(t, filepath.WalkDir(l.DB.FilesDir(), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			path = p
		}
		return err
	}))
	b, err := os.ReadFile(path)
	must(t, err)
	for _, at := range []int{0, 1, len(b) / 2, len(b) - 1} {
		b[at] ^= 1
		must(t, os.WriteFile(path, b, 0o600))
		if rep := files(); strings.Join(rep.Codes(), " ") != "verify.file_changed" {
			t.Errorf("byte %d: %v", at, rep.Problems)
		}
		b[at] ^= 1
	}
	must(t, os.Remove(path))
	if rep := files(); strings.Join(rep.Codes(), " ") != "verify.file_missing" {
		t.Errorf("removed: %v", rep.Problems)
	}
}
