package evidence_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

// BenchmarkReceive takes batches of 50 observations with ten facts each, from 32 agents at a time.
func BenchmarkReceive(b *testing.B) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			h := build(b, housetest.Config(b, e))
			agent, err := h.Enrol(ctx, h.ana(), "SAMPLE rack", key.Public().(ed25519.PublicKey))
			must(b, err)
			const items, facts = 50, 10
			raws := make([][]byte, b.N)
			for n := range raws {
				h.clock.Pass(time.Millisecond)
				seen := h.clocks(strings.Repeat(fmt.Sprintf("host%d ", n%200), items))
				for i := range seen {
					seen[i].Subject.ID += isms.ID(fmt.Sprint("_", i))
					for f := range facts - 1 {
						seen[i].Facts = append(seen[i].Facts, probe.Fact{Name: fmt.Sprint("x.", f), Type: probe.IntFact, Value: fmt.Sprint(n + f)})
					}
				}
				batch, err := probe.Seal(key, wire.BatchHeader{Agent: agent.ID, Epoch: 1, Sequence: int64(n + 1), Made: h.clock.Now()}, seen)
				must(b, err)
				raws[n] = isms.Must(batch.Encode())
			}
			b.ResetTimer()
			todo := make(chan []byte)
			done := make(chan error, 32)
			for range 32 {
				go func() {
					var failed error
					for raw := range todo {
						if _, err := h.Receive(ctx, raw); err != nil {
							failed = err
						}
					}
					done <- failed
				}()
			}
			for _, raw := range raws {
				todo <- raw
			}
			close(todo)
			for range 32 {
				must(b, <-done)
			}
			b.ReportMetric(float64(b.N*items*facts)/b.Elapsed().Seconds(), "facts/s")
		})
	}
}
