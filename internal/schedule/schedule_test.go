package schedule_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
)

func TestMain(m *testing.M) { housetest.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAJobIsDoneOnceByWhoeverIsThere(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		ctx := context.Background()
		clock := cfg.Clock.(*housetest.Clock)
		processes := 1
		if cfg.Postgres != "" {
			processes = 2
		}
		var done atomic.Int64
		ran := make(chan struct{}, 100)
		var runners []*schedule.Runner
		var log *ledger.Log
		for range processes {
			in, err := instance.Open(ctx, instance.Config{Config: cfg, Instance: []store.Schema{schedule.Schema}})
			must(t, err)
			log = in.Log
			t.Cleanup(func() { must(t, in.Close()) })
			r, err := schedule.Start(ctx, in.Log, schedule.Job{Name: "count", Every: time.Hour, Do: func(context.Context) (isms.Instant, error) {
				if done.Add(1); done.Load() == 2 {
					ran <- struct{}{}
					return 0, errors.New("second time fails")
				}
				ran <- struct{}{}
				return 0, nil
			}})
			must(t, err)
			t.Cleanup(r.Stop)
			runners = append(runners, r)
		}
		wake := func() {
			for _, r := range runners {
				r.Wake()
			}
		}
		// settled waits until the last run is written down, so that time may move on.
		settled := func(at isms.Instant) {
			for {
				var st []schedule.State
				must(t, log.Read(ctx, func(tx *store.Tx) (err error) { st, err = schedule.States(ctx, tx); return err }))
				if st[0].DoneAt >= at {
					return
				}
				select {
				case <-ran:
				case <-time.After(5 * time.Millisecond):
					wake()
				}
			}
		}
		settled(clock.Now())
		clock.Pass(59 * time.Minute)
		wake()
		clock.Pass(2 * time.Minute)
		settled(clock.Now())
		if n := done.Load(); n != 2 {
			t.Fatalf("done %d times in two hours", n)
		}
		// What failed is tried again soon, not after the whole period.
		clock.Pass(61 * time.Second)
		settled(clock.Now())
		if n := done.Load(); n != 3 {
			t.Fatalf("done %d times after a failure and a minute", n)
		}
	})
}
