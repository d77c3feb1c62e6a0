package ledger_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// notes is a domain of one table.
var notes = store.Schema{Room: "test", Files: fstest.MapFS{
	"m/0001_remark.sql": {Data: []byte(`CREATE TABLE remark (id TEXT PRIMARY KEY, words TEXT NOT NULL);`)},
}}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, l *ledger.Log) (n int) {
	t.Helper()
	must(t, l.Read(ctx, func(tx *store.Tx) error { return tx.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM remark`) }))
	return n
}

func rootOf(t *testing.T, note []byte) tlog.Hash {
	t.Helper()
	return isms.Must(tlog.ParseHash(strings.Split(string(note), "\n")[2]))
}
