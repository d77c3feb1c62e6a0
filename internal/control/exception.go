package control

import (
	"context"
	"slices"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// ExceptionState is where an exception stands.
type ExceptionState string

// The states of an exception. An approved one ends by itself at its end.
const (
	ExceptionAsked    ExceptionState = "asked"
	ExceptionApproved ExceptionState = "approved"
	ExceptionRefused  ExceptionState = "refused"
	ExceptionEnded    ExceptionState = "ended" // before its time
)

// Exception permits named proofs or subjects not to hold, until it ends.
type Exception struct {
	register.Row
	Proofs    []isms.ID      `json:"proofs"`
	Subjects  []isms.ID      `json:"subjects"`
	Reason    string         `json:"reason"`
	Instead   string         `json:"instead"` // what is done meanwhile
	From      isms.Instant   `json:"begins"`
	Until     isms.Instant   `json:"ends"`
	State     ExceptionState `json:"state"`
	Asked     isms.Instant   `json:"asked"`
	AskedBy   isms.ID        `json:"asked_by"`
	Decided   isms.Instant   `json:"decided"`
	DecidedBy isms.ID        `json:"decided_by"`
	Answer    string         `json:"answer"` // of whoever decided or ended it
}

// Exceptions is the register of exceptions.
var Exceptions = register.Declare("control_exception", isms.ExceptionPrefix, func(e *Exception) []register.Column {
	return []register.Column{
		register.JSON("proofs", &e.Proofs), register.JSON("subjects", &e.Subjects), register.Text("reason", &e.Reason), register.Text("instead", &e.Instead),
		register.Instant("begins", &e.From), register.Instant("ends", &e.Until), register.State("state", &e.State), register.Instant("asked", &e.Asked),
		register.Ref("asked_by", &e.AskedBy), register.Instant("decided", &e.Decided), register.Ref("decided_by", &e.DecidedBy), register.Text("answer", &e.Answer),
	}
})

// Ask asks for an exception: for named proofs, named subjects or both, with a reason and an
// end. Errors: exception.names_nothing, exception.endless, policy.reason_missing,
// control.person_needed.
func (r *Room) Ask(ctx context.Context, actor isms.Actor, e Exception) (Exception, error) {
	if err := r.allow(actor, people.ExceptionRequest, people.Record{}); err != nil {
		return e, err
	}
	switch {
	case actor.Account == "":
		return e, isms.Errorf(isms.Forbidden, "control.person_needed")
	case len(e.Proofs)+len(e.Subjects) == 0:
		return e, isms.Errorf(isms.Invalid, "exception.names_nothing").At("proofs")
	case strings.TrimSpace(e.Reason) == "":
		return e, isms.Errorf(isms.Invalid, "policy.reason_missing").At("reason")
	}
	in := e
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		e = in
		e.Row, e.Proofs, e.Subjects = register.Row{}, some(in.Proofs), some(in.Subjects)
		e.State, e.Asked, e.AskedBy, e.Decided, e.DecidedBy = ExceptionAsked, tx.At, actor.Account, 0, ""
		e.From = max(e.From, tx.At)
		if e.Until <= e.From || e.Until >= longest.After(e.From, r.zone()) {
			return isms.Errorf(isms.Invalid, "exception.endless").At("ends")
		}
		for _, p := range e.Proofs {
			if _, err := Proofs.Get(ctx, tx.Tx, p); err != nil {
				return err
			}
		}
		for _, s := range e.Subjects {
			if _, err := Subjects.Get(ctx, tx.Tx, s); err != nil {
				return err
			}
		}
		return Exceptions.Add(ctx, tx, "exception.asked", &e)
	})
	return e, err
}

// longest bounds an exception: what must last longer is asked for again.
var longest = isms.Period{Years: 2}

// Decide approves or refuses an exception. Whoever approves is another person than the one
// who asked (code apart.you_asked).
func (r *Room) Decide(ctx context.Context, actor isms.Actor, id isms.ID, approve bool, answer string) error {
	return r.except(ctx, actor, people.ExceptionApprove, id, func(tx *ledger.Tx, e *Exception) (string, error) {
		switch {
		case e.State != ExceptionAsked:
			return "", isms.Errorf(isms.Conflict, "policy.already_decided")
		case approve && e.Until <= tx.At:
			return "", isms.Errorf(isms.Conflict, "exception.over")
		}
		e.State, e.Decided, e.DecidedBy, e.Answer = ExceptionRefused, tx.At, actor.Account, answer
		if approve {
			e.State = ExceptionApproved
		}
		return "exception." + string(e.State), nil
	})
}

// End ends an approved exception before its time.
func (r *Room) End(ctx context.Context, actor isms.Actor, id isms.ID, because string) error {
	return r.except(ctx, actor, people.ExceptionRequest, id, func(tx *ledger.Tx, e *Exception) (string, error) {
		if e.State != ExceptionApproved || e.Until <= tx.At {
			return "", isms.Errorf(isms.Conflict, "exception.over")
		}
		e.State, e.Until, e.Answer = ExceptionEnded, tx.At, because
		return "exception.ended", nil
	})
}

func (r *Room) except(ctx context.Context, actor isms.Actor, act people.Act, id isms.ID, fn func(*ledger.Tx, *Exception) (string, error)) error {
	if actor.Account == "" {
		return isms.Errorf(isms.Forbidden, "control.person_needed")
	}
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		e, err := Exceptions.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if err := r.allow(actor, act, people.Record{RequestedBy: e.AskedBy}); err != nil {
			return err
		}
		kind, err := fn(tx, &e)
		if err != nil {
			return err
		}
		return Exceptions.Revise(ctx, tx, kind, &e)
	})
}

// concerns tells whether the exception may cover one of the proofs or subjects.
func (e *Exception) concerns(proof func(isms.ID) bool, subject func(isms.ID) bool) bool {
	return (len(e.Proofs) == 0 || slices.ContainsFunc(e.Proofs, proof)) && (len(e.Subjects) == 0 || slices.ContainsFunc(e.Subjects, subject))
}

// ExceptionsIn returns up to limit exceptions in a state after an id; an empty state takes all.
func ExceptionsIn(ctx context.Context, tx *store.Tx, state ExceptionState, after isms.ID, limit int) ([]Exception, error) {
	return Exceptions.Where(ctx, tx, `(state = $2 OR $2 = '') AND id > $3 ORDER BY id`, limit, string(state), string(after))
}
