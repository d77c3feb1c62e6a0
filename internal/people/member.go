package people

import (
	"context"
	"slices"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// Member is an account with what it is in one place.
type Member struct {
	Account    Account    `json:"account"`
	Membership Membership `json:"membership"`
}

// onlyPlace is where a person goes after signing in: their one organisation, or the instance if
// they have none. With several they choose.
func (p *People) onlyPlace(ctx context.Context, tx *store.Tx, account isms.ID) (isms.ID, error) {
	ms, err := placesOf(ctx, tx, account, p.now())
	if err != nil {
		return "", err
	}
	var orgs []isms.ID
	for _, m := range ms {
		if m.Place != p.Instance() {
			orgs = append(orgs, m.Place)
		}
	}
	switch {
	case len(orgs) == 1:
		return orgs[0], nil
	case len(orgs) == 0 && len(ms) > 0:
		return p.Instance(), nil
	}
	return "", nil
}

func placesOf(ctx context.Context, tx *store.Tx, account isms.ID, now isms.Instant) ([]Membership, error) {
	return Memberships.Where(ctx, tx, `account = $2 AND (ends = 0 OR ends > $3)`, maxList, string(account), int64(now))
}

// Places lists what an account is, and where.
func (p *People) Places(ctx context.Context, account isms.ID) (ms []Membership, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) (err error) { ms, err = placesOf(ctx, tx, account, p.now()); return err })
	return ms, err
}

// Members lists who belongs to a place, also those whose time there is over.
func (p *People) Members(ctx context.Context, actor isms.Actor, place isms.ID) (out []Member, err error) {
	act := PeopleRead
	if place == p.Instance() {
		act = AccountRead
	}
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		if err := p.may(ctx, tx, actor, act, Record{Place: place}); err != nil {
			return err
		}
		ms, err := Memberships.Where(ctx, tx, `place = $2`, maxList, string(place))
		if err != nil {
			return err
		}
		for _, m := range ms {
			a, err := Accounts.Get(ctx, tx, m.Account)
			if err != nil {
				return err
			}
			out = append(out, Member{a, m})
		}
		return nil
	})
	return out, err
}

// checkRoles holds roles and their end to what exists in a place. An auditor is nothing else and ends.
func checkRoles(place isms.ID, roles []isms.Role, ends, now isms.Instant) ([]isms.Role, error) {
	roles = slices.Clone(roles)
	slices.Sort(roles)
	roles = slices.Compact(roles)
	if len(roles) == 0 {
		return nil, isms.Errorf(isms.Invalid, "membership.no_role").At("roles")
	}
	for _, r := range roles {
		if !slices.Contains(RolesOf(place), r) {
			return nil, isms.Errorf(isms.Invalid, "membership.role_unknown", "role", string(r)).At("roles")
		}
	}
	if slices.Contains(roles, isms.Auditor) {
		if len(roles) > 1 {
			return nil, isms.Errorf(isms.Invalid, "membership.auditor_alone").At("roles")
		}
		if ends == 0 {
			return nil, isms.Errorf(isms.Invalid, "membership.auditor_ends").At("ends")
		}
	}
	if ends != 0 && ends <= now {
		return nil, isms.Errorf(isms.Invalid, "membership.ends_past").At("ends")
	}
	return roles, nil
}

// mayAppoint tells whether an actor may say what somebody is in a place: its security officer, or
// an operator where nobody holds that office (a new organisation, or one that lost its last).
func (p *People) mayAppoint(ctx context.Context, tx *store.Tx, actor isms.Actor, place isms.ID) error {
	if place == p.Instance() {
		return p.may(ctx, tx, actor, AccountCreate, Record{Place: place})
	}
	if actor.Means == isms.BySystem || actor.Place == place {
		return p.may(ctx, tx, actor, PeopleRoles, Record{Place: place})
	}
	others, err := p.holders(ctx, tx, place, isms.SecurityOfficer, "")
	if err != nil {
		return err
	}
	if others > 0 {
		return isms.Errorf(isms.Forbidden, "can.elsewhere")
	}
	return p.may(ctx, tx, actor, OrganisationCreate, Record{Place: p.Instance()})
}

