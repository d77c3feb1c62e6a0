// Package schedule does recurring work once, whichever of several server processes is
// there to do it: a job is a row, taken with a lease, done, and due again. It owns the
// words job and lease.
//
// Floor 1.
package schedule

import (
	"context"
	"database/sql"
	"embed"
	"log/slog"
	"sync"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what schedule keeps in a database.
var Schema = store.Schema{Room: "schedule", Files: files, Housekeeping: []string{"job"}}

// Job is recurring work. Do may run twice: a process that dies in the middle loses its lease.
type Job struct {
	Name  string
	Every time.Duration
	// Do does the work; its error is kept with the job and it is tried again after Every or a minute,
	// whichever is less. A returned instant that is not zero is when the job is due next instead.
	Do func(ctx context.Context) (next isms.Instant, err error)
}

// lease is how long a job may be silent before another process takes it over.
const lease = 2 * time.Minute

// poll is how often a process looks for due jobs.
const poll = time.Second

// Runner does the jobs of one database.
type Runner struct {
	log  *ledger.Log
	node isms.ID
	jobs []Job

	wake    chan struct{}
	cancel  context.CancelFunc
	stopped sync.WaitGroup
}

// Start enters the jobs and does them as they fall due, until Stop.
func Start(ctx context.Context, log *ledger.Log, jobs ...Job) (*Runner, error) {
	r := &Runner{log: log, node: isms.NewID("node", log.Clock.Now()), jobs: jobs, wake: make(chan struct{}, 1)}
	err := log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		for _, j := range jobs {
			if _, err := tx.Exec(ctx, `INSERT INTO job (name, due, holder, lease_until, done_at, problem) VALUES ($1, $2, '', 0, 0, '') ON CONFLICT DO NOTHING`,
				j.Name, int64(log.Clock.Now())); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	r.stopped.Add(1)
	go r.loop(run)
	return r, nil
}

// Stop ends the work under way and waits for it.
func (r *Runner) Stop() {
	r.cancel()
	r.stopped.Wait()
}

// Wake looks for due jobs now.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Hasten makes a job due now.
func (r *Runner) Hasten(ctx context.Context, name string) error {
	err := r.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE job SET due = $1 WHERE name = $2 AND due > $1`, int64(r.log.Clock.Now()), name)
		return err
	})
	r.Wake()
	return err
}

func (r *Runner) loop(ctx context.Context) {
	defer r.stopped.Done()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
			slog.Error("recurring work", "database", r.log.DB.Name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wake:
		}
	}
}

// round does each due job once.
func (r *Runner) round(ctx context.Context) error {
	due, err := r.due(ctx)
	if err != nil {
		return err
	}
	for _, j := range r.jobs {
		if !due[j.Name] || ctx.Err() != nil {
			continue
		}
		mine, err := r.take(ctx, j.Name)
		if err != nil {
			return err
		}
		if !mine {
			continue
		}
		next, err := r.hold(ctx, j)
		if err := r.finish(ctx, j, next, err); err != nil {
			return err
		}
	}
	return nil
}

// hold does a job and keeps its lease while that takes.
func (r *Runner) hold(ctx context.Context, j Job) (isms.Instant, error) {
	ctx, cancel := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() {
		tick := time.NewTicker(lease / 4)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			err := r.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE job SET lease_until = $1 WHERE name = $2 AND holder = $3`,
					int64(r.log.Clock.Now().Add(lease)), j.Name, string(r.node))
				return err
			})
			if err != nil && ctx.Err() == nil {
				slog.Error("hold recurring work", "job", j.Name, "err", err)
			}
		}
	})
	next, err := j.Do(ctx)
	cancel()
	beating.Wait()
	return next, err
}

func (r *Runner) due(ctx context.Context) (map[string]bool, error) {
	now, out := int64(r.log.Clock.Now()), map[string]bool{}
	err := r.log.Read(ctx, func(tx *store.Tx) error {
		return tx.Query(ctx, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			out[name] = true
			return err
		}, `SELECT name FROM job WHERE due <= $1 AND (lease_until <= $1 OR holder = $2)`, now, string(r.node))
	})
	return out, err
}

func (r *Runner) take(ctx context.Context, name string) (mine bool, err error) {
	err = r.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		now := r.log.Clock.Now()
		n, err := tx.Exec(ctx, `UPDATE job SET holder = $1, lease_until = $2 WHERE name = $3 AND due <= $4 AND (lease_until <= $4 OR holder = $1)`,
			string(r.node), int64(now.Add(lease)), name, int64(now))
		mine = n == 1
		return err
	})
	return mine, err
}

func (r *Runner) finish(ctx context.Context, j Job, next isms.Instant, problem error) error {
	now := r.log.Clock.Now()
	text := ""
	if next == 0 {
		next = now.Add(j.Every)
	}
	if problem != nil {
		text, next = problem.Error(), now.Add(min(j.Every, time.Minute))
		slog.Error("recurring work", "job", j.Name, "database", r.log.DB.Name, "err", problem)
	}
	return r.log.Write(context.WithoutCancel(ctx), isms.System, func(tx *ledger.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE job SET due = $1, holder = '', lease_until = 0, done_at = $2, problem = $3 WHERE name = $4 AND holder = $5`,
			int64(next), int64(now), text, j.Name, string(r.node))
		return err
	})
}

// State is what is known of a job.
type State struct {
	Name    string
	Due     isms.Instant
	DoneAt  isms.Instant // 0: never
	Problem string       // of the last run; empty if it went well
}

// States lists the jobs of a database, by name.
func States(ctx context.Context, tx *store.Tx) ([]State, error) {
	var out []State
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var s State
		err := r.Scan(&s.Name, (*int64)(&s.Due), (*int64)(&s.DoneAt), &s.Problem)
		out = append(out, s)
		return err
	}, `SELECT name, due, done_at, problem FROM job ORDER BY name`)
	return out, err
}
