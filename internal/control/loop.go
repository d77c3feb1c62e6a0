package control

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/schedule"
)

// Loop reacts until ctx ends: whenever something was written, and when the clock reaches the
// next computed moment. Every server process may run one: what one wrote the others see.
func (r *Room) Loop(ctx context.Context, errs *slog.Logger) {
	if errs == nil {
		errs = slog.Default()
	}
	for ctx.Err() == nil {
		changed := r.Log.Changed()
		_, next, err := r.React(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			errs.Error("judging", "err", err)
		}
		wait := longPause
		if next != 0 {
			wait = min(max(next.Sub(r.Log.Clock.Now()), shortPause), longPause)
		}
		if err != nil {
			wait = longPause
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-changed:
			t.Reset(shortPause) // many changes make one round
			select {
			case <-ctx.Done():
			case <-t.C:
			}
		}
		t.Stop()
	}
}

const (
	shortPause = 100 * time.Millisecond
	longPause  = 5 * time.Second
)

// Job seals the verdicts of days that are over, as recurring work.
func (r *Room) Job() schedule.Job {
	return schedule.Job{Name: "control.days", Every: 10 * time.Minute, Do: func(ctx context.Context) (isms.Instant, error) {
		if _, _, err := r.React(ctx); err != nil {
			return 0, err
		}
		_, err := r.SealDays(ctx)
		return 0, err
	}}
}

// zoneDay is the civil day of an instant where the organisation is.
func (r *Room) zoneDay(at isms.Instant) isms.Date { return isms.DateOf(at, r.zone()) }
