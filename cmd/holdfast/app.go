package main

import (
	"context"
	"errors"

	"holdfast/internal/evidence"
	"holdfast/internal/instance"
	"holdfast/internal/keep"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
)

// app is an opened installation with its rooms: what a server serves and a command acts on.
type app struct {
	config instance.Config
	in     *instance.Instance
	people *people.People
}

// openApp opens the installation that p names, or founds it.
func openApp(ctx context.Context, p place) (*app, error) {
	a := &app{config: p.config()}
	var err error
	if a.in, err = instance.Open(ctx, a.config); err != nil {
		return nil, err
	}
	if a.people, err = people.New(ctx, a.in.Log, people.Config{Origins: p.Origins}); err != nil {
		return nil, errors.Join(err, a.in.Close())
	}
	return a, nil
}

func (a *app) close() error { return a.in.Close() }

func (p place) config() instance.Config {
	return instance.Config{
		Config:       store.Config{Dir: p.Data, Postgres: p.Database, KeyFile: p.KeyFile, Clock: clock()},
		Instance:     instanceSchemas(),
		Organisation: organisationSchemas(),
	}
}

// instanceSchemas are the rooms that keep something in the instance's database.
func instanceSchemas() []store.Schema {
	return []store.Schema{people.Schema, schedule.Schema, keep.Schema}
}

// organisationSchemas are the rooms that keep something in each organisation's database.
func organisationSchemas() []store.Schema {
	return []store.Schema{schedule.Schema, policy.Schema, evidence.Schema}
}
