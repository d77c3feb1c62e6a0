package ledger_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

func TestMain(m *testing.M) { housetest.Main(m) }

var ctx = context.Background()

// openLog opens the instance's log of a fresh installation.
func openLog(t testing.TB, cfg store.Config) *ledger.Log {
	t.Helper()
	s := housetest.OpenStore(t, cfg)
	skey, vkey, err := note.GenerateKey(rand.Reader, "test.log")
	if err != nil {
		t.Fatal(err)
	}
	return openWith(t, s, cfg.Clock, skey, vkey)
}

func openWith(t testing.TB, s *store.Store, clock isms.Clock, skey, vkey string) *ledger.Log {
	t.Helper()
	if err := s.Instance().Migrate(ctx, ledger.Schema, notes); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(ctx, s.Instance(), ledger.Options{Origin: "test.log", SigningKey: skey, VerifierKey: vkey, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func write(l *ledger.Log, n int) error {
	return l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		id := isms.NewID("tst", tx.At)
		tx.Append("test.written", id, 1, []byte(fmt.Sprintf(`{"n":%d}`, n)))
		_, err := tx.Exec(ctx, `INSERT INTO remark (id, words) VALUES ($1, $2)`, string(id), fmt.Sprint(n))
		return err
	})
}

func TestRootIsTheTreeHashAtEverySize(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := openLog(t, cfg)
		var stored []tlog.Hash
		reader := tlog.HashReaderFunc(func(idx []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(idx))
			for i, x := range idx {
				out[i] = stored[x]
			}
			return out, nil
		})
		size := int64(0)
		for _, step := range []int{1, 1, 1, 5, 248, 1, 255, 256, 600} {
			var wg sync.WaitGroup
			for i := range step {
				wg.Go(func() {
					if err := write(l, i); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if err := l.Read(ctx, func(tx *store.Tx) error {
				for size < l.Head().Size {
					es, err := ledger.Range(ctx, tx, size, 100)
					if err != nil {
						return err
					}
					for _, e := range es {
						if e.Index != size || !e.Intact() {
							return fmt.Errorf("entry %d: gap or not intact", size)
						}
						hs, err := tlog.StoredHashes(size, e.Leaf(), reader)
						if err != nil {
							return err
						}
						stored = append(stored, hs...)
						size++
					}
				}
				want, err := tlog.TreeHash(size, reader)
				if err != nil {
					return err
				}
				if got := fmt.Sprintf("test.log/1\n%d\n%s\n", size, want); string(l.Head().Note[:len(got)]) != got {
					return fmt.Errorf("checkpoint at %d is\n%s, want\n%s", size, l.Head().Note, got)
				}
				g, err := ledger.Generations(ctx, tx)
				if err != nil {
					return err
				}
				for _, idx := range []int64{0, size / 2, size - 1} {
					p, err := ledger.ProveEntry(ctx, tx, g[0], idx, size)
					if err != nil {
						return fmt.Errorf("prove %d of %d: %w", idx, size, err)
					}
					e, err := ledger.Get(ctx, tx, idx)
					if err != nil {
						return err
					}
					if err := tlog.CheckRecord(p, size, want, idx, tlog.RecordHash(e.Leaf())); err != nil {
						return fmt.Errorf("entry %d of %d: %w", idx, size, err)
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAWriteWithoutEntryDoesNotCommit(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := openLog(t, cfg)
		silent := func(tx *ledger.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO remark (id, words) VALUES ('a', 'silent')`)
			return err
		}
		if err := l.Write(ctx, isms.System, silent); isms.CodeOf(err) != "ledger.silent_write" {
			t.Fatalf("got %v", err)
		}
		if err := l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			return l.Write(ctx, isms.System, silent)
		}); isms.CodeOf(err) != "ledger.closure_panicked" {
			t.Fatalf("nested write: %v", err)
		}
		if err := l.Read(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO remark (id, words) VALUES ('b', 'in a read')`)
			return err
		}); err == nil {
			t.Fatal("a read transaction wrote")
		}
		if n := count(t, l); n != 0 {
			t.Fatalf("%d rows were kept", n)
		}
	})
}

func TestOneFailureDoesNotSpoilTheBatch(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := openLog(t, cfg)
		bad := errors.New("no")
		var wg sync.WaitGroup
		var mu sync.Mutex
		good := 0
		for i := range 200 {
			wg.Go(func() {
				err := l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
					tx.Append("test.written", isms.NewID("tst", tx.At), 1, []byte(`{}`))
					if _, err := tx.Exec(ctx, `INSERT INTO remark (id, words) VALUES ($1, 'x')`, fmt.Sprint(i)); err != nil {
						return err
					}
					switch i % 5 {
					case 0:
						return bad
					case 1:
						_, err := tx.Exec(ctx, `INSERT INTO remark (id, words) VALUES ($1, 'twice')`, fmt.Sprint(i))
						return err
					case 2:
						panic("closure breaks")
					}
					return nil
				})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case i%5 == 0 && !errors.Is(err, bad), i%5 == 1 && isms.KindOf(err) != isms.Conflict,
					i%5 == 2 && isms.CodeOf(err) != "ledger.closure_panicked", i%5 > 2 && err != nil:
					t.Errorf("write %d: %v", i, err)
				}
				if err == nil {
					good++
				}
			})
		}
		wg.Wait()
		if n := count(t, l); n != good || int64(good) != l.Head().Size {
			t.Fatalf("%d rows, %d acknowledged, %d entries", n, good, l.Head().Size)
		}
	})
}

