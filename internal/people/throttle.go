package people

import (
	"context"
	"errors"
	"strconv"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// A throttle delays whoever failed often, and nobody else: what one source does to an account
// holds up that source alone, and a browser that the account signed in with before is counted
// by itself. There is no state in which an account is locked.
type throttle struct {
	key  string
	free int64         // failures without a delay
	most time.Duration // longest delay
}

const (
	throttleForget = time.Hour // without a failure, and nothing is remembered
	throttleRows   = 20_000    // more are never kept
	throttleDrop   = 1_000     // of the oldest go when there would be more
)

// passwordThrottles are what an attempt with a password counts against.
func (p *People) passwordThrottles(email string, from Source, known bool) []throttle {
	if known {
		return []throttle{{p.keys.hexMAC("throttle", "device", email, from.Device), 10, time.Minute}}
	}
	return []throttle{
		{p.keys.hexMAC("throttle", "pair", email, from.network()), 5, 15 * time.Minute},
		{p.keys.hexMAC("throttle", "source", from.network()), 100, 5 * time.Minute},
	}
}

// codeThrottles are what an attempt with a one-time code counts against. A code has a million
// values, so all unknown browsers together count, lest many sources share the guessing. Who is
// held up by that signs in by passkey, by recovery code or from a known browser.
func (p *People) codeThrottles(account isms.ID, from Source, known bool) []throttle {
	if known {
		return []throttle{{p.keys.hexMAC("throttle", "code device", string(account), from.Device), 5, 15 * time.Minute}}
	}
	return []throttle{{p.keys.hexMAC("throttle", "code", string(account)), 5, 15 * time.Minute}}
}

// attempt counts an attempt as failed before it is looked at, so that many at once are not one;
// forgive takes that back. It fails with kind TooMany while the delay lasts.
func (p *People) attempt(ctx context.Context, ts []throttle) error {
	var wait time.Duration
	err := p.log.Write(ctx, isms.System, func(tx *ledger.Tx) (err error) {
		wait, err = p.count(ctx, tx, ts)
		return err
	})
	if err != nil {
		return err
	}
	return slowDown(wait)
}

func slowDown(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	return isms.Errorf(isms.TooMany, "sign_in.slow_down", "retry_after", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
}

// count notes one more failure on each, or returns how long to wait and notes nothing.
func (p *People) count(ctx context.Context, tx *ledger.Tx, ts []throttle) (time.Duration, error) {
	now := p.now()
	failures := make([]int64, len(ts))
	for i, t := range ts {
		var last, until isms.Instant
		err := tx.Row(ctx, []any{&failures[i], (*int64)(&last), (*int64)(&until)}, `SELECT failures, last, until FROM people_throttle WHERE key = $1`, t.key)
		if errors.Is(err, store.ErrNoRow) {
			continue
		}
		if err != nil {
			return 0, err
		}
		// A clock set back must not hold anybody up for longer than the delay.
		if now < until && now >= last {
			return until.Sub(now), nil
		}
		if now.Sub(last) > throttleForget || now < last {
			failures[i] = 0
		}
	}
	if err := makeRoom(ctx, tx); err != nil {
		return 0, err
	}
	for i, t := range ts {
		if _, err := tx.Exec(ctx, `INSERT INTO people_throttle (key, failures, last, until) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last = excluded.last, until = excluded.until`,
			t.key, failures[i]+1, int64(now), int64(now.Add(t.delay(failures[i]+1)))); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// delay doubles with each failure beyond the free ones.
func (t throttle) delay(failures int64) time.Duration {
	over := failures - t.free - 1
	if over < 0 {
		return 0
	}
	if over > 20 {
		return t.most
	}
	return min(time.Second<<over, t.most)
}

// makeRoom keeps the table bounded: who floods it pushes out the oldest, which are the first to be forgotten anyway.
func makeRoom(ctx context.Context, tx *ledger.Tx) error {
	var n int64
	if err := tx.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM people_throttle`); err != nil || n < throttleRows {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM people_throttle WHERE key IN (SELECT key FROM people_throttle ORDER BY last LIMIT $1)`, throttleDrop)
	return err
}

// forgive takes back one failure of each: the attempt was right.
func forgive(ctx context.Context, tx *ledger.Tx, ts []throttle) error {
	for i, t := range ts {
		text := `DELETE FROM people_throttle WHERE key = $1`
		if i > 0 { // what a source did to others is not made good by one sign-in
			text = `UPDATE people_throttle SET failures = failures - 1 WHERE key = $1 AND failures > 0`
		}
		if _, err := tx.Exec(ctx, text, t.key); err != nil {
			return err
		}
	}
	return nil
}

// giveBack forgives in a transaction of its own.
func (p *People) giveBack(ctx context.Context, ts []throttle) error {
	return p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		for _, t := range ts {
			if _, err := tx.Exec(ctx, `UPDATE people_throttle SET failures = failures - 1, until = 0 WHERE key = $1 AND failures > 0`, t.key); err != nil {
				return err
			}
		}
		return nil
	})
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
