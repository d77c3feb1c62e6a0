package control

import (
	"context"

	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Duty says whose a duty is: whoever acts in the role that does it, or its deputy's, and the
// control's owner and deputy. It is what evidence.Room asks before sealing.
func (r *Room) Duty(ctx context.Context, tx *store.Tx, actor isms.Actor, proof isms.ID) (people.Record, error) {
	p, err := Proofs.Get(ctx, tx, proof)
	if err != nil {
		return people.Record{}, err
	}
	if p.Kind != verdict.DutyProof || p.State != Active {
		return people.Record{}, isms.Errorf(isms.Conflict, "control.no_duty")
	}
	if p.Role != "" && actor.Is(p.Role) || p.Deputy != "" && actor.Is(p.Deputy) {
		return people.Record{Owner: actor.Account}, nil
	}
	c, err := Controls.Get(ctx, tx, p.Control)
	return people.Record{Owner: c.whose(actor)}, err
}

// DutyDue is one duty with when it must be done next.
type DutyDue struct {
	Proof   Proof
	Subject isms.ID      // empty: the organisation as a whole
	Last    isms.Instant // when it was done last; zero: never
	Due     isms.Instant // by its plan or by what is promised, whichever is sooner
}

// DutiesAfter returns the duties of up to limit proofs after an id, with when each is due. A duty
// never done is due one period after the control got it.
func (r *Room) DutiesAfter(ctx context.Context, tx *store.Tx, after isms.ID, limit int) ([]DutyDue, error) {
	ps, err := ProofsAfter(ctx, tx, string(verdict.DutyProof), after, limit)
	if err != nil {
		return nil, err
	}
	var out []DutyDue
	for _, p := range ps {
		every := p.Every
		promise, err := promised(ctx, tx, p.Control)
		if err != nil {
			return nil, err
		}
		if !promise.IsZero() && (every.IsZero() || every.Longer(promise)) {
			every = promise
		}
		subjects, err := subjectsOf(ctx, tx, p.Scope)
		if err != nil {
			return nil, err
		}
		done, err := doneLast(ctx, tx, p.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range subjects {
			d := DutyDue{Proof: p, Subject: s, Last: done[s]}
			from := d.Last
			if from == 0 {
				from = p.Recorded
			}
			d.Due = every.After(from, r.zone())
			out = append(out, d)
		}
	}
	return out, nil
}

// subjectsOf lists whom a proof is about; the organisation as a whole is one unnamed subject.
func subjectsOf(ctx context.Context, tx *store.Tx, scope isms.ID) ([]isms.ID, error) {
	if scope == "" {
		return []isms.ID{""}, nil
	}
	s, err := Scopes.Get(ctx, tx, scope)
	if err != nil {
		return nil, err
	}
	members, err := Members(ctx, tx, &s)
	var out []isms.ID
	for _, m := range members {
		if m.Retired == 0 {
			out = append(out, m.ID)
		}
	}
	return out, err
}

// doneLast says when a duty was done last, by subject.
func doneLast(ctx context.Context, tx *store.Tx, proof isms.ID) (map[isms.ID]isms.Instant, error) {
	looks, err := evidence.Looks(ctx, tx, proof)
	out := map[isms.ID]isms.Instant{}
	for _, l := range looks {
		if l.Outcome == verdict.Positive {
			out[l.Subject] = max(out[l.Subject], l.Observed)
		}
	}
	return out, err
}