func TestTimeNeverGoesBack(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := openLog(t, cfg)
		clock := cfg.Clock.(*housetest.Clock)
		for _, d := range []time.Duration{0, time.Hour, -3 * time.Hour, time.Minute} {
			clock.Pass(d)
			if err := write(l, 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Read(ctx, func(tx *store.Tx) error {
			es, err := ledger.Range(ctx, tx, 0, 10)
			for i := 1; i < len(es); i++ {
				if es[i].At < es[i-1].At {
					t.Errorf("entry %d is recorded before entry %d", i, i-1)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTwoWritersShareOneLog(t *testing.T) {
	cfg := housetest.Config(t, store.Postgres)
	skey, vkey, err := note.GenerateKey(rand.Reader, "test.log")
	if err != nil {
		t.Fatal(err)
	}
	a := openWith(t, housetest.OpenStore(t, cfg), cfg.Clock, skey, vkey)
	b := openWith(t, housetest.OpenStore(t, cfg), cfg.Clock, skey, vkey)
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			l := a
			if i%2 == 1 {
				l = b
			}
			if err := write(l, i); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := a.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if n := count(t, a); n != 1000 || a.Head().Size != 1000 {
		t.Fatalf("%d rows and %d entries of 1000 acknowledged", n, a.Head().Size)
	}
}

func TestErasureKeepsTheRoot(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := openLog(t, cfg)
		var id isms.ID
		must(t, l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			id = isms.NewID("tst", tx.At)
			tx.Append("test.written", id, 1, []byte(`{"name":"Ana"}`))
			tx.Append("test.written", id, 2, []byte(`{"name":"Ana K."}`))
			return nil
		}))
		before := l.Head()
		must(t, l.Write(ctx, isms.System, func(tx *ledger.Tx) error { return tx.Erase(ctx, id, isms.Because("request")) }))
		must(t, l.Read(ctx, func(tx *store.Tx) error {
			es, err := ledger.History(ctx, tx, id, 10)
			if err != nil {
				return err
			}
			if len(es) != 3 || !es[0].Erased() || es[0].Payload != nil || !es[1].Erased() || es[2].Erased() || es[2].Rev != 3 || !es[0].Intact() {
				t.Errorf("after erasure: %+v", es)
			}
			gs, err := ledger.Generations(ctx, tx)
			if err != nil {
				return err
			}
			p, err := ledger.ProveGrowth(ctx, tx, gs[0], before.Size, l.Head().Size)
			if err != nil {
				return err
			}
			oldRoot, newRoot := rootOf(t, before.Note), rootOf(t, l.Head().Note)
			return tlog.CheckTree(p, l.Head().Size, newRoot, before.Size, oldRoot)
		}))
	})
}
