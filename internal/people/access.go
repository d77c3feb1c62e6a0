package people

import (
	"context"
	"log/slog"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

// note tells the access log, once the transaction is durable, who signed in, was refused or used a
// token. It holds no passwords, codes, names or addresses; object is the account or token.
func (p *People) note(ctx context.Context, tx *ledger.Tx, actor isms.Actor, act string, object isms.ID, detail string) {
	tx.After(func() {
		if err := p.access(ctx, actor, act, object, detail); err != nil {
			slog.ErrorContext(ctx, "access log", "act", act, "error", err) // what happened has happened: the operator must know
		}
	})
}

func (p *People) access(ctx context.Context, actor isms.Actor, act string, object isms.ID, detail string) error {
	return p.log.Access(ctx, actor, act, object, detail)
}

// origin stands for a source where an address would be personal data for too long: the same source
// gives the same word, so that attempts from one place can be told together.
func (p *People) origin(from Source) string {
	if n := from.network(); n != "" {
		return "source " + p.keys.hexMAC("origin", n)[:12]
	}
	return "source unknown"
}
