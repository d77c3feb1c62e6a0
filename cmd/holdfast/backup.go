package main

import (
	"context"
	"fmt"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/keep"
)

type backupCmd struct {
	place
	To    string `arg:"" type:"path" help:"Directory that the backup is written into."`
	Drill bool   `help:"Try a restore of it to a scratch place and prove it."`
}

// Run takes a backup, also of a running server.
func (c *backupCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *backupCmd) on(ctx context.Context, a *app, e *env) error {
	b, err := keep.Take(ctx, a.in, isms.System, c.To, e.tell)
	if err != nil {
		return err
	}
	if !c.Drill {
		return e.json(b)
	}
	d, err := keep.TryRestore(ctx, a.in, a.config, isms.System, b.File)
	if err != nil {
		return err
	}
	if err := e.json(struct {
		Backup keep.Backup `json:"backup"`
		Drill  keep.Drill  `json:"drill"`
	}{b, d}); err != nil {
		return err
	}
	if !d.Good {
		return exit(exitNotGood)
	}
	return nil
}

type restoreCmd struct {
	place
	File   string `arg:"" type:"existingfile" help:"Backup to restore."`
	Anchor string `type:"existingdir" placeholder:"DIR" help:"Where up --anchor kept checkpoints and erasures: what was lost is named, and erasures are done again."`
}

// Run restores a backup to an empty place and proves it. A server must not be running there.
func (c *restoreCmd) Run(ctx context.Context, e *env) error {
	cfg := c.config()
	proof, err := keep.Restore(ctx, cfg, c.File, e.tell)
	if err != nil {
		return err
	}
	in, err := instance.Open(ctx, cfg)
	if err != nil {
		return err
	}
	err = keep.Reopen(ctx, in, isms.System, c.Anchor, erasers(), proof.Later)
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return e.json(proof)
}

// tell shows how far long work is.
func (e *env) tell(code string, done, all int64) {
	fmt.Fprintln(e.err, e.words.T("progress."+code, "done", fmt.Sprint(done), "all", fmt.Sprint(all)))
}

// erasers are all tables whose records can be erased.
func erasers() (out []keep.Eraser) {
	for _, t := range append(instanceTables(), organisationTables()...) {
		if e, ok := t.(keep.Eraser); ok {
			out = append(out, e)
		}
	}
	return out
}
