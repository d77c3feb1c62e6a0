package policy

import (
	"context"
	"strings"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
)

// Adoption says what is declared about a version that was in force before Holdfast.
type Adoption struct {
	Approver  string    // who approved it, as people know them
	Approved  isms.Date // when
	Effective isms.Date // first day in force; empty: the day of approval
	Every     isms.Period
}

// Adopt puts a version in force that is in force already: with its declared approver, date
// and original file. One person suffices, and the version says that it was adopted.
// Errors: policy.approver_missing, policy.date_missing, policy.adopt_needs_file,
// policy.not_yet (the day lies ahead), policy.parent_not_in_force, policy.state_forbids.
func (r *Room) Adopt(ctx context.Context, actor isms.Actor, version isms.ID, a Adoption) error {
	a.Approver = strings.TrimSpace(a.Approver)
	if a.Approver == "" {
		return isms.Errorf(isms.Invalid, "policy.approver_missing").At("approver")
	}
	if a.Effective == "" {
		a.Effective = a.Approved
	}
	for _, d := range []isms.Date{a.Approved, a.Effective} {
		if _, err := isms.ParseDate(string(d)); err != nil {
			return isms.Errorf(isms.Invalid, "policy.date_missing").At("approved")
		}
	}
	return r.move(ctx, actor, people.PolicyAdopt, version, adopt, func(tx *ledger.Tx, v *Version) error {
		if max(a.Effective, a.Approved) > isms.DateOf(tx.At, r.zone()) {
			return isms.Errorf(isms.Invalid, "policy.not_yet", "date", string(a.Effective)).At("effective")
		}
		t, err := Source(ctx, tx.Tx, v.ID)
		if err != nil {
			return err
		}
		if t.File.Digest == "" {
			return isms.Errorf(isms.Invalid, "policy.adopt_needs_file").At("file")
		}
		v.Adopted, v.Approver, v.Approved, v.Published, v.Effective = true, a.Approver, a.Approved, a.Approved, a.Effective
		return r.enterForce(ctx, tx, v, a.Every)
	}, "version.adopted")
}

// Submit puts a draft to approval by another person.
func (r *Room) Submit(ctx context.Context, actor isms.Actor, version isms.ID) error {
	return r.move(ctx, actor, people.PolicyEdit, version, submit, func(tx *ledger.Tx, v *Version) error {
		if actor.Account == "" {
			return isms.Errorf(isms.Forbidden, "policy.person_needed")
		}
		v.Submitted = actor.Account
		return nil
	}, "version.submitted")
}

// SendBack makes a submitted version a draft again, with the reason.
func (r *Room) SendBack(ctx context.Context, actor isms.Actor, version isms.ID, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return isms.Errorf(isms.Invalid, "policy.reason_missing").At("reason")
	}
	return r.move(ctx, actor, people.PolicyApprove, version, sendBack, func(_ *ledger.Tx, v *Version) error {
		v.Reason, v.Submitted = reason, ""
		return nil
	}, "version.sent_back")
}

// Approve approves a submitted version. The approver is another person than the one who
// submitted it (code apart.you_asked).
func (r *Room) Approve(ctx context.Context, actor isms.Actor, version isms.ID) error {
	return r.move(ctx, actor, people.PolicyApprove, version, approve, func(tx *ledger.Tx, v *Version) error {
		v.Approver, v.Approved = string(actor.Account), isms.DateOf(tx.At, r.zone())
		return nil
	}, "version.approved")
}

// Publish announces an approved version and its first day in force; empty: today. A day
// ahead is waited for by Tick. Errors: policy.not_back, policy.parent_not_in_force.
func (r *Room) Publish(ctx context.Context, actor isms.Actor, version isms.ID, effective isms.Date, every isms.Period) error {
	return r.move(ctx, actor, people.PolicyPublish, version, publish, func(tx *ledger.Tx, v *Version) error {
		today := isms.DateOf(tx.At, r.zone())
		if effective == "" {
			effective = today
		}
		if _, err := isms.ParseDate(string(effective)); err != nil {
			return err
		}
		if effective < today {
			return isms.Errorf(isms.Invalid, "policy.not_back", "date", string(effective)).At("effective")
		}
		v.Published, v.Effective = today, effective
		if effective > today {
			return nil
		}
		v.State = Effective
		return r.enterForce(ctx, tx, v, every)
	}, "version.published")
}

// Expire ends a version in force without another in its place.
func (r *Room) Expire(ctx context.Context, actor isms.Actor, version isms.ID, reason string) error {
	return r.move(ctx, actor, people.PolicyPublish, version, expire, func(tx *ledger.Tx, v *Version) error {
		v.Ended, v.Reason = isms.DateOf(tx.At, r.zone()), reason
		d, err := Documents.Get(ctx, tx.Tx, v.Document)
		if err != nil {
			return err
		}
		d.InForce = false
		return Documents.Revise(ctx, tx, "document.standing_changed", &d)
	}, "version.expired")
}