// holders counts the active accounts that hold a role in a place, besides one account.
func (p *People) holders(ctx context.Context, tx *store.Tx, place isms.ID, role isms.Role, besides isms.ID) (n int, err error) {
	ms, err := Memberships.Where(ctx, tx, `place = $2 AND account <> $3 AND (ends = 0 OR ends > $4)`, maxList, string(place), string(besides), int64(p.now()))
	for _, m := range ms {
		if !slices.Contains(m.Roles, role) {
			continue
		}
		a, err := Accounts.Get(ctx, tx, m.Account)
		if err != nil {
			return 0, err
		}
		if a.State == Active {
			n++
		}
	}
	return n, err
}

// Join makes an account a member of a place.
func (p *People) Join(ctx context.Context, actor isms.Actor, account, place isms.ID, roles []isms.Role, ends isms.Instant) (m Membership, err error) {
	roles, err = checkRoles(place, roles, ends, p.now())
	if err != nil {
		return m, err
	}
	err = p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.mayAppoint(ctx, tx.Tx, actor, place); err != nil {
			return err
		}
		a, err := Accounts.Get(ctx, tx.Tx, account)
		if err != nil {
			return err
		}
		if a.State != Active {
			return isms.Errorf(isms.Conflict, "account.left")
		}
		m, err = join(ctx, tx, account, place, roles, ends)
		return err
	})
	return m, err
}

func join(ctx context.Context, tx *ledger.Tx, account, place isms.ID, roles []isms.Role, ends isms.Instant) (Membership, error) {
	m := Membership{Account: account, Place: place, Roles: roles, Ends: ends}
	have, err := Memberships.Where(ctx, tx.Tx, `account = $2 AND place = $3`, 1, string(account), string(place))
	switch {
	case err != nil:
		return m, err
	case len(have) == 0:
		return m, Memberships.Add(ctx, tx, "membership.begun", &m)
	case have[0].Ends == 0 || have[0].Ends > tx.At:
		return m, isms.Errorf(isms.Conflict, "membership.exists")
	}
	m.Row = have[0].Row // somebody whose time was over comes back
	return m, Memberships.Revise(ctx, tx, "membership.begun", &m)
}

// SetRoles changes what somebody is in a place, read at m's revision. A place keeps its last
// security officer, and the instance its last operator.
func (p *People) SetRoles(ctx context.Context, actor isms.Actor, m Membership, roles []isms.Role, ends isms.Instant) (Membership, error) {
	roles, err := checkRoles(m.Place, roles, ends, p.now())
	if err != nil {
		return m, err
	}
	next := m
	err = p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		have, err := Memberships.Get(ctx, tx.Tx, m.ID)
		if err != nil {
			return err
		}
		if err := p.mayAppoint(ctx, tx.Tx, actor, have.Place); err != nil {
			return err
		}
		if err := p.keepsHead(ctx, tx.Tx, have, roles); err != nil {
			return err
		}
		next = have
		next.Rev, next.Roles, next.Ends = m.Rev, roles, ends
		return Memberships.Revise(ctx, tx, "membership.roles_changed", &next)
	})
	return next, err
}

// keepsHead refuses to leave a place without the role that runs it.
func (p *People) keepsHead(ctx context.Context, tx *store.Tx, m Membership, next []isms.Role) error {
	head := isms.SecurityOfficer
	if m.Place == p.Instance() {
		head = Operator
	}
	if !slices.Contains(m.Roles, head) || slices.Contains(next, head) {
		return nil
	}
	n, err := p.holders(ctx, tx, m.Place, head, m.Account)
	if err == nil && n == 0 {
		return isms.Errorf(isms.Conflict, "membership.last_head")
	}
	return err
}

// Part ends a membership. Sessions and tokens of the person in that place end with it.
func (p *People) Part(ctx context.Context, actor isms.Actor, id isms.ID) error {
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		m, err := Memberships.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		act := PeopleLeave
		if m.Place == p.Instance() {
			act = AccountLeave
		}
		if err := p.may(ctx, tx.Tx, actor, act, Record{Place: m.Place, Owner: m.Account}); err != nil {
			return err
		}
		if !slices.Equal(m.Roles, []isms.Role{isms.Employee}) { // taking an office away is the officer's
			if err := p.mayAppoint(ctx, tx.Tx, actor, m.Place); err != nil {
				return err
			}
		}
		if err := p.keepsHead(ctx, tx.Tx, m, nil); err != nil {
			return err
		}
		return part(ctx, tx, m)
	})
}

