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

// FailureState is where a failure stands: what was done last.
type FailureState string

// The states of a failure in their order. Nothing else leads to closed.
const (
	Detected        FailureState = "detected"
	Restored        FailureState = "restored"
	CauseFound      FailureState = "cause_found"
	ExposureChecked FailureState = "exposure_checked"
	Prevented       FailureState = "prevented"
	Watching        FailureState = "watching"
	Closed          FailureState = "closed"
)

// Steps in the order in which they are taken; the fifth is the watch.
var order = []FailureState{Detected, Restored, CauseFound, ExposureChecked, Prevented, Watching, Closed}

// Step is what somebody did about a failure, with its proof.
type Step struct {
	State FailureState `json:"state"` // what it led to
	Note  string       `json:"note"`
	// Category is what kind of cause, or "none_found" of an exposure, in the room's own words.
	Category string    `json:"category"`
	Files    []File    `json:"files"`
	Entry    int64     `json:"entry"`    // entry that shows that the control holds again
	Measures []Measure `json:"measures"` // of prevention

	At isms.Instant `json:"at"`
	By isms.ID      `json:"by"`
}

// File is a kept file that belongs to a step.
type File struct {
	Digest string `json:"digest"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`
}

// Measure is what keeps the cause from coming back.
type Measure struct {
	What  string    `json:"what"`
	Owner isms.ID   `json:"owner"`
	Due   isms.Date `json:"due"`
}

// Failure is an episode in which a control did not hold.
type Failure struct {
	register.Row
	Control    isms.ID      `json:"control"`
	State      FailureState `json:"state"`
	Began      isms.Instant `json:"began"`    // when the control stopped holding
	Verdict    isms.Verdict `json:"verdict"`  // failing or stale
	Detected   isms.Instant `json:"detected"` // when that was recorded
	Steps      []Step       `json:"steps"`
	Relapses   int64        `json:"relapses"`
	WatchEvery isms.Period  `json:"watch_every"` // checks look at least so often while it is watched
	WatchUntil isms.Instant `json:"watch_until"`
	Closed     isms.Instant `json:"closed"`
}

// Failures is the register of failures.
var Failures = register.Declare("control_failure", isms.FailurePrefix, func(f *Failure) []register.Column {
	return []register.Column{
		register.Ref("control", &f.Control), register.State("state", &f.State), register.Instant("began", &f.Began), register.State("as_verdict", &f.Verdict),
		register.Instant("detected", &f.Detected), register.JSON("steps", &f.Steps), register.Int("relapses", &f.Relapses),
		register.Period("watch_every", &f.WatchEvery), register.Instant("watch_until", &f.WatchUntil), register.Instant("closed", &f.Closed),
	}
})

// Take takes the next step of a failure. Steps come in their order, each with its proof:
// restored needs a note and that the control holds now; cause_found a category and a note;
// exposure_checked a category and a note; prevented at least one measure with owner and day.
// The fifth step is Watch. Errors: failure.out_of_order, failure.proof_missing,
// failure.still_failing, control.person_needed, file.missing.
func (r *Room) Take(ctx context.Context, actor isms.Actor, id isms.ID, s Step) (Failure, error) {
	if err := s.check(); err != nil {
		return Failure{}, err
	}
	for _, f := range s.Files {
		rd, err := r.Log.DB.OpenFile(ctx, f.Digest)
		if err != nil {
			return Failure{}, err
		}
		if err := rd.Close(); err != nil {
			return Failure{}, err
		}
	}
	return r.step(ctx, actor, id, s)
}

func (s *Step) check() error {
	lacks := func(field string) error { return isms.Errorf(isms.Invalid, "failure.proof_missing").At(field) }
	s.Note = strings.TrimSpace(s.Note)
	s.Files, s.Measures = some(s.Files), some(s.Measures)
	switch s.State {
	case Restored, CauseFound, ExposureChecked:
		if s.Note == "" {
			return lacks("note")
		}
		if s.State != Restored && s.Category == "" {
			return lacks("category")
		}
	case Prevented:
		if len(s.Measures) == 0 {
			return lacks("measures")
		}
		for _, m := range s.Measures {
			if _, err := isms.ParseDate(string(m.Due)); err != nil || strings.TrimSpace(m.What) == "" || m.Owner == "" {
				return lacks("measures")
			}
		}
	default:
		return isms.Errorf(isms.Conflict, "failure.out_of_order")
	}
	return nil
}

// Watch begins the fifth step: the control is watched until a day, its checks looking at
// least so often. If it holds all the time, the failure closes by itself at the end of the
// watch; if it does not, the failure begins anew. Zero values: thirty days, half the plan.
func (r *Room) Watch(ctx context.Context, actor isms.Actor, id isms.ID, until isms.Instant, every isms.Period) (Failure, error) {
	return r.step(ctx, actor, id, Step{State: Watching, Files: []File{}, Measures: []Measure{}}, func(tx *ledger.Tx, f *Failure) error {
		if until == 0 {
			until = watch.After(tx.At, r.zone())
		}
		if until <= tx.At {
			return isms.Errorf(isms.Invalid, "failure.watch_too_short").At("until")
		}
		f.WatchUntil, f.WatchEvery = until, every
		return setWake(ctx, tx, f.ID, until)
	})
}

