// Package organisation puts the rooms of one organisation together and keeps what reacts
// there running: the looking, the judging, the sealing of days. Doors ask it for an
// organisation and call the rooms' verbs.
//
// Floor 3.
package organisation

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
)

// Schemas are what the rooms keep in each organisation's database.
var Schemas = []store.Schema{schedule.Schema, policy.Schema, evidence.Schema, control.Schema}

// Organisation is one organisation with its rooms.
type Organisation struct {
	Record   instance.Organisation
	Log      *ledger.Log
	Policy   *policy.Room
	Evidence *evidence.Room
	Control  *control.Room

	jobs   *schedule.Runner
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// House holds the organisations of an installation that are at work.
type House struct {
	in     *instance.Instance
	probes []probe.Probe
	errs   *slog.Logger
	quiet  bool

	mu   sync.Mutex // guards open
	open map[isms.ID]*Organisation
}

// Config says how organisations work here.
type Config struct {
	// Probes are what the built-in agent can look with.
	Probes []probe.Probe
	// Errors receives what goes wrong in the background. Nil: the default logger.
	Errors *slog.Logger
	// Quiet opens rooms without anything running in the background: for commands.
	Quiet bool
}

// New makes a house without opening anything.
func New(in *instance.Instance, cfg Config) *House {
	if cfg.Errors == nil {
		cfg.Errors = slog.Default()
	}
	return &House{in: in, probes: cfg.Probes, errs: cfg.Errors, quiet: cfg.Quiet, open: map[isms.ID]*Organisation{}}
}

// Start opens every active organisation, so that what was promised is looked at even if nobody asks.
func (h *House) Start(ctx context.Context) error {
	list, err := h.in.List(ctx)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.State != "active" {
			continue
		}
		if _, err := h.Get(ctx, o.ID); err != nil {
			// One organisation that cannot be opened must not keep the others closed.
			h.errs.Error("open organisation", "organisation", o.ID, "err", err)
		}
	}
	return nil
}

// Get returns an organisation at work.
func (h *House) Get(ctx context.Context, id isms.ID) (*Organisation, error) {
	rec, err := h.in.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if o := h.open[id]; o != nil && o.Record.Rev == rec.Rev {
		return o, nil
	} else if o != nil { // its zone may have changed
		o.stop()
		delete(h.open, id)
	}
	o, err := h.assemble(ctx, rec)
	if err != nil {
		return nil, err
	}
	h.open[id] = o
	return o, nil
}

func (h *House) assemble(ctx context.Context, rec instance.Organisation) (*Organisation, error) {
	log, err := h.in.Organisation(ctx, rec.ID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(rec.Zone)
	if err != nil {
		return nil, isms.Errorf(isms.Invalid, "organisation.zone_unknown", "zone", rec.Zone).Because(err)
	}
	o := &Organisation{Record: rec, Log: log, Policy: &policy.Room{Log: log, Zone: zone}, Control: &control.Room{Log: log, Zone: zone}}
	if first, err := h.operators(ctx, rec.ID); err != nil {
		return nil, err
	} else if first {
		if o.Control.Host, err = os.Hostname(); err != nil {
			return nil, err
		}
	}
	o.Evidence = &evidence.Room{Log: log, Judge: o.Control.Judge, Duty: o.Control.Duty}
	if h.quiet {
		return o, nil
	}
	return o, h.run(o)
}

// operators tells whether an organisation is the operator's own: the first that was made here.
// Facts about the server's host are nobody else's business.
func (h *House) operators(ctx context.Context, id isms.ID) (bool, error) {
	list, err := h.in.List(ctx)
	if err != nil {
		return false, err
	}
	for _, o := range list {
		if o.ID < id {
			return false, nil
		}
	}
	return true, nil
}

// run starts what reacts in an organisation.
func (h *House) run(o *Organisation) error {
	ctx, cancel := context.WithCancel(context.Background())
	runner := &evidence.Runner{Room: o.Evidence, Probes: h.probes, Plan: o.Control.Plan}
	jobs, err := schedule.Start(ctx, o.Log, runner.Job(), o.Control.Job(), o.Policy.Job())
	if err != nil {
		cancel()
		return err
	}
	o.cancel, o.jobs = cancel, jobs
	o.done.Go(func() { o.Control.Loop(ctx, h.errs) })
	if o.Log.DB.Engine == store.Postgres {
		o.done.Go(func() { h.follow(ctx, o) })
	}
	return nil
}

// headPoll is how soon one server process sees what another wrote.
const headPoll = 400 * time.Millisecond

func (h *House) follow(ctx context.Context, o *Organisation) {
	tick := time.NewTicker(headPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := o.Log.Refresh(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
			h.errs.Error("look at the head", "organisation", o.Record.ID, "err", err)
		}
	}
}

func (o *Organisation) stop() {
	if o.cancel == nil {
		return
	}
	o.cancel()
	o.jobs.Stop()
	o.done.Wait()
}

// LookNow makes the built-in agent look at what is due at once.
func (o *Organisation) LookNow(ctx context.Context) error {
	if o.jobs == nil {
		return nil
	}
	return o.jobs.Hasten(ctx, "evidence.look")
}

// Stop ends everything that runs.
func (h *House) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, o := range h.open {
		o.stop()
		delete(h.open, id)
	}
}