// Tick puts published versions in force whose first day has come. The system calls it when
// a day begins and after a start.
func (r *Room) Tick(ctx context.Context) error {
	return r.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		today := isms.DateOf(tx.At, r.zone())
		vs, err := Versions.Where(ctx, tx.Tx, `state = $2 AND effective <> '' AND effective <= $3 ORDER BY effective, id`, 1000, string(Approved), string(today))
		for i := range vs {
			v := &vs[i]
			if v.State, err = v.State.next(begin); err != nil {
				return err
			}
			if err = r.enterForce(ctx, tx, v, isms.Period{}); err == nil {
				err = Versions.Revise(ctx, tx, "version.in_force", v)
			}
			if isms.CodeOf(err) == "policy.parent_not_in_force" {
				err = nil // waits until its parent is; nothing was written for it yet
				continue
			}
			if err != nil {
				return err
			}
		}
		return err
	})
}

// Job is Tick as recurring work.
func (r *Room) Job() schedule.Job {
	return schedule.Job{Name: "policy.days", Every: 5 * time.Minute, Do: func(ctx context.Context) (isms.Instant, error) { return 0, r.Tick(ctx) }}
}

// move does one verb on a version: permission, state table, rows and entry.
func (r *Room) move(ctx context.Context, actor isms.Actor, act people.Act, id isms.ID, v verb, fn func(*ledger.Tx, *Version) error, kind string) error {
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		ver, err := Versions.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		d, err := Documents.Get(ctx, tx.Tx, ver.Document)
		if err != nil {
			return err
		}
		if err := r.allow(actor, act, people.Record{Owner: d.Owner, RequestedBy: ver.Submitted}); err != nil {
			return err
		}
		if ver.State, err = ver.State.next(v); err != nil {
			return err
		}
		if err := fn(tx, &ver); err != nil {
			return err
		}
		return Versions.Revise(ctx, tx, kind, &ver)
	})
}

// enterForce makes v the version in force: what was in force ends on its first day, and
// summaries of the document must be reviewed. The caller writes v.
func (r *Room) enterForce(ctx context.Context, tx *ledger.Tx, v *Version, every isms.Period) error {
	d, err := Documents.Get(ctx, tx.Tx, v.Document)
	if err != nil {
		return err
	}
	if d.Kind == Summary {
		p, err := Documents.Get(ctx, tx.Tx, d.Parent)
		if err != nil {
			return err
		}
		if !p.InForce {
			return isms.Errorf(isms.Conflict, "policy.parent_not_in_force")
		}
		d.ReviewRequired = false
	}
	if d.InForce && d.Standing != v.ID {
		old, err := Versions.Get(ctx, tx.Tx, d.Standing)
		if err != nil {
			return err
		}
		if v.Effective < old.Effective {
			return isms.Errorf(isms.Invalid, "policy.not_back", "date", string(v.Effective)).At("effective")
		}
		if old.State, err = old.State.next(supersede); err != nil {
			return err
		}
		old.Ended = v.Effective
		if err := Versions.Revise(ctx, tx, "version.superseded", &old); err != nil {
			return err
		}
	}
	if !every.IsZero() {
		d.ReviewEvery = every
	}
	if d.ReviewDue = ""; !d.ReviewEvery.IsZero() {
		d.ReviewDue = isms.DateOf(d.ReviewEvery.After(v.Effective.Start(r.zone()), r.zone()), r.zone())
	}
	d.Standing, d.InForce = v.ID, true
	if err := Documents.Revise(ctx, tx, "document.standing_changed", &d); err != nil {
		return err
	}
	return askSummaries(ctx, tx, d.ID)
}

// askSummaries marks the public summaries of a document whose text changed.
func askSummaries(ctx context.Context, tx *ledger.Tx, parent isms.ID) error {
	ds, err := Documents.Where(ctx, tx.Tx, `parent = $2`, 1000, string(parent))
	if err != nil {
		return err
	}
	for i := range ds {
		if ds[i].ReviewRequired || ds[i].Kind != Summary {
			continue
		}
		ds[i].ReviewRequired = true
		if err := Documents.Revise(ctx, tx, "document.review_required", &ds[i]); err != nil {
			return err
		}
	}
	return nil
}

// Own gives a document to an account that answers for it; empty takes it away.
func (r *Room) Own(ctx context.Context, actor isms.Actor, document, owner isms.ID) error {
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		d, err := Documents.Get(ctx, tx.Tx, document)
		if err != nil {
			return err
		}
		if err := r.allow(actor, people.PolicyEdit, people.Record{Owner: d.Owner}); err != nil {
			return err
		}
		d.Owner = owner
		return Documents.Revise(ctx, tx, "document.owned", &d)
	})
}

