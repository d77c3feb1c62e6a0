package people

import (
	"context"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

// Sweep drops what has ended: sessions, ceremonies, links, forgotten browsers and throttles. The
// schedule calls it now and then; nothing depends on when, because everything that ends is also
// looked at when it is used.
func (p *People) Sweep(ctx context.Context) error {
	return p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		now := p.now()
		for _, s := range []struct {
			text  string
			until isms.Instant
		}{
			{`DELETE FROM people_session WHERE ends <= $1`, now},
			{`DELETE FROM people_session WHERE seen <= $1`, now.Add(-p.cfg.Idle)},
			{`DELETE FROM people_ceremony WHERE ends <= $1`, now},
			{`DELETE FROM people_link WHERE ends <= $1`, now},
			{`DELETE FROM people_device WHERE seen <= $1`, now.Add(-deviceFor)},
			{`DELETE FROM people_throttle WHERE last <= $1 AND until <= $1`, now.Add(-throttleForget)},
		} {
			if _, err := tx.Exec(ctx, s.text, int64(s.until)); err != nil {
				return err
			}
		}
		return nil
	})
}
