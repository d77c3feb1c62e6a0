package ledger_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// fill appends n entries with payloads of the given size, 1,024 to a commit.
func fill(t testing.TB, l *ledger.Log, clock *housetest.Clock, n, size int) {
	t.Helper()
	payload := fmt.Appendf(nil, `{"words":"%0*d"}`, max(size-12, 1), 1)
	for done := 0; done < n; {
		k := min(1024, n-done)
		clock.Pass(time.Second)
		must(t, l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			for range k {
				tx.Append("test.written", isms.NewID("tst", tx.At), 1, payload)
			}
			return nil
		}))
		done += k
	}
}

// cpu is the processor time that this process used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkVerify measures complete verification of a log in an encrypted database; the
// budget is 300,000 entries a second on two cores.
func BenchmarkVerify(b *testing.B) {
	for _, engine := range []store.Engine{store.SQLite, store.Postgres} {
		for _, size := range []int{200, 500} {
			b.Run(fmt.Sprintf("%s/%dB", engine, size), func(b *testing.B) {
				cfg := housetest.Config(b, engine)
				l := openLog(b, cfg)
				fill(b, l, cfg.Clock.(*housetest.Clock), 200_000, size)
				n, before := int64(0), cpu(b)
				b.ResetTimer()
				for b.Loop() {
					rep, err := ledger.Verify(ctx, l.DB, ledger.Trust{})
					must(b, err)
					if !rep.OK {
						b.Fatal(rep.Problems)
					}
					n += rep.Counts.Entries
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
				// Of a machine that others use too, this says what two idle cores would do: 2e6 divided by it.
				b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(n), "cpu-µs/entry")
			})
		}
	}
}
