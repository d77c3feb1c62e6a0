package ledger

import (
	"context"
	"strings"
	"sync"

	"holdfast/internal/store"
)

// chunks are the numbers of entries that one INSERT takes: few texts, so each stays prepared.
var chunks = []int{64, 8, 1}

var inserts = sync.OnceValue(func() map[int]string {
	out := make(map[int]string)
	for _, n := range chunks {
		var b strings.Builder
		b.WriteString(`INSERT INTO entry (idx, at, kind, subject, rev, actor, means, header_salt, payload_commitment, payload_salt, payload) VALUES `)
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(store.In(i*11+1, 11))
		}
		out[n] = b.String()
	}
	return out
})

func insertEntries(ctx context.Context, tx *store.Tx, es []*Entry) error {
	for _, n := range chunks {
		for len(es) >= n {
			args := make([]any, 0, n*11)
			for _, e := range es[:n] {
				args = append(args, e.Index, int64(e.At), e.Kind, string(e.Subject), e.Rev, e.Actor, string(e.Means),
					e.HeaderSalt, e.PayloadCommitment, e.PayloadSalt, e.Payload)
			}
			if _, err := tx.Exec(ctx, inserts()[n], args...); err != nil {
				return err
			}
			es = es[n:]
		}
	}
	return nil
}
