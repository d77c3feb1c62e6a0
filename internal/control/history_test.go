package control_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// One organisation is judged after every act, another only when all is over, a third now and
// then: all three have the same history, because staleness begins when a window ends and not
// when somebody looks. And what was recorded for a moment is what is derived as of it.
func TestHistoryIsTheSameHoweverLateItIsWritten(t *testing.T) {
	in, err := instance.Open(ctx, instance.Config{Config: housetest.Config(t, store.SQLite),
		Organisation: []store.Schema{schedule.Schema, policy.Schema, evidence.Schema, control.Schema}})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			houses := []*house{buildIn(t, in), buildIn(t, in), buildIn(t, in)}
			rnd := rand.New(rand.NewPCG(seed, 1))
			var moments []isms.Instant
			for step := range 30 {
				moments = append(moments, act(rnd, houses))
				for i, h := range houses {
					if i == 0 || i == 2 && step%7 == 3 {
						h.react()
					}
				}
			}
			want := houses[0].history()
			for _, h := range houses {
				h.react()
				if got := h.history(); !slices.Equal(got, want) {
					t.Fatalf("written late:\n%v\nwritten at once:\n%v", got, want)
				}
				h.verify()
			}
			for _, at := range moments {
				houses[1].derivedAsRecorded(at)
			}
		})
	}
}

// act does one random thing to all houses alike and returns the moment.
func act(rnd *rand.Rand, houses []*house) isms.Instant {
	houses[0].clock.Pass(time.Duration(1+rnd.IntN(int(100*time.Minute)))/1000*1000 + time.Microsecond)
	what, bad, late := rnd.IntN(10), rnd.IntN(3) == 0, time.Duration(rnd.IntN(90))*time.Minute
	for _, h := range houses {
		h.do(what, bad, late)
	}
	return houses[0].clock.Now()
}

func (h *house) do(what int, bad bool, late time.Duration) {
	h.t.Helper()
	if h.control.ID == "" {
		h.adopt()
		h.bind()
		h.Host = ""
		h.subjects = append(h.subjects, h.server("first"))
		h.declare()
	}
	last := h.subjects[len(h.subjects)-1]
	switch {
	case what == 0 && last.Retired == 0 && len(h.subjects) > 1:
		must(h.t, h.RetireSubject(ctx, h.ana(), last.ID, "Switched off."))
		h.subjects = h.subjects[:len(h.subjects)-1]
	case what == 1 && len(h.subjects) < 4:
		s, err := h.AddSubjects(ctx, h.ana(), []control.Subject{{Kind: probe.Host, Address: fmt.Sprint("host", h.clock.Now())}})
		must(h.t, err)
		h.subjects = append(h.subjects, s[0])
	case what == 2:
		e, err := h.Ask(ctx, h.ana(), control.Exception{Subjects: []isms.ID{last.ID}, Reason: "Old.", From: h.clock.Now().Add(late), Until: h.clock.Now().Add(late + 3*time.Hour)})
		must(h.t, err)
		must(h.t, h.Decide(ctx, h.boris(), e.ID, !bad, ""))
	case what == 3:
		h.declare()
	default:
		var seen []probe.Observation
		for i, s := range h.subjects {
			h.astray[s.Address], h.blind[s.Address] = bad && i == 0, what == 9 && i == len(h.subjects)-1
			o := clockProbe{h}.Look(ctx, probe.Subject{Address: s.Address, Kind: s.Kind, ID: s.ID}, nil)
			if what == 4 {
				o.Occurred = h.clock.Now().Add(-late)
			}
			seen = append(seen, o)
		}
		h.receive(seen)
	}
}

// history is the verdict's intervals in words.
func (h *house) history() (out []string) {
	h.t.Helper()
	h.see(func(tx *store.Tx) error {
		for _, about := range []isms.ID{h.words[0].Clause, h.control.ID} {
			all, _, err := control.Intervals(ctx, tx, about)
			if err != nil {
				return err
			}
			for _, i := range all {
				out = append(out, fmt.Sprint(about.Prefix(), " ", i.From, " ", i.Verdict))
			}
		}
		return nil
	})
	return out
}

// derivedAsRecorded derives the verdict on the promise as of a moment and compares.
func (h *house) derivedAsRecorded(at isms.Instant) {
	h.t.Helper()
	var recorded isms.Verdict
	h.see(func(tx *store.Tx) error {
		all, _, err := control.Intervals(ctx, tx, h.words[0].Clause)
		for _, i := range all {
			if i.From <= at {
				recorded = i.Verdict
			}
		}
		return err
	})
	must(h.t, h.Log.ReadAt(ctx, at, func(tx *store.Tx) error {
		in, _, err := control.Assemble(ctx, tx, h.words[0].ID, at, h.Zone)
		must(h.t, err)
		same(h.t, "derived as of "+at.String(), verdict.Derive(in).Verdict, recorded)
		b, err := in.Canonical() // what a bundle carries
		must(h.t, err)
		again, err := verdict.Parse(b)
		must(h.t, err)
		same(h.t, "derived from a bundle as of "+at.String(), verdict.Derive(again).Verdict, recorded)
		return nil
	}))
}

// Several processes may judge at a time: each change is written once.
func TestTwoServersJudgeOnce(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.bind()
		s := h.server("far away")
		h.declare()
		other := &control.Room{Log: h.Log, Zone: h.Zone}
		stop := make(chan struct{})
		var both sync.WaitGroup
		for _, room := range []*control.Room{h.Room, other} {
			both.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						if _, _, err := room.React(ctx); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		for n := range 20 {
			h.clock.Pass(time.Minute)
			h.astray[s.Address] = n%2 == 1
			h.receive([]probe.Observation{clockProbe{h}.Look(ctx, probe.Subject{ID: s.ID, Address: s.Address, Kind: s.Kind}, nil)})
		}
		close(stop)
		both.Wait()
		h.react()
		h.see(func(tx *store.Tx) error {
			for _, about := range []isms.ID{h.words[0].Clause, h.control.ID} {
				rows, err := control.Verdicts.Where(ctx, tx, `about = $2`, 10, string(about))
				must(t, err)
				same(t, "rows of "+about.Prefix(), len(rows), 1)
				all, _, err := control.Intervals(ctx, tx, about)
				must(t, err)
				for i := 1; i < len(all); i++ {
					if all[i].Verdict == all[i-1].Verdict {
						t.Errorf("%s: %s was written twice: %v", about, all[i].Verdict, all)
					}
				}
				if len(all) < 20 {
					t.Errorf("%s has %d intervals", about, len(all))
				}
			}
			return nil
		})
		same(t, "failures", h.failure().Relapses, 0)
		h.verify()
	})
}