// watch is how long a restored control is watched where nobody says otherwise.
var watch = isms.Period{Days: 30}

func (r *Room) step(ctx context.Context, actor isms.Actor, id isms.ID, s Step, more ...func(*ledger.Tx, *Failure) error) (Failure, error) {
	var f Failure
	if actor.Account == "" {
		return f, isms.Errorf(isms.Forbidden, "control.person_needed")
	}
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) (err error) {
		if f, err = Failures.Get(ctx, tx.Tx, id); err != nil {
			return err
		}
		if _, err := r.allowOf(ctx, tx.Tx, actor, people.FailureWork, f.Control); err != nil {
			return err
		}
		if slices.Index(order, s.State) != slices.Index(order, f.State)+1 {
			return isms.Errorf(isms.Conflict, "failure.out_of_order")
		}
		v, err := verdictRow(ctx, tx.Tx, f.Control)
		if err != nil {
			return err
		}
		if (s.State == Restored || s.State == Watching) && v.Verdict != isms.Holding && v.Verdict != isms.Excepted {
			return isms.Errorf(isms.Conflict, "failure.still_failing")
		}
		s.At, s.By = tx.At, actor.Account
		if s.State == Restored {
			s.Entry = v.From
		}
		f.State, f.Steps = s.State, append(f.Steps, s)
		for _, fn := range more {
			if err := fn(tx, &f); err != nil {
				return err
			}
		}
		for _, file := range s.Files {
			if err := tx.UseFile(ctx, file.Digest, f.ID, file.Size); err != nil {
				return err
			}
		}
		return Failures.Revise(ctx, tx, "failure."+string(s.State), &f)
	})
	return f, err
}

// observe opens a failure when a control stops holding, and sets one that is being worked on
// back when it does so again.
func (r *Room) observe(ctx context.Context, tx *ledger.Tx, control isms.ID, v isms.Verdict, since isms.Instant) error {
	if v != isms.Failing && v != isms.Stale {
		return nil
	}
	fs, err := Failures.Where(ctx, tx.Tx, `control = $2 AND state <> $3`, 1, string(control), string(Closed))
	if err != nil {
		return err
	}
	if len(fs) == 0 {
		return Failures.Add(ctx, tx, "failure.detected", &Failure{Control: control, State: Detected, Began: since, Verdict: v, Detected: tx.At, Steps: []Step{}})
	}
	f := fs[0]
	if f.State == Detected {
		return nil
	}
	f.State, f.Steps, f.WatchUntil, f.WatchEvery = Detected, []Step{}, 0, isms.Period{}
	f.Verdict, f.Relapses = v, f.Relapses+1
	if err := setWake(ctx, tx, f.ID, 0); err != nil {
		return err
	}
	return Failures.Revise(ctx, tx, "failure.relapsed", &f)
}

// finish closes a failure whose watch has passed. React has brought the verdicts up to date
// before, so a relapse would have ended the watch.
func (r *Room) finish(ctx context.Context, tx *ledger.Tx, id isms.ID, now isms.Instant) error {
	f, err := Failures.Get(ctx, tx.Tx, id)
	if err != nil {
		return err
	}
	if f.State != Watching || f.WatchUntil > now {
		return setWake(ctx, tx, id, f.WatchUntil)
	}
	v, err := verdictRow(ctx, tx.Tx, f.Control)
	if err != nil {
		return err
	}
	if v.Verdict != isms.Holding && v.Verdict != isms.Excepted {
		f.WatchUntil = watch.After(now, r.zone()) // unproven: nobody saw whether it held, so watching goes on
		if err := setWake(ctx, tx, id, f.WatchUntil); err != nil {
			return err
		}
		return Failures.Revise(ctx, tx, "failure.watch_extended", &f)
	}
	f.State, f.Closed = Closed, f.WatchUntil
	if err := setWake(ctx, tx, id, 0); err != nil {
		return err
	}
	return Failures.Revise(ctx, tx, "failure.closed", &f)
}

// FailuresIn returns up to limit failures after an id; open ones only, or all.
func FailuresIn(ctx context.Context, tx *store.Tx, openOnly bool, after isms.ID, limit int) ([]Failure, error) {
	return Failures.Where(ctx, tx, `(state <> 'closed' OR NOT $2) AND id > $3 ORDER BY id`, limit, openOnly, string(after))
}

// FailuresOf returns the failures of a control, newest first.
func FailuresOf(ctx context.Context, tx *store.Tx, control isms.ID, limit int) ([]Failure, error) {
	return Failures.Where(ctx, tx, `control = $2 ORDER BY began DESC, id DESC`, limit, string(control))
}
