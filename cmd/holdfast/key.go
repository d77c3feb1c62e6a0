package main

import (
	"context"
	"fmt"

	"holdfast/internal/isms"
)

type keyCmd struct {
	Recovery keyRecoveryCmd `cmd:"" help:"Print the recovery key, to be written down and kept elsewhere: it opens every backup."`
	Rotate   keyRotateCmd   `cmd:"" help:"Replace the master key. Older backups still need the old one: keep it with them."`
}

type keyRecoveryCmd struct{ place }

// Run prints the recovery key.
func (c *keyRecoveryCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *keyRecoveryCmd) on(_ context.Context, a *app, e *env) error {
	_, err := fmt.Fprintln(e.out, a.in.Store.Master())
	return err
}

type keyRotateCmd struct{ place }

// Run replaces the master key.
func (c *keyRotateCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *keyRotateCmd) on(ctx context.Context, a *app, e *env) error {
	if err := a.in.RotateMaster(ctx, isms.System); err != nil {
		return err
	}
	_, err := fmt.Fprintln(e.out, e.words.T("key.rotated", "file", a.in.Store.KeyFile()))
	return err
}
