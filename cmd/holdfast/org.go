package main

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
)

// place says which installation a command is about.
type place struct {
	Data     string `default:"./holdfast-data" env:"HOLDFAST_DATA" type:"path" help:"Data directory."`
	Database string `env:"HOLDFAST_DATABASE" placeholder:"postgres://..." help:"PostgreSQL database; without it SQLite in the data directory."`
	KeyFile  string `env:"HOLDFAST_KEY_FILE" type:"path" placeholder:"FILE" help:"Master key; by default in the user's configuration directory. Never inside the data directory."`

	// Origins are how browsers reach the server; set by up.
	Origins []string `kong:"-" json:"-"`
}

type orgCmd struct {
	Create orgCreateCmd `cmd:"" help:"Make an organisation with its own database, keys and ledger; prints JSON."`
	List   orgListCmd   `cmd:"" help:"List the organisations; prints JSON."`
}

type orgCreateCmd struct {
	place
	Name     string   `arg:"" help:"Name of the company."`
	Zone     string   `default:"UTC" help:"IANA time zone in which its days begin."`
	Language string   `default:"en" enum:"en,de,sl" help:"Language that it writes in."`
	Domain   []string `help:"Its own mail and web domains."`
}

// Run makes the organisation.
func (c *orgCreateCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *orgCreateCmd) on(ctx context.Context, a *app, e *env) error {
	o, err := a.in.Create(ctx, isms.System, instance.NewOrganisation{Name: c.Name, Zone: c.Zone, Language: isms.Language(c.Language), Domains: c.Domain})
	if err != nil {
		return err
	}
	return e.json(o)
}

type orgListCmd struct{ place }

// Run lists the organisations.
func (c *orgListCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *orgListCmd) on(ctx context.Context, a *app, e *env) error {
	os, err := a.in.List(ctx)
	if err != nil {
		return err
	}
	return e.json(os)
}

func (e *env) json(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.out, string(b))
	return err
}
