package people

import (
	"context"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

// note writes into the access log: who signed in, was refused or used a token. It holds no
// passwords, codes or names; object is the account or token that it was about.
func note(ctx context.Context, tx *ledger.Tx, actor isms.Actor, act string, object isms.ID, detail string) error {
	var n int64
	if err := tx.Row(ctx, []any{&n}, `SELECT COALESCE(MAX(n), -1) + 1 FROM access_log`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO access_log (n, at, actor, means, act, object, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		n, int64(tx.At), actor.String(), string(actor.Means), act, string(object), detail)
	return err
}
