package instance

import (
	"context"
	"database/sql"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

// RotateMaster replaces the master key: every data key is wrapped anew in one transaction, and the key
// file then holds the new key alone. A rotation that is cut off anywhere leaves a key file with both
// keys, which opens everything; doing it again finishes it. Other servers must be restarted.
func (in *Instance) RotateMaster(ctx context.Context, actor isms.Actor) error {
	if err := in.Store.BeginRotation(ctx); err != nil {
		return err
	}
	err := in.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		wrapped := map[string][]byte{}
		err := tx.Query(ctx, func(r *sql.Rows) error {
			var name string
			var b []byte
			err := r.Scan(&name, &b)
			wrapped[name] = b
			return err
		}, `SELECT name, wrapped FROM secret_key WHERE purpose = 'data'`)
		if err != nil {
			return err
		}
		for name, b := range wrapped {
			data, err := in.Store.Unwrap(b, name)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE secret_key SET wrapped = $1 WHERE name = $2 AND purpose = 'data'`, in.Store.Wrap(data, name), name); err != nil {
				return err
			}
		}
		tx.Append("instance.master_key_rotated", in.Store.Name, 0, []byte(`{}`))
		return nil
	})
	if err != nil {
		return err
	}
	return in.Store.EndRotation()
}
