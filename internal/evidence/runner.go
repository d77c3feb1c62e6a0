package evidence

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"sync"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

// Task is one look that is due: a probe at a subject.
type Task struct {
	Probe   string
	Subject probe.Subject
	Params  probe.Params
}

// Runner is the built-in agent: it looks when a look is due, and hands in what it saw as any
// agent does, as signed batches. One runs for each organisation.
type Runner struct {
	Room   *Room
	Probes []probe.Probe
	// Plan says which looks are due at a moment and when the next one will be (zero: never).
	Plan func(ctx context.Context, tx *store.Tx, at isms.Instant) (due []Task, next isms.Instant, err error)
	// Parallel is how many looks run at a time. Zero: eight.
	Parallel int
	// Timeout ends a look. Zero: a minute.
	Timeout time.Duration
	// Errors takes what went wrong in Loop. Nil: the default logger.
	Errors *slog.Logger

	agent    Agent
	key      ed25519.PrivateKey
	epoch    int64
	sequence int64
}

// perBatch bounds the observations of one batch of ours, so that one write stays short.
const perBatch = 500

// Round looks at everything that is due now and hands it in. It returns the number of looks
// and when the next is due (zero: nothing is planned).
func (r *Runner) Round(ctx context.Context) (looks int, next isms.Instant, err error) {
	var due []Task
	err = r.Room.Log.Read(ctx, func(tx *store.Tx) (err error) {
		due, next, err = r.Plan(ctx, tx, r.Room.Log.Clock.Now())
		return err
	})
	for err == nil && len(due) > 0 {
		n := min(len(due), perBatch)
		seen := r.look(ctx, due[:n])
		if err = ctx.Err(); err == nil { // looks that were cut off say nothing
			err = r.handIn(ctx, seen)
			looks += n
		}
		due = due[n:]
	}
	return looks, next, err
}

// look runs the probes, several at a time, and keeps the order.
func (r *Runner) look(ctx context.Context, due []Task) []probe.Observation {
	byKey := map[string]probe.Probe{}
	for _, p := range r.Probes {
		byKey[p.Key()] = p
	}
	out := make([]probe.Observation, len(due))
	var wg sync.WaitGroup
	parallel := r.Parallel
	if parallel <= 0 {
		parallel = 8
	}
	slots := make(chan struct{}, parallel)
	for i, t := range due {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i] = r.one(ctx, byKey[t.Probe], t)
		})
	}
	wg.Wait()
	return out
}

func (r *Runner) one(ctx context.Context, p probe.Probe, t Task) probe.Observation {
	if p == nil {
		return probe.Observation{Check: t.Probe, Subject: t.Subject, Exit: -1, Facts: probe.Facts{}, Occurred: r.Room.Log.Clock.Now(),
			Error: &probe.CouldNot{Code: probe.ErrUnsupported, What: t.Probe}}
	}
	timeout := r.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.Look(ctx, t.Subject, t.Params)
}

// handIn seals a batch and receives it. When another life of this agent was faster, ours
// begins anew.
func (r *Runner) handIn(ctx context.Context, seen []probe.Observation) error {
	if r.key == nil {
		var err error
		if r.agent, r.key, err = r.Room.builtIn(ctx); err != nil {
			return err
		}
	}
	now := r.Room.Log.Clock.Now()
	if r.epoch == 0 {
		r.epoch, r.sequence = int64(now), 0
	}
	r.sequence++
	b, err := probe.Seal(r.key, wire.BatchHeader{Agent: r.agent.ID, Epoch: r.epoch, Sequence: r.sequence, Made: now}, seen)
	if err != nil {
		return err
	}
	raw, err := b.Encode()
	if err != nil {
		return err
	}
	_, err = r.Room.Receive(ctx, raw)
	if isms.CodeOf(err) == "evidence.rolled_back" {
		r.epoch = 0
	}
	return err
}

// Loop runs rounds until ctx ends: when a look is due, and when something was written that
// may have changed the plan.
func (r *Runner) Loop(ctx context.Context) {
	for ctx.Err() == nil {
		changed := r.Room.Log.Changed()
		looks, next, err := r.Round(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			r.logger().Error("looking", "err", err)
		}
		wait := maxPause
		if next != 0 {
			wait = min(max(next.Sub(r.Room.Log.Clock.Now()), minPause), maxPause)
		}
		if looks > 0 {
			changed = r.Room.Log.Changed() // what we wrote ourselves is no news
		}
		pause(ctx, wait, changed)
	}
}

// The shortest and the longest pause between two rounds.
const (
	minPause = time.Second
	maxPause = 15 * time.Second
)

// pause waits for the time, or a second after something changed, so that many changes make
// one round.
func pause(ctx context.Context, wait time.Duration, changed <-chan struct{}) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-changed:
		t.Reset(min(wait, minPause))
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

func (r *Runner) logger() *slog.Logger {
	if r.Errors == nil {
		return slog.Default()
	}
	return r.Errors
}
