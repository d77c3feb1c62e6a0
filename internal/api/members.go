package api

import (
	"context"
	"net/http"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

func (d *door) memberOperations(p placed) {
	const get, post = http.MethodGet, http.MethodPost
	handle(d, p.spec(get, "list", "memberships", "/memberships", "people", p.see, "List the members", "Also those whose time has ended."), d.listMembers)
	handle(d, p.spec(get, "get", "membership", "/memberships/{membership}", "people", p.see, "Get a membership", ""), d.getMember)
	join := p.spec(post, "create", "membership", "/memberships", "people", p.appoint, "Make an account a member", "An auditor's membership must end.")
	join.made = true
	handle(d, join, d.join)
	roles := p.spec(http.MethodPatch, "revise", "membership", "/memberships/{membership}", "people", p.appoint, "Change the roles of a member", "A place keeps its last security officer or operator.")
	roles.revises = true
	handle(d, roles, d.setRoles)
	handle(d, p.spec(post, "end", "membership", "/memberships/{membership}/endings", "people", p.end, "End a membership", "Sessions and tokens of the person there end with it."), d.part)
	handle(d, p.spec(get, "list", "invitations", "/invitations", "people", p.invite, "List the open invitations", ""), d.listInvitations)
	invite := p.spec(post, "create", "invitation", "/invitations", "people", p.invite, "Invite somebody", "The answer holds the secret of the link to hand over, once.")
	invite.made = true
	handle(d, invite, d.invite)
	handle(d, p.spec(post, "withdraw", "invitation", "/invitations/{invitation}/withdrawals", "people", p.invite, "Withdraw an invitation", ""), d.withdraw)
}

// member is a membership with its account.
type member struct {
	people.Membership
	account people.Account
}

func (d *door) member(ctx context.Context, tx *store.Tx, m people.Membership) (member, error) {
	a, err := people.Accounts.Get(ctx, tx, m.Account)
	if isms.KindOf(err) == isms.NotFound { // erased: only the id is left
		a, err = people.Account{State: people.Left}, nil
	}
	return member{m, a}, err
}

func (m member) wire() wire.Membership {
	return wire.Membership{
		ID: m.ID, Revision: m.Rev, Account: m.Account, Name: m.account.Name, Email: m.account.Email, State: m.account.State, Roles: m.Roles, Ends: wire.Time(m.Ends),
	}
}

func (d *door) listMembers(ctx context.Context, c *call, in *Listing) (*Many[wire.Membership], error) {
	c.log = d.Instance.Log
	return list(ctx, c, *in, func(m member) []string { return []string{string(m.ID)} }, member.wire,
		func(tx *store.Tx, after []string, limit int) ([]member, error) {
			ms, err := people.Memberships.Where(ctx, tx, `place = $2 AND id > $3`, limit, string(c.place), first(after))
			if err != nil {
				return nil, err
			}
			out := make([]member, 0, len(ms))
			for _, m := range ms {
				full, err := d.member(ctx, tx, m)
				if err != nil {
					return nil, err
				}
				out = append(out, full)
			}
			return out, nil
		})
}

// first is the sort key of a list by id.
func first(after []string) string {
	if after == nil {
		return ""
	}
	return after[0]
}

type inMembership struct {
	Membership isms.ID `path:"membership" maxLength:"64"`
	Reading
}

// memberOf reads a membership of this place.
func (d *door) memberOf(ctx context.Context, c *call, id isms.ID, at asOf) (m member, err error) {
	c.log = d.Instance.Log
	err = c.view(ctx, at, func(tx *store.Tx) error {
		v, err := people.Memberships.Get(ctx, tx, id)
		if err == nil && v.Place != c.place {
			err = isms.Errorf(isms.NotFound, "record.unknown", "id", string(id))
		}
		if err != nil {
			return err
		}
		m, err = d.member(ctx, tx, v)
		return err
	})
	return m, err
}

func (d *door) getMember(ctx context.Context, c *call, in *inMembership) (*One[wire.Membership], error) {
	m, err := d.memberOf(ctx, c, in.Membership, in.AsOf)
	if err != nil {
		return nil, err
	}
	return one(c, m.wire(), m.Rev, in.IfNoneMatch), nil
}

func (d *door) join(ctx context.Context, c *call, in *inBody[wire.MembershipNew]) (*Made[wire.Membership], error) {
	m, err := d.People.Join(ctx, c.actor, in.Body.Account, c.place, in.Body.Roles, instant(in.Body.Ends))
	if err != nil {
		return nil, err
	}
	full, err := d.memberOf(ctx, c, m.ID, asOf{})
	if err != nil {
		return nil, err
	}
	return made(c, full.wire(), full.Rev, "/memberships/"+string(m.ID)), nil
}

type inMembershipChange struct {
	Membership isms.ID `path:"membership" maxLength:"64"`
	Matching
	Body wire.MembershipChange
}

func (d *door) setRoles(ctx context.Context, c *call, in *inMembershipChange) (*One[wire.Membership], error) {
	m, err := d.memberOf(ctx, c, in.Membership, asOf{})
	if err != nil {
		return nil, err
	}
	if err := match(in.IfMatch, m.Rev); err != nil {
		return nil, err
	}
	if m.Membership, err = d.People.SetRoles(ctx, c.actor, m.Membership, in.Body.Roles, instant(in.Body.Ends)); err != nil {
		return nil, err
	}
	c.now()
	return one(c, m.wire(), m.Rev, ""), nil
}

func (d *door) part(ctx context.Context, c *call, in *struct {
	Membership isms.ID `path:"membership" maxLength:"64"`
}) (*One[wire.Done], error) {
	if _, err := d.memberOf(ctx, c, in.Membership, asOf{}); err != nil {
		return nil, err
	}
	if err := d.People.Part(ctx, c.actor, in.Membership); err != nil {
		return nil, err
	}
	return done(c), nil
}

func invitation(i people.Invitation, secret string) wire.Invitation {
	return wire.Invitation{
		ID: i.ID, Revision: i.Rev, Email: i.Email, Name: i.Name, Roles: i.Roles, RoleEnds: wire.Time(i.RoleEnds), InvitedBy: i.InvitedBy,
		Ends: wire.Time(i.Ends), State: i.State, Secret: secret,
	}
}

func (d *door) listInvitations(ctx context.Context, c *call, in *Listing) (*Many[wire.Invitation], error) {
	c.log = d.Instance.Log
	return list(ctx, c, *in, func(i people.Invitation) []string { return []string{string(i.ID)} }, func(i people.Invitation) wire.Invitation { return invitation(i, "") },
		func(tx *store.Tx, after []string, limit int) ([]people.Invitation, error) {
			return people.Invitations.Where(ctx, tx, `place = $2 AND id > $3 AND state = 'open' AND ends > $4`, limit, string(c.place), first(after), int64(d.Instance.Clock.Now()))
		})
}

func (d *door) invite(ctx context.Context, c *call, in *inBody[wire.InvitationNew]) (*Made[wire.Invitation], error) {
	c.log = d.Instance.Log
	i, secret, err := d.People.Invite(ctx, c.actor, people.Invitation{
		Email: in.Body.Email, Name: in.Body.Name, Place: c.place, Roles: in.Body.Roles, RoleEnds: instant(in.Body.RoleEnds),
	})
	if err != nil {
		return nil, err
	}
	return made(c, invitation(i, secret), i.Rev, "/invitations/"+string(i.ID)), nil
}

func (d *door) withdraw(ctx context.Context, c *call, in *struct {
	Invitation isms.ID `path:"invitation" maxLength:"64"`
}) (*One[wire.Done], error) {
	c.log = d.Instance.Log
	err := c.view(ctx, asOf{}, func(tx *store.Tx) error {
		i, err := people.Invitations.Get(ctx, tx, in.Invitation)
		if err == nil && i.Place != c.place {
			err = isms.Errorf(isms.NotFound, "record.unknown", "id", string(in.Invitation))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := d.People.Withdraw(ctx, c.actor, in.Invitation); err != nil {
		return nil, err
	}
	return done(c), nil
}

// instant reads an optional moment.
func instant(t time.Time) isms.Instant {
	if t.IsZero() {
		return 0
	}
	return isms.InstantOf(t)
}
