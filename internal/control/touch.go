package control

import (
	"context"
	"slices"

	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// touch finds out which clauses and controls an entry may change. What this room's own
// reaction wrote touches nothing.
func (w *round) touch(ctx context.Context, e *ledger.Entry) error {
	then := *w.tx
	then.AsOf = e.Index
	t := touching{w, &then, e}
	switch e.Subject.Prefix() {
	case isms.ProofPrefix, isms.BindingPrefix, isms.ScopePrefix: // what was looked up before may be otherwise now
		w.scopes, w.under, w.memo = nil, nil, map[isms.ID]*resting{}
	}
	switch e.Subject.Prefix() {
	case isms.BatchPrefix:
		return t.batch(ctx)
	case isms.EvidencePrefix:
		rec, err := as(ctx, t.tx, e, evidence.Records)
		if err != nil {
			return gone(err)
		}
		return t.proofs(ctx, rec.Proof)
	case isms.ProofPrefix:
		p, err := as(ctx, t.tx, e, Proofs)
		if err != nil {
			return gone(err)
		}
		return t.controls(ctx, p.Control)
	case isms.ControlPrefix:
		return t.controls(ctx, e.Subject)
	case isms.BindingPrefix:
		b, err := as(ctx, t.tx, e, Bindings)
		if err != nil {
			return gone(err)
		}
		t.add(b.Clause)
	case isms.ScopePrefix:
		return t.scope(ctx, e.Subject)
	case isms.SubjectPrefix:
		s, err := as(ctx, t.tx, e, Subjects)
		if err != nil {
			return gone(err)
		}
		return t.subject(ctx, s)
	case isms.ExceptionPrefix:
		x, err := as(ctx, t.tx, e, Exceptions)
		if err != nil {
			return gone(err)
		}
		return t.exception(ctx, x)
	case isms.ClauseTextPrefix:
		c, err := as(ctx, t.tx, e, policy.ClauseTexts)
		if err != nil {
			return gone(err)
		}
		return t.clause(ctx, c.Clause)
	case isms.DocumentPrefix:
		return t.document(ctx, e.Subject)
	}
	return nil
}

// as reads a record as an entry left it, or if the entry removed it, as it was before.
func as[T any, P interface {
	*T
	Record() *register.Row
}](ctx context.Context, tx *store.Tx, e *ledger.Entry, table *register.Table[T, P]) (T, error) {
	v, err := table.Get(ctx, tx, e.Subject)
	if isms.KindOf(err) == isms.NotFound {
		before := *tx
		before.AsOf = e.Index - 1
		v, err = table.Get(ctx, &before, e.Subject)
	}
	return v, err
}

// gone takes a record that was erased since for one that touches nothing.
func gone(err error) error {
	if isms.KindOf(err) == isms.NotFound {
		return nil
	}
	return err
}

type touching struct {
	w  *round
	tx *store.Tx // as of the entry
	e  *ledger.Entry
}

func (t touching) add(about isms.ID) {
	es := t.w.touched[about]
	if about == "" || len(es) > 0 && es[len(es)-1].Index == t.e.Index {
		return
	}
	t.w.touched[about] = append(es, t.e)
}

// batch touches what its looks turned, and what may have been stale until now.
func (t touching) batch(ctx context.Context) error {
	b, err := batchOf(t.e)
	if err != nil {
		return err
	}
	for _, p := range b.Proofs {
		if slices.Contains(b.Turned, p) {
			if err := t.proofs(ctx, p); err != nil {
				return err
			}
			continue
		}
		if err := t.ifStale(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// resting says of a proof, once a round, whose verdicts an unchanged look may concern.
type resting struct {
	abouts []isms.ID
	stale  []bool         // something was stale, or an exception covers it
	wakes  []isms.Instant // when time alone changes it
}

// ifStale touches a proof's clauses and control where an unchanged look can make a difference:
// where something was stale or excepted, or became so before the look came.
func (t touching) ifStale(ctx context.Context, proof isms.ID) error {
	r := t.w.memo[proof]
	if r == nil {
		var err error
		if r, err = t.resting(ctx, proof); err != nil {
			return err
		}
		t.w.memo[proof] = r
	}
	for i, about := range r.abouts {
		_, already := t.w.touched[about]
		if r.stale[i] || already || r.wakes[i] != 0 && r.wakes[i] <= t.e.At {
			t.add(about)
		}
	}
	return nil
}

func (t touching) resting(ctx context.Context, proof isms.ID) (*resting, error) {
	r := &resting{}
	p, err := Proofs.Get(ctx, t.tx, proof)
	if err != nil {
		return r, gone(err)
	}
	if r.abouts, err = t.under(ctx, p.Control); err != nil {
		return nil, err
	}
	vs, err := VerdictsOf(ctx, t.w.tx, r.abouts)
	if err != nil {
		return nil, err
	}
	for _, about := range r.abouts {
		due, err := wakeOf(ctx, t.w.tx, about)
		if err != nil {
			return nil, err
		}
		v := vs[about].Verdict
		r.stale, r.wakes = append(r.stale, v == isms.Stale || v == isms.Excepted), append(r.wakes, due)
	}
	return r, nil
}

func (t touching) proofs(ctx context.Context, proof isms.ID) error {
	p, err := Proofs.Get(ctx, t.tx, proof)
	if err != nil {
		return gone(err)
	}
	return t.controls(ctx, p.Control)
}

// under lists a control and the clauses bound to it.
func (t touching) under(ctx context.Context, control isms.ID) ([]isms.ID, error) {
	bs, err := Bindings.Where(ctx, t.tx, `control = $2`, 100_000, string(control))
	out := []isms.ID{control}
	for _, b := range bs {
		out = append(out, b.Clause)
	}
	return out, err
}

func (t touching) controls(ctx context.Context, control isms.ID) error {
	abouts, err := t.under(ctx, control)
	for _, a := range abouts {
		t.add(a)
	}
	return err
}

func (t touching) scope(ctx context.Context, scope isms.ID) error {
	ps, err := Proofs.Where(ctx, t.tx, `scope = $2`, 100_000, string(scope))
	for i := 0; err == nil && i < len(ps); i++ {
		err = t.controls(ctx, ps[i].Control)
	}
	return err
}

// subject touches whatever is about scopes that take the subject. Many subjects come at a
// time, so what concerns them is looked up once a round, unless a plan changes in between.
func (t touching) subject(ctx context.Context, s Subject) error {
	if t.w.scopes == nil {
		all, err := Scopes.Where(ctx, t.tx, `id <> ''`, 100_000)
		if err != nil {
			return err
		}
		t.w.scopes, t.w.under = all, map[isms.ID][]isms.ID{}
	}
	for i := range t.w.scopes {
		scope := &t.w.scopes[i]
		if !scope.Selector.takes(&s) {
			continue
		}
		abouts, ok := t.w.under[scope.ID]
		if !ok {
			ps, err := Proofs.Where(ctx, t.tx, `scope = $2`, 100_000, string(scope.ID))
			for k := 0; err == nil && k < len(ps); k++ {
				var more []isms.ID
				more, err = t.under(ctx, ps[k].Control)
				abouts = append(abouts, more...)
			}
			if err != nil {
				return err
			}
			t.w.under[scope.ID] = abouts
		}
		for _, a := range abouts {
			t.add(a)
		}
	}
	return nil
}

func (t touching) exception(ctx context.Context, x Exception) error {
	for _, p := range x.Proofs {
		if err := t.proofs(ctx, p); err != nil {
			return err
		}
	}
	if len(x.Proofs) > 0 {
		return nil
	}
	for _, id := range x.Subjects {
		s, err := Subjects.Get(ctx, t.tx, id)
		if err != nil {
			return err
		}
		if err := t.subject(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// clause touches a clause that something is bound to.
func (t touching) clause(ctx context.Context, clause isms.ID) error {
	bs, err := Bindings.Where(ctx, t.tx, `clause = $2`, 1, string(clause))
	if err == nil && len(bs) > 0 {
		t.add(clause)
	}
	return err
}

// document touches all its bound clauses: another version may stand now.
func (t touching) document(ctx context.Context, document isms.ID) error {
	bs, err := Bindings.Where(ctx, t.tx, `document = $2`, 100_000, string(document))
	for _, b := range bs {
		t.add(b.Clause)
	}
	return err
}
