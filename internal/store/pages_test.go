package store_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"testing/fstest"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/store"
)

var words = store.Schema{Room: "test", Files: fstest.MapFS{"m/0001_words.sql": {Data: []byte("CREATE TABLE words (id TEXT PRIMARY KEY, words TEXT NOT NULL);\nCREATE INDEX words_words ON words (words);\n")}}}

// TestAChangedByteOfADatabaseFileIsNoticed changes bytes all over an encrypted file: also where a
// page holds nothing.
func TestAChangedByteOfADatabaseFileIsNoticed(t *testing.T) {
	ctx := context.Background()
	cfg := housetest.Config(t, store.SQLite)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(ctx, cfg)
	must(err)
	must(s.Instance().Migrate(ctx, words))
	tx, err := s.Instance().Begin(ctx)
	must(err)
	for i := range 300 {
		_, err := tx.Exec(ctx, `INSERT INTO words (id, words) VALUES ($1, $2)`, fmt.Sprint(i), fmt.Sprintf("%0200d", i))
		must(err)
	}
	must(tx.Commit(ctx))
	file := s.Instance().Path()
	must(s.Close())
	good, err := os.ReadFile(file)
	must(err)
	for at := 0; at < len(good); at += step(at, len(good)) {
		bad := append([]byte(nil), good...)
		bad[at] ^= 4
		must(os.WriteFile(file, bad, 0o600))
		s, err := store.Open(ctx, cfg)
		if err == nil {
			err = s.Instance().QuickCheck(ctx)
			must(s.Close())
		}
		if isms.CodeOf(err) != "store.damaged" {
			t.Errorf("byte %d of %d: %v", at, len(good), err)
		}
		_ = os.Remove(file + "-wal")
		_ = os.Remove(file + "-shm")
	}
}

// step goes through the file's header byte by byte and on in strides.
func step(at, size int) int {
	if at < 100 {
		return 3
	}
	return max(1, size/40)
}
