package people

import (
	"context"
	"fmt"
	"slices"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// Record is what a decision needs to know of what is acted on. The zero value is a thing that
// nobody owns.
type Record struct {
	Place       isms.ID // where it lies; empty: where the actor is
	Owner       isms.ID // the account that answers for it
	Restricted  bool    // only for those with full reach, and its owner
	RequestedBy isms.ID // who asked, where a second person decides
}

// Can tells whether an actor may do something with one record, and if not, why. It says nothing of
// whether the second factor was shown: Allow does.
func Can(actor isms.Actor, act Act, rec Record) (bool, isms.Reason) {
	r, ok := ruleOf(act)
	if !ok {
		return false, isms.Because("can.unknown_act")
	}
	g, why := r.reach(actor)
	switch {
	case g == no:
		return false, why
	case rec.Place != "" && actor.Place != "" && rec.Place != actor.Place:
		return false, isms.Because("can.elsewhere")
	case r.apart && rec.RequestedBy != "" && rec.RequestedBy == actor.Account:
		return false, isms.Because("apart.you_asked")
	case g == all || rec.Owner != "" && rec.Owner == actor.Account:
		return true, isms.Reason{}
	case g == own:
		return false, isms.Because("can.not_yours")
	case rec.Restricted:
		return false, isms.Because("can.restricted")
	}
	return true, isms.Reason{}
}

// reach is how far an actor's permission for an act goes, and why not further.
func (r rule) reach(actor isms.Actor) (grant, isms.Reason) {
	switch actor.Means {
	case isms.BySystem:
		if actor.Account == "" && r.person {
			return no, isms.Because("can.person_needed")
		}
		return all, isms.Reason{}
	case isms.ByAgent:
		if r.agent {
			return all, isms.Reason{}
		}
		return no, isms.Because("can.not_agents")
	case isms.BySession, isms.ByToken:
	default:
		return no, isms.Because("can.nobody")
	}
	if actor.Account == "" || len(actor.Roles) == 0 {
		return no, isms.Because("can.no_role")
	}
	if actor.Means == isms.ByToken && !covers(actor.Scopes, r) {
		return no, isms.Because("can.token_scope")
	}
	best := no
	for _, role := range actor.Roles {
		best = max(best, r.grants[role])
	}
	if best == no {
		return no, isms.Because("can.role")
	}
	return best, isms.Reason{}
}

// Scopes of a token besides single acts.
const (
	ScopeRead  = "read"  // everything that changes nothing
	ScopeWrite = "write" // everything
)

func covers(scopes []string, r rule) bool {
	return slices.Contains(scopes, string(r.act)) || slices.Contains(scopes, ScopeWrite) || !r.write && slices.Contains(scopes, ScopeRead)
}

// Scope is Can for a list: an SQL condition over the columns owner and restricted, and requested_by
// for acts that need a second person, which is true for exactly the records that Can allows. Its
// parameters begin at $first. A condition names only the columns that its act needs.
func Scope(actor isms.Actor, act Act, first int) (string, []any) {
	r, ok := ruleOf(act)
	if !ok {
		return `1 = 0`, nil
	}
	g, _ := r.reach(actor)
	me := fmt.Sprintf(`$%d`, first)
	cond, uses := `1 = 0`, false
	switch g {
	case all:
		cond = `1 = 1`
	case own:
		cond, uses = `owner = `+me, true
	case open:
		cond, uses = `(restricted = FALSE OR owner = `+me+`)`, true
	}
	if r.apart && g != no && actor.Account != "" {
		cond, uses = cond+` AND requested_by <> `+me, true
	}
	if !uses {
		return cond, nil
	}
	return cond, []any{string(actor.Account)}
}

// Fresh tells whether the actor showed a second factor within FreshFor; kind StepUp if not.
func Fresh(actor isms.Actor, now isms.Instant) error {
	if actor.SteppedUp > 0 && actor.SteppedUp <= now && now.Sub(actor.SteppedUp) < FreshFor {
		return nil
	}
	if actor.Means == isms.ByToken {
		return isms.Errorf(isms.StepUp, "step_up.token")
	}
	return isms.Errorf(isms.StepUp, "step_up.needed")
}

// Apart refuses whoever asked for something from deciding it, and everything that is no person.
func Apart(requester isms.ID, actor isms.Actor) error {
	switch {
	case actor.Account == "":
		return isms.Errorf(isms.Forbidden, "apart.person_needed")
	case requester == actor.Account:
		return isms.Errorf(isms.Forbidden, "apart.you_asked")
	}
	return nil
}

// Allow is the whole question that a verb asks first: Can, with a fresh second factor where the act
// needs one. It returns an error that a person understands.
func Allow(actor isms.Actor, act Act, rec Record, now isms.Instant) error {
	if ok, why := Can(actor, act, rec); !ok {
		kind := isms.Forbidden
		if why.Code == "can.nobody" {
			kind = isms.SignIn
		}
		return &isms.Error{Kind: kind, Code: why.Code, Params: why.Params}
	}
	r, _ := ruleOf(act)
	if r.fresh && actor.Means != isms.BySystem {
		return Fresh(actor, now)
	}
	return nil
}

// NeedsTwo tells whether whoever asks for an act's record cannot do the act.
func NeedsTwo(act Act) bool { r, _ := ruleOf(act); return r.apart }

// KnownAct tells whether there is such an act.
func KnownAct(act Act) bool { _, ok := ruleOf(act); return ok }

// rolesIn reads what an account is in a place at a moment.
func rolesIn(ctx context.Context, tx *store.Tx, account, place isms.ID, now isms.Instant) ([]isms.Role, error) {
	if place == "" {
		return nil, nil
	}
	ms, err := Memberships.Where(ctx, tx, `account = $2 AND place = $3 AND (ends = 0 OR ends > $4)`, 1, string(account), string(place), int64(now))
	if err != nil || len(ms) == 0 {
		return nil, err
	}
	return ms[0].Roles, nil
}

// may is Allow for this room's own verbs: it looks the roles up in the place that is acted on,
// within the transaction, so that neither another place's roles nor old ones count.
func (p *People) may(ctx context.Context, tx *store.Tx, actor isms.Actor, act Act, rec Record) error {
	if actor.Means != isms.BySystem {
		if actor.Place != rec.Place {
			return isms.Errorf(isms.Forbidden, "can.elsewhere")
		}
		acc, err := Accounts.Get(ctx, tx, actor.Account)
		if gone := isms.Errorf(isms.SignIn, "session.ended"); err != nil || acc.State != Active {
			return instead(err, gone)
		}
		if actor.Roles, err = rolesIn(ctx, tx, actor.Account, rec.Place, p.now()); err != nil {
			return err
		}
	}
	return Allow(actor, act, rec, p.now())
}

// Able lists the accounts, other than one, who may do an act in a place: whom something waits for
// when a second person is needed. Nobody means that somebody has to be invited first.
func (p *People) Able(ctx context.Context, place isms.ID, act Act, besides isms.ID) ([]Account, error) {
	var out []Account
	err := p.log.Read(ctx, func(tx *store.Tx) error {
		ms, err := Memberships.Where(ctx, tx, `place = $2 AND (ends = 0 OR ends > $3)`, maxList, string(place), int64(p.now()))
		if err != nil {
			return err
		}
		for _, m := range ms {
			who := isms.Actor{Account: m.Account, Means: isms.BySession, Roles: m.Roles, Place: place}
			if ok, _ := Can(who, act, Record{Place: place}); !ok || m.Account == besides {
				continue
			}
			a, err := Accounts.Get(ctx, tx, m.Account)
			if err != nil {
				return err
			}
			if a.State == Active {
				out = append(out, a)
			}
		}
		return nil
	})
	return out, err
}
