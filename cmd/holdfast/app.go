package main

import (
	"context"
	"errors"
	"time"

	"holdfast/internal/api"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/keep"
	"holdfast/internal/ledger"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/probe"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
)

// app is an opened installation with its rooms: what a server serves and a command acts on.
type app struct {
	config instance.Config
	in     *instance.Instance
	people *people.People
	house  *organisation.House
	jobs   []*schedule.Runner // of the instance; none while nothing works in the background
}

// openApp opens the installation that p names, or founds it. Only a server works in the background.
func openApp(ctx context.Context, p place, serve bool) (*app, error) {
	a := &app{config: p.config()}
	var err error
	if a.in, err = instance.Open(ctx, a.config); err != nil {
		return nil, err
	}
	if a.people, err = people.New(ctx, a.in.Log, people.Config{Origins: p.Origins}); err != nil {
		return nil, errors.Join(err, a.in.Close())
	}
	probes := probe.Config{Clock: a.in.Clock, Machine: probe.Machine{DataPath: a.in.Store.Dir}}
	a.house = organisation.New(a.in, organisation.Config{Quiet: !serve, Probes: append(probe.HostProbes(probes), probe.EndpointProbes(probes)...)})
	return a, nil
}

// start lets the instance and the organisations work in the background, as a server does. Long work
// has a runner of its own, so that it holds up nothing.
func (a *app) start(ctx context.Context, c *upCmd) error {
	short := []schedule.Job{{Name: "people.sweep", Every: time.Hour,
		Do: func(ctx context.Context) (isms.Instant, error) { return 0, a.people.Sweep(ctx) }}}
	if c.Anchor != "" {
		anchor, err := ledger.NewAnchor(c.Anchor)
		if err != nil {
			return err
		}
		short = append(short, schedule.Job{Name: "ledger.anchor", Every: anchorEvery,
			Do: func(ctx context.Context) (isms.Instant, error) { return 0, a.anchor(ctx, anchor) }})
	}
	if err := a.run(ctx, short...); err != nil {
		return err
	}
	if c.Backups != "" {
		if err := a.run(ctx, schedule.Job{Name: "keep.daily", Every: 24 * time.Hour,
			Do: func(ctx context.Context) (isms.Instant, error) { return 0, keep.Daily(ctx, a.in, a.config, c.Backups) }}); err != nil {
			return err
		}
	}
	return a.house.Start(ctx)
}

// anchorEvery is how far behind an anchor may be.
const anchorEvery = 10 * time.Second

func (a *app) run(ctx context.Context, jobs ...schedule.Job) error {
	r, err := schedule.Start(ctx, a.in.Log, jobs...)
	if err == nil {
		a.jobs = append(a.jobs, r)
	}
	return err
}

// anchor writes the heads of all ledgers to the place outside.
func (a *app) anchor(ctx context.Context, to *ledger.Anchor) error {
	errs := []error{to.Step(ctx, a.in.Log)}
	list, err := a.in.List(ctx)
	errs = append(errs, err)
	for _, o := range list {
		log, err := a.in.Organisation(ctx, o.ID)
		if err == nil {
			err = to.Step(ctx, log)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (a *app) close() error {
	for _, r := range a.jobs {
		r.Stop()
	}
	a.house.Stop()
	return a.in.Close()
}

func (p place) config() instance.Config {
	return instance.Config{
		Config:       store.Config{Dir: p.Data, Postgres: p.Database, KeyFile: p.KeyFile, Clock: clock()},
		Instance:     instanceSchemas(),
		Organisation: organisationSchemas(),
	}
}

// instanceSchemas are the rooms that keep something in the instance's database.
func instanceSchemas() []store.Schema {
	return []store.Schema{people.Schema, schedule.Schema, keep.Schema, api.Schema}
}

// organisationSchemas are the rooms that keep something in each organisation's database.
func organisationSchemas() []store.Schema {
	return append([]store.Schema{api.Schema}, organisation.Schemas...)
}
