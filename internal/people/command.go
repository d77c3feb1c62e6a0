package people

import (
	"context"
	"slices"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// What the command line and other programs ask for, with answers that are plain JSON. The actor is
// Holdfast itself: who may run the command holds the data anyway.

// UserRequest asks for an account.
type UserRequest struct {
	Email    string
	Name     string
	Language isms.Language
	Place    isms.ID // organisation or instance; empty: nowhere yet
	Roles    []isms.Role
	Ends     isms.Instant // of the membership; an auditor's must end
}

// UserAnswer is an account with what it is, and the secret of a one-time link if one was made.
// Moments are RFC 3339 in UTC.
type UserAnswer struct {
	ID           isms.ID            `json:"id"`
	Email        string             `json:"email"`
	Name         string             `json:"name"`
	Language     isms.Language      `json:"language"`
	State        string             `json:"state"` // active or left
	Password     bool               `json:"password"`
	SecondFactor bool               `json:"second_factor"`
	Memberships  []MembershipAnswer `json:"memberships"`
	Reset        string             `json:"reset,omitempty"` // secret of the page /reset/SECRET
	ResetEnds    string             `json:"reset_ends,omitempty"`
}

// MembershipAnswer is what an account is somewhere.
type MembershipAnswer struct {
	ID    isms.ID     `json:"id"`
	Place isms.ID     `json:"place"`
	Roles []isms.Role `json:"roles"`
	Ends  string      `json:"ends,omitempty"`
}

// moment writes an instant as RFC 3339, and nothing for one that is unset.
func moment(i isms.Instant) string {
	if i == 0 {
		return ""
	}
	return i.String()
}

// UserCreate makes an account, or takes the one with that address, gives it roles in a place, and
// for a new one makes the link with which its person gets in.
func (p *People) UserCreate(ctx context.Context, r UserRequest) (UserAnswer, error) {
	if r.Place == "" && len(r.Roles) > 0 {
		return UserAnswer{}, isms.Errorf(isms.Invalid, "user.role_needs_place").At("place")
	}
	if r.Place != "" { // before anything is made
		if _, err := checkRoles(r.Place, r.Roles, r.Ends, p.now()); err != nil {
			return UserAnswer{}, err
		}
	}
	a, err := p.ByEmail(ctx, r.Email)
	fresh := isms.KindOf(err) == isms.NotFound && err != nil
	if fresh {
		a, err = p.Create(ctx, isms.System, NewAccount{Email: r.Email, Name: r.Name, Language: r.Language})
	}
	if err != nil {
		return UserAnswer{}, err
	}
	if r.Place != "" {
		if _, err := p.Join(ctx, isms.System, a.ID, r.Place, r.Roles, r.Ends); err != nil {
			return UserAnswer{}, err
		}
	}
	if fresh {
		return p.userReset(ctx, a, true)
	}
	return p.answer(ctx, a)
}

// UserReset makes a link for somebody who lost their password, or with factors also their second
// factor. Their sessions end.
func (p *People) UserReset(ctx context.Context, email string, factors bool) (UserAnswer, error) {
	a, err := p.ByEmail(ctx, email)
	if err != nil {
		return UserAnswer{}, err
	}
	return p.userReset(ctx, a, factors)
}

func (p *People) userReset(ctx context.Context, a Account, factors bool) (UserAnswer, error) {
	secret, err := p.Reset(ctx, isms.System, a.ID, factors)
	if err != nil {
		return UserAnswer{}, err
	}
	out, err := p.answer(ctx, a)
	out.Reset, out.ResetEnds = secret, moment(p.now().Add(resetFor))
	return out, err
}

func (p *People) answer(ctx context.Context, a Account) (UserAnswer, error) {
	var ms []Membership
	err := p.log.Read(ctx, func(tx *store.Tx) (err error) {
		if a, err = Accounts.Get(ctx, tx, a.ID); err != nil {
			return err
		}
		ms, err = Memberships.Where(ctx, tx, `account = $2`, maxList, string(a.ID))
		return err
	})
	out := UserAnswer{
		ID: a.ID, Email: a.Email, Name: a.Name, Language: a.Language, State: a.State, Password: a.PasswordSet > 0, SecondFactor: a.HasFactor(),
		Memberships: []MembershipAnswer{},
	}
	for _, m := range ms {
		out.Memberships = append(out.Memberships, MembershipAnswer{m.ID, m.Place, m.Roles, moment(m.Ends)})
	}
	return out, err
}

// UserList lists up to a thousand accounts after an address, in order of addresses.
func (p *People) UserList(ctx context.Context, after string) ([]UserAnswer, error) {
	var as []Account
	err := p.log.Read(ctx, func(tx *store.Tx) (err error) {
		as, err = Accounts.Where(ctx, tx, `email > $2 ORDER BY email`, maxList, after)
		return err
	})
	out := make([]UserAnswer, len(as))
	for i := 0; err == nil && i < len(as); i++ {
		out[i], err = p.answer(ctx, as[i])
	}
	return out, err
}

// ByEmail returns the account with an address.
func (p *People) ByEmail(ctx context.Context, email string) (a Account, err error) {
	if email, err = normalEmail(email); err != nil {
		return a, err
	}
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		have, err := byEmail(ctx, tx, email)
		if err != nil {
			return err
		}
		if have == nil {
			return isms.Errorf(isms.NotFound, "user.not_found", "email", email)
		}
		a = *have
		return nil
	})
	return a, err
}

