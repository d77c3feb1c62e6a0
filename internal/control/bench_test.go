package control_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/internal/control"
	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/probe"
	"holdfast/internal/store"
)

// BenchmarkOneOfManySubjectsTurns measures from a look received to the verdict written, for a
// promise about 10,000 subjects of which one turns.
func BenchmarkOneOfManySubjectsTurns(b *testing.B) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			h := build(b, housetest.Config(b, e))
			h.adopt()
			h.bind()
			const many = 10_000
			subjects := make([]control.Subject, many)
			for i := range subjects {
				subjects[i] = control.Subject{Kind: probe.Host, Address: fmt.Sprint("host", i)}
			}
			for i := 0; i < many; i += 1000 {
				_, err := h.AddSubjects(ctx, h.ana(), subjects[i:i+1000])
				must(b, err)
			}
			h.declare()
			h.Host = ""
			h.see(func(tx *store.Tx) error {
				members, err := control.Members(ctx, tx, &h.scope)
				for i := 0; err == nil && i < many; i += 1000 {
					var seen []probe.Observation
					for _, s := range members[i : i+1000] {
						seen = append(seen, clockProbe{h}.Look(ctx, probe.Subject{ID: s.ID, Address: s.Address, Kind: s.Kind}, nil))
					}
					h.receive(seen)
				}
				subjects = members
				return err
			})
			h.is(isms.Holding)
			b.ResetTimer()
			for n := range b.N {
				h.clock.Pass(time.Millisecond)
				s := subjects[0]
				h.astray[s.Address] = n%2 == 0
				h.receive([]probe.Observation{clockProbe{h}.Look(ctx, probe.Subject{ID: s.ID, Address: s.Address, Kind: s.Kind}, nil)})
				if n, _, err := h.React(ctx); err != nil || n == 0 {
					b.Fatal("nothing turned: ", err)
				}
			}
		})
	}
}