// Assign says who answers for a clause, and who in their place.
func (r *Room) Assign(ctx context.Context, actor isms.Actor, clause, owner, deputy isms.ID) error {
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		c, err := Clauses.Get(ctx, tx.Tx, clause)
		if err != nil {
			return err
		}
		if err := r.allowIn(ctx, tx.Tx, actor, people.PolicyEdit, c.Document); err != nil {
			return err
		}
		c.Owner, c.Deputy = owner, deputy
		return Clauses.Revise(ctx, tx, "clause.assigned", &c)
	})
}

// Locked is how long an expired or replaced version cannot be deleted (clause I42).
var Locked = isms.Period{Years: 5}

// Delete withdraws a version that never was in force, or destroys one that has been out of
// force for longer than Locked. Everything else is refused with code policy.in_force or
// policy.locked, and the refusal stands in the ledger.
func (r *Room) Delete(ctx context.Context, actor isms.Actor, version isms.ID) error {
	if err := r.allow(actor, people.PolicyImport, people.Record{}); err != nil {
		return err
	}
	var refused error
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		refused = nil
		v, err := Versions.Get(ctx, tx.Tx, version)
		if err != nil {
			return err
		}
		if _, err := v.State.next(withdraw); err == nil {
			return r.withdraw(ctx, tx, v)
		}
		if _, err := v.State.next(destroy); err != nil {
			refused = isms.Errorf(isms.Conflict, "policy.in_force")
		} else if free := isms.DateOf(Locked.After(v.Ended.Start(r.zone()), r.zone()), r.zone()); isms.DateOf(tx.At, r.zone()) <= free {
			refused = isms.Errorf(isms.Conflict, "policy.locked", "until", string(free))
		}
		if refused != nil {
			tx.Append("version.deletion_refused", version, 0, append(append([]byte(`{"because":`), ledger.AppendString(nil, isms.CodeOf(refused))...), '}'))
			return nil
		}
		return r.destroy(ctx, tx, v)
	})
	if err != nil {
		return err
	}
	return refused
}

// withdraw ends the rows of a version that never was in force; they stay readable as of then.
func (r *Room) withdraw(ctx context.Context, tx *ledger.Tx, v Version) error {
	err := eachRow(ctx, tx, v.ID, func(t *Text) error { return Texts.Remove(ctx, tx, "text.withdrawn", t) },
		func(c *ClauseText) error { return ClauseTexts.Remove(ctx, tx, "clause_text.withdrawn", c) })
	if err != nil {
		return err
	}
	if err := Versions.Remove(ctx, tx, "version.withdrawn", &v); err != nil {
		return err
	}
	d, err := Documents.Get(ctx, tx.Tx, v.Document)
	if err != nil || d.Standing != v.ID {
		return err
	}
	left, err := Versions.Where(ctx, tx.Tx, `document = $2 ORDER BY number DESC`, 1, string(d.ID))
	if err != nil {
		return err
	}
	if len(left) == 0 {
		return Documents.Remove(ctx, tx, "document.withdrawn", &d)
	}
	d.Standing = left[0].ID
	return Documents.Revise(ctx, tx, "document.standing_changed", &d)
}

// destroy erases words and files of a version after its lock.
func (r *Room) destroy(ctx context.Context, tx *ledger.Tx, v Version) error {
	why := isms.Because("policy.lock_ended")
	err := eachRow(ctx, tx, v.ID, func(t *Text) error {
		if _, err := tx.DropFiles(ctx, t.ID); err != nil {
			return err
		}
		return Texts.Erase(ctx, tx, t.ID, why)
	}, func(c *ClauseText) error { return ClauseTexts.Erase(ctx, tx, c.ID, why) })
	if err != nil {
		return err
	}
	return Versions.Remove(ctx, tx, "version.destroyed", &v)
}

func eachRow(ctx context.Context, tx *ledger.Tx, version isms.ID, text func(*Text) error, words func(*ClauseText) error) error {
	ts, err := Texts.Where(ctx, tx.Tx, `version = $2`, 100, string(version))
	if err != nil {
		return err
	}
	for i := range ts {
		cs, err := textClauses(ctx, tx.Tx, ts[i].ID)
		if err != nil {
			return err
		}
		for k := range cs {
			if err := words(&cs[k]); err != nil {
				return err
			}
		}
		if err := text(&ts[i]); err != nil {
			return err
		}
	}
	return nil
}

// Source returns the text of a version in the language that binds.
func Source(ctx context.Context, tx *store.Tx, version isms.ID) (Text, error) {
	ts, err := Texts.Where(ctx, tx, `version = $2`, 100, string(version))
	if err != nil {
		return Text{}, err
	}
	for _, t := range ts {
		if t.Source {
			return t, nil
		}
	}
	return Text{}, isms.Errorf(isms.NotFound, "record.unknown", "id", string(version))
}