func part(ctx context.Context, tx *ledger.Tx, m Membership) error {
	if _, err := tx.Exec(ctx, `DELETE FROM people_session WHERE account = $1 AND place = $2`, string(m.Account), string(m.Place)); err != nil {
		return err
	}
	if err := endTokens(ctx, tx, `account = $2 AND place = $3`, string(m.Account), string(m.Place)); err != nil {
		return err
	}
	return Memberships.Remove(ctx, tx, "membership.ended", &m)
}

// Leave locks a leaver out of everything, at once: sessions, tokens and links end, memberships end,
// and every way of signing in is gone. The account stays, so that what the person did keeps its name.
func (p *People) Leave(ctx context.Context, actor isms.Actor, account isms.ID) error {
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.may(ctx, tx.Tx, actor, AccountLeave, Record{Place: p.Instance()}); err != nil {
			return err
		}
		a, err := Accounts.Get(ctx, tx.Tx, account)
		if err != nil {
			return err
		}
		if a.State == Left {
			return isms.Errorf(isms.Conflict, "account.left")
		}
		ms, err := Memberships.Where(ctx, tx.Tx, `account = $2`, maxList, string(account))
		if err != nil {
			return err
		}
		for _, m := range ms {
			// An organisation may lose its officer to a resignation; the installation keeps an operator.
			if m.Place == p.Instance() {
				if err := p.keepsHead(ctx, tx.Tx, m, nil); err != nil {
					return err
				}
			}
			if err := part(ctx, tx, m); err != nil {
				return err
			}
		}
		if err := dropCredentials(ctx, tx, account); err != nil {
			return err
		}
		a.State, a.PasswordSet, a.TOTPSet, a.Passkeys, a.RecoverySet = Left, 0, 0, 0, 0
		return Accounts.Revise(ctx, tx, "account.left", &a)
	})
}

// dropCredentials takes every way in away, and every session.
func dropCredentials(ctx context.Context, tx *ledger.Tx, account isms.ID) error {
	if err := endSessions(ctx, tx, account, ""); err != nil {
		return err
	}
	for _, text := range []string{
		`DELETE FROM people_password WHERE account = $1`, `DELETE FROM people_totp WHERE account = $1`, `DELETE FROM people_passkey WHERE account = $1`,
		`DELETE FROM people_recovery WHERE account = $1`, `DELETE FROM people_link WHERE subject = $1`,
	} {
		if _, err := tx.Exec(ctx, text, string(account)); err != nil {
			return err
		}
	}
	return nil
}

// Return lets somebody who had left come back; they get a reset link and new memberships.
func (p *People) Return(ctx context.Context, actor isms.Actor, account isms.ID) error {
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.may(ctx, tx.Tx, actor, AccountCreate, Record{Place: p.Instance()}); err != nil {
			return err
		}
		a, err := Accounts.Get(ctx, tx.Tx, account)
		if err != nil {
			return err
		}
		if a.State != Left {
			return isms.Errorf(isms.Conflict, "account.active")
		}
		a.State = Active
		return Accounts.Revise(ctx, tx, "account.returned", &a)
	})
}

// Erase drops the personal values of somebody who has left: account and invitations, in rows and
// ledger. Their id stays in what they did and says nothing.
func (p *People) Erase(ctx context.Context, actor isms.Actor, account isms.ID, why isms.Reason) error {
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.may(ctx, tx.Tx, actor, AccountLeave, Record{Place: p.Instance()}); err != nil {
			return err
		}
		a, err := Accounts.Get(ctx, tx.Tx, account)
		if err != nil {
			return err
		}
		if a.State != Left {
			return isms.Errorf(isms.Conflict, "account.active")
		}
		invited, err := invitedAs(ctx, tx, a)
		if err != nil {
			return err
		}
		for _, id := range invited {
			if err := Invitations.Erase(ctx, tx, id, why); err != nil {
				return err
			}
		}
		if err := dropCredentials(ctx, tx, account); err != nil {
			return err
		}
		return Accounts.Erase(ctx, tx, account, why)
	})
}
