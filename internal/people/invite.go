package people

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// How long links last that are handed over.
const (
	invitationFor = 7 * 24 * time.Hour
	resetFor      = 24 * time.Hour
	setUpFor      = 60 * time.Minute
)

// Purposes of links.
const (
	forSetUp      = "set_up"
	forInvitation = "invitation"
	forReset      = "reset"     // new password, same second factor
	forResetAll   = "reset_all" // new password, new second factor
)

// Invitation asks somebody in.
type Invitation struct {
	register.Row
	Email     string       `json:"email"`
	Name      string       `json:"name"`
	Place     isms.ID      `json:"place"`
	Roles     []isms.Role  `json:"roles"`
	RoleEnds  isms.Instant `json:"role_ends"` // when the membership will end; zero: open
	InvitedBy string       `json:"invited_by"`
	Account   isms.ID      `json:"account"` // who accepted
	Ends      isms.Instant `json:"ends"`
	State     string       `json:"state"` // open, accepted, withdrawn
}

// Invitations is the register of invitations.
var Invitations = register.Declare("invitation", isms.InvitationPrefix, func(i *Invitation) []register.Column {
	return []register.Column{
		register.Text("email", &i.Email), register.Text("name", &i.Name), register.Ref("place", &i.Place), register.JSON("roles", &i.Roles),
		register.Instant("role_ends", &i.RoleEnds), register.Text("invited_by", &i.InvitedBy), register.Ref("account", &i.Account),
		register.Instant("ends", &i.Ends), register.State("state", &i.State),
	}
})

// NewAccount is what a person says of themselves when they come.
type NewAccount struct {
	Email    string
	Name     string
	Language isms.Language
	// Password may be empty for somebody who will sign in by passkey alone: they register one in
	// the session that they get, or need a new link.
	Password string
}

func (n NewAccount) check() (Account, error) {
	a := Account{Name: strings.TrimSpace(n.Name), Language: n.Language, State: Active}
	var err error
	if a.Email, err = normalEmail(n.Email); err != nil {
		return a, err
	}
	if a.Name == "" || !utf8.ValidString(a.Name) {
		return a, isms.Errorf(isms.Invalid, "account.name_missing").At("name")
	}
	if utf8.RuneCountInString(a.Name) > 200 {
		return a, isms.Errorf(isms.Invalid, "account.name_too_long").At("name")
	}
	switch a.Language {
	case "":
		a.Language = isms.English
	case isms.English, isms.German, isms.Slovenian:
	default:
		return a, isms.Errorf(isms.Invalid, "account.language_unknown", "language", string(a.Language)).At("language")
	}
	return a, nil
}

// put keeps a link's hash.
func put(ctx context.Context, tx *ledger.Tx, hash, purpose string, subject isms.ID, ends isms.Instant) error {
	_, err := tx.Exec(ctx, `INSERT INTO people_link (hash, purpose, subject, ends) VALUES ($1, $2, $3, $4)`, hash, purpose, string(subject), int64(ends))
	return err
}

// look finds what a link is for, without using it up.
func (p *People) look(ctx context.Context, tx *store.Tx, hash string, purposes ...string) (purpose string, subject isms.ID, err error) {
	var ends isms.Instant
	err = tx.Row(ctx, []any{&purpose, (*string)(&subject), (*int64)(&ends)}, `SELECT purpose, subject, ends FROM people_link WHERE hash = $1`, hash)
	if errors.Is(err, store.ErrNoRow) || err == nil && (p.now() >= ends || !slices.Contains(purposes, purpose)) {
		return "", "", isms.Errorf(isms.NotFound, "link.ended")
	}
	return purpose, subject, err
}

// take uses a link up: of many at once, one gets it.
func (p *People) take(ctx context.Context, tx *ledger.Tx, hash string, purposes ...string) (purpose string, subject isms.ID, err error) {
	if purpose, subject, err = p.look(ctx, tx.Tx, hash, purposes...); err != nil {
		return "", "", err
	}
	n, err := tx.Exec(ctx, `DELETE FROM people_link WHERE hash = $1`, hash)
	if err == nil && n == 0 {
		err = isms.Errorf(isms.NotFound, "link.ended")
	}
	return purpose, subject, err
}

// Invite asks somebody into a place and returns the secret of the link to hand over, once.
func (p *People) Invite(ctx context.Context, actor isms.Actor, inv Invitation) (Invitation, string, error) {
	a, err := NewAccount{Email: inv.Email, Name: inv.Name}.check()
	if err != nil {
		return inv, "", err
	}
	roles, err := checkRoles(inv.Place, inv.Roles, inv.RoleEnds, p.now())
	if err != nil {
		return inv, "", err
	}
	token, hash := newSecret("")
	out := inv
	err = p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.mayInvite(ctx, tx.Tx, actor, inv.Place, roles); err != nil {
			return err
		}
		have, err := byEmail(ctx, tx.Tx, a.Email)
		if err != nil {
			return err
		}
		if have != nil {
			held, err := rolesIn(ctx, tx.Tx, have.ID, inv.Place, p.now())
			if err != nil {
				return err
			}
			if len(held) > 0 {
				return isms.Errorf(isms.Conflict, "membership.exists").At("email")
			}
		}
		out = Invitation{Email: a.Email, Name: a.Name, Place: inv.Place, Roles: roles, RoleEnds: inv.RoleEnds,
			InvitedBy: actor.String(), Ends: tx.At.Add(invitationFor), State: "open"}
		if err := Invitations.Add(ctx, tx, "invitation.made", &out); err != nil {
			return err
		}
		return put(ctx, tx, hash, forInvitation, out.ID, out.Ends)
	})
	return out, token, err
}

