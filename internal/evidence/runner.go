package evidence

import (
	"context"
	"crypto/ed25519"
	"sync"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/probe"
	"holdfast/internal/schedule"
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

// Job is the runner as recurring work: whichever server process holds it looks.
func (r *Runner) Job() schedule.Job {
	return schedule.Job{Name: "evidence.look", Every: pause, Do: func(ctx context.Context) (isms.Instant, error) {
		_, next, err := r.Round(ctx)
		if soon := r.Room.Log.Clock.Now().Add(pause); next == 0 || next > soon {
			next = soon // the plan may change meanwhile
		}
		return next, err
	}}
}

// pause is the longest time between two looks at the plan.
const pause = 15 * time.Second
