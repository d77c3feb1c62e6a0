package ledger_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// payload is about 500 bytes, as a record's after-image is.
var payload = []byte(fmt.Sprintf(`{"words":"%0480d"}`, 7))

func writeOne(l *ledger.Log, n int64) error {
	return l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		tx.Append("test.written", isms.NewID("tst", tx.At), 1, payload)
		_, err := tx.Exec(ctx, `INSERT INTO remark (id, words) VALUES ($1, $2)`, fmt.Sprint(n), string(payload))
		return err
	})
}

func benchWriters(b *testing.B, e store.Engine, writers int) {
	l := openLog(b, housetest.Config(b, e))
	var n atomic.Int64
	b.SetParallelism(max(1, writers/2)) // times GOMAXPROCS
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := writeOne(l, n.Add(1)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

// A durable write of one row with its entry, encrypted on SQLite, by 256 writers that share commits.
func BenchmarkWriteSQLite256(b *testing.B)   { benchWriters(b, store.SQLite, 256) }
func BenchmarkWritePostgres256(b *testing.B) { benchWriters(b, store.Postgres, 256) }
func BenchmarkWriteSQLiteAlone(b *testing.B) {
	l := openLog(b, housetest.Config(b, store.SQLite))
	for n := int64(0); b.Loop(); n++ {
		if err := writeOne(l, n); err != nil {
			b.Fatal(err)
		}
	}
}

// The proof that one entry is in the log, built from tiles.
func BenchmarkProveEntry(b *testing.B) {
	l := openLog(b, housetest.Config(b, store.SQLite))
	const entries = 200_000
	for range entries / 1000 {
		if err := l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			for range 1000 {
				tx.Append("test.written", "tst_1", 1, payload[:40])
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	i := int64(0)
	for b.Loop() {
		i = (i + 7919) % entries
		if err := l.Read(ctx, func(tx *store.Tx) error {
			gs, err := ledger.Generations(ctx, tx)
			if err != nil {
				return err
			}
			_, err = ledger.ProveEntry(ctx, tx, gs[0], i, entries)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}
