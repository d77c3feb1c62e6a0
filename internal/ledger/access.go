package ledger

import "context"

func (v *verifier) accesses(ctx context.Context) error { return nil }
