package main

import (
	"context"
	"errors"

	"holdfast/internal/instance"
	"holdfast/internal/store"
)

// app is an opened installation with its rooms: what a server serves and a command acts on.
type app struct {
	in *instance.Instance
}

// openApp opens the installation that p names, or founds it.
func openApp(ctx context.Context, p place) (*app, error) {
	in, err := instance.Open(ctx, instance.Config{
		Config:       store.Config{Dir: p.Data, Postgres: p.Database, KeyFile: p.KeyFile, Clock: clock()},
		Instance:     instanceSchemas(),
		Organisation: organisationSchemas(),
	})
	if err != nil {
		return nil, err
	}
	return &app{in: in}, nil
}

func (a *app) close() error { return errors.Join(a.in.Close()) }

// instanceSchemas are the rooms that keep something in the instance's database.
func instanceSchemas() []store.Schema { return nil }

// organisationSchemas are the rooms that keep something in each organisation's database.
func organisationSchemas() []store.Schema { return nil }