// mayInvite: who may invite brings employees in; who may appoint brings in everybody else.
func (p *People) mayInvite(ctx context.Context, tx *store.Tx, actor isms.Actor, place isms.ID, roles []isms.Role) error {
	if slices.Equal(roles, []isms.Role{isms.Employee}) && actor.Place == place {
		return p.may(ctx, tx, actor, PeopleInvite, Record{Place: place})
	}
	return p.mayAppoint(ctx, tx, actor, place)
}

// Invitation returns what a link invites to, and whether its person has an account already and so
// accepts it signed in.
func (p *People) Invitation(ctx context.Context, token string) (inv Invitation, has bool, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		_, id, err := p.look(ctx, tx, hashOf(token), forInvitation)
		if err != nil {
			return err
		}
		if inv, err = Invitations.Get(ctx, tx, id); err != nil {
			return err
		}
		a, err := byEmail(ctx, tx, inv.Email)
		has = a != nil
		return err
	})
	return inv, has, err
}

// Accept makes the account that an invitation is for, with its address, and lets it in to enrol.
func (p *People) Accept(ctx context.Context, token string, in NewAccount, from Source) (out SignedIn, err error) {
	inv, has, err := p.Invitation(ctx, token)
	if err != nil {
		return out, err
	}
	if has {
		return out, isms.Errorf(isms.Conflict, "invitation.sign_in_first")
	}
	in.Email = inv.Email
	a, c, err := p.prepare(ctx, in, inv.Place)
	if err != nil {
		return out, err
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		inv, err := p.taken(ctx, tx, token)
		if err != nil {
			return err
		}
		acc := a
		if err := create(ctx, tx, &acc, c); err != nil {
			return err
		}
		if _, err := accepted(ctx, tx, inv, acc.ID); err != nil {
			return err
		}
		out, err = p.start(ctx, tx, acc.ID, Enrol, "", from)
		return err
	})
	return out, err
}

// AcceptAs accepts an invitation for the account of a full session, whose address it must name.
func (p *People) AcceptAs(ctx context.Context, cookie, token string) (m Membership, err error) {
	s, a, err := p.unfinished(ctx, cookie, Full)
	if err != nil {
		return m, err
	}
	err = p.log.Write(ctx, s.owner(), func(tx *ledger.Tx) error {
		inv, err := p.taken(ctx, tx, token)
		if err != nil {
			return err
		}
		if inv.Email != a.Email {
			return isms.Errorf(isms.Forbidden, "invitation.for_another")
		}
		m, err = accepted(ctx, tx, inv, a.ID)
		return err
	})
	return m, err
}

func (p *People) taken(ctx context.Context, tx *ledger.Tx, token string) (inv Invitation, err error) {
	_, id, err := p.take(ctx, tx, hashOf(token), forInvitation)
	if err != nil {
		return inv, err
	}
	if inv, err = Invitations.Get(ctx, tx.Tx, id); err == nil && inv.State != "open" {
		err = isms.Errorf(isms.NotFound, "link.ended")
	}
	return inv, err
}

func accepted(ctx context.Context, tx *ledger.Tx, inv Invitation, account isms.ID) (m Membership, err error) {
	if inv.RoleEnds != 0 && inv.RoleEnds <= tx.At {
		return m, isms.Errorf(isms.NotFound, "link.ended")
	}
	if m, err = join(ctx, tx, account, inv.Place, inv.Roles, inv.RoleEnds); err != nil {
		return m, err
	}
	inv.State, inv.Account = "accepted", account
	return m, Invitations.Revise(ctx, tx, "invitation.accepted", &inv)
}

// Withdraw takes an open invitation back.
func (p *People) Withdraw(ctx context.Context, actor isms.Actor, id isms.ID) error {
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		inv, err := Invitations.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if err := p.mayInvite(ctx, tx.Tx, actor, inv.Place, inv.Roles); err != nil {
			return err
		}
		if inv.State != "open" {
			return isms.Errorf(isms.Conflict, "invitation.not_open")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM people_link WHERE subject = $1`, string(id)); err != nil {
			return err
		}
		inv.State = "withdrawn"
		return Invitations.Revise(ctx, tx, "invitation.withdrawn", &inv)
	})
}

// Invited lists the open invitations of a place.
func (p *People) Invited(ctx context.Context, actor isms.Actor, place isms.ID) (out []Invitation, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) (err error) {
		if err := p.may(ctx, tx, actor, PeopleRead, Record{Place: place}); err != nil {
			return err
		}
		out, err = Invitations.Where(ctx, tx, `place = $2 AND state = 'open' AND ends > $3`, maxList, string(place), int64(p.now()))
		return err
	})
	return out, err
}

// invitedAs lists the invitations that hold a person's address or name.
func invitedAs(ctx context.Context, tx *ledger.Tx, a Account) (ids []isms.ID, err error) {
	err = tx.Query(ctx, func(r *sql.Rows) error {
		var id isms.ID
		err := r.Scan((*string)(&id))
		ids = append(ids, id)
		return err
	}, `SELECT DISTINCT id FROM invitation WHERE email = $1 OR account = $2 LIMIT 10000`, a.Email, string(a.ID))
	return ids, err
}
