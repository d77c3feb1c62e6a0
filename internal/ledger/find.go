package ledger

import (
	"context"
	"strconv"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// Query says which entries to find: those with From <= index < Until, of one
// subject and of one kind if they are set.
type Query struct {
	Subject     isms.ID
	Kind        string
	From, Until int64
	Newest      bool // newest first instead of oldest first
	Limit       int
}

// Find returns the entries that q asks for, in order of their index.
func Find(ctx context.Context, tx *store.Tx, q Query) ([]*Entry, error) {
	where, args := ` WHERE idx >= $1 AND idx < $2`, []any{q.From, q.Until, q.Limit}
	if q.Subject != "" {
		where, args = where+` AND subject = $4`, append(args, string(q.Subject))
	}
	if q.Kind != "" {
		where, args = where+` AND kind = $`+strconv.Itoa(len(args)+1), append(args, q.Kind)
	}
	order := ` ORDER BY idx`
	if q.Newest {
		order += ` DESC`
	}
	return list(ctx, tx, where+order+` LIMIT $3`, args...)
}
