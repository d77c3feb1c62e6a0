package keep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// Drill is the record of a restore that was tried on a scratch place.
type Drill struct {
	register.Row
	At      isms.Instant `json:"at"`
	File    string       `json:"file"`
	Good    bool         `json:"good"`
	Problem string       `json:"problem"` // what went wrong; empty if nothing
	Entries int64        `json:"entries"` // verified
	Rows    int64        `json:"rows"`    // restored and counted
	Files   int64        `json:"files"`   // read back and compared
	Took    int64        `json:"took_ms"` // milliseconds
}

// DrillPrefix begins the ids of drills.
const DrillPrefix = "dri"

// Drills is the register of drills, in the instance's database.
var Drills = register.Declare("drill", DrillPrefix, func(d *Drill) []register.Column {
	return []register.Column{
		register.Instant("at", &d.At), register.Text("file", &d.File), register.Bool("good", &d.Good), register.Text("problem", &d.Problem),
		register.Int("entries", &d.Entries), register.Int("rows_seen", &d.Rows), register.Int("files", &d.Files), register.Int("took_ms", &d.Took),
	}
})

// TryRestore restores a backup to a scratch place, on SQLite whatever the engine of the original, proves it,
// removes it and records what was seen. A restore that fails is a record too, and no error.
func TryRestore(ctx context.Context, in *instance.Instance, cfg instance.Config, actor isms.Actor, file string) (d Drill, err error) {
	dir, err := os.MkdirTemp("", "holdfast-drill-*")
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	started := time.Now()
	scratch := cfg
	scratch.Config = store.Config{Dir: filepath.Join(dir, "data"), KeyFile: in.Store.KeyFile(), Clock: in.Clock}
	p, rerr := Restore(ctx, scratch, file, func(string, int64, int64) {})
	if ctx.Err() != nil {
		return d, ctx.Err()
	}
	d = Drill{At: in.Clock.Now(), File: file, Good: rerr == nil, Entries: p.Entries, Rows: p.Rows, Files: p.Files, Took: time.Since(started).Milliseconds()}
	if rerr != nil {
		d.Problem = rerr.Error()
	}
	err = in.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		d.Row = register.Row{}
		return Drills.Add(ctx, tx, "backup.drilled", &d)
	})
	return d, err
}

// Daily takes a backup into dir, keeps those of the last 35 days and at least three, and tries a restore.
func Daily(ctx context.Context, in *instance.Instance, cfg instance.Config, dir string) error {
	b, err := Take(ctx, in, isms.System, dir, func(string, int64, int64) {})
	if err != nil {
		return err
	}
	if err := Prune(dir, in.Store.Name, in.Clock.Now().Add(-35*24*time.Hour)); err != nil {
		return err
	}
	d, err := TryRestore(ctx, in, cfg, isms.System, b.File)
	if err == nil && !d.Good {
		err = fmt.Errorf("restore drill: %s", d.Problem)
	}
	return err
}

// Last returns the newest backup and the newest drill, zero values if there is none.
func Last(ctx context.Context, tx *store.Tx) (b Backup, d Drill, err error) {
	bs, err := Backups.Where(ctx, tx, `1 = 1 ORDER BY taken DESC, id DESC`, 1)
	if err != nil {
		return b, d, err
	}
	ds, err := Drills.Where(ctx, tx, `1 = 1 ORDER BY at DESC, id DESC`, 1)
	if len(bs) > 0 {
		b = bs[0]
	}
	if len(ds) > 0 {
		d = ds[0]
	}
	return b, d, err
}