// TokenRequest asks for a token.
type TokenRequest struct {
	Email    string // whose
	Place    isms.ID
	Name     string
	Scopes   []string
	Networks []string
	Days     int // how long it lasts; at most 366
}

// TokenAnswer is a token, with its secret when it was just made.
type TokenAnswer struct {
	ID       isms.ID  `json:"id"`
	Name     string   `json:"name"`
	Account  isms.ID  `json:"account"`
	Place    isms.ID  `json:"place"`
	Scopes   []string `json:"scopes"`
	Networks []string `json:"networks"`
	Ends     string   `json:"ends"`
	State    string   `json:"state"` // live or ended
	Secret   string   `json:"secret,omitempty"`
	Used     string   `json:"used,omitempty"` // to the minute
	Addr     string   `json:"addr,omitempty"` // from where
}

func tokenAnswer(t Token) TokenAnswer {
	return TokenAnswer{ID: t.ID, Name: t.Name, Account: t.Account, Place: t.Place, Scopes: t.Scopes, Networks: t.Networks, Ends: moment(t.Ends), State: t.State}
}

// TokenCreate makes a token for an account.
func (p *People) TokenCreate(ctx context.Context, r TokenRequest) (TokenAnswer, error) {
	a, err := p.ByEmail(ctx, r.Email)
	if err != nil {
		return TokenAnswer{}, err
	}
	t, secret, err := p.CreateToken(ctx, isms.System, Token{
		Name: r.Name, Account: a.ID, Place: r.Place, Scopes: slices.Clone(r.Scopes), Networks: r.Networks,
		Ends: p.now().Add(time.Duration(r.Days) * 24 * time.Hour),
	})
	if err != nil {
		return TokenAnswer{}, err
	}
	out := tokenAnswer(t)
	out.Secret = secret
	return out, nil
}

// TokenList lists the tokens of a place.
func (p *People) TokenList(ctx context.Context, place isms.ID) ([]TokenAnswer, error) {
	us, err := p.Tokens(ctx, isms.System, place)
	out := make([]TokenAnswer, 0, len(us))
	for _, u := range us {
		t := tokenAnswer(u.Token)
		t.Used, t.Addr = moment(u.Used), u.Addr
		out = append(out, t)
	}
	return out, err
}

// TokenRevoke ends a token at once.
func (p *People) TokenRevoke(ctx context.Context, id isms.ID) error {
	return p.RevokeToken(ctx, isms.System, id)
}
