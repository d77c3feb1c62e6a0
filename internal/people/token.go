package people

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// TokenMark begins every token of the API, so that scanners for leaked secrets find it.
const TokenMark = "hf_"

// longestToken is how long a token may last: somebody has to think of it once a year.
const longestToken = 366 * 24 * time.Hour

// Token is a token of the API: one account's, for one place, with an end. It never allows more
// than the account may at the moment of use. Its secret is shown once and only its hash is kept.
type Token struct {
	register.Row
	Name     string       `json:"name"`
	Account  isms.ID      `json:"account"`
	Place    isms.ID      `json:"place"`
	Scopes   []string     `json:"scopes"`   // ScopeRead, ScopeWrite, or acts
	Networks []string     `json:"networks"` // source networks in CIDR form; empty: any
	Ends     isms.Instant `json:"ends"`
	State    string       `json:"state"` // live or ended
}

// Tokens is the register of tokens.
var Tokens = register.Declare("api_token", isms.TokenPrefix, func(t *Token) []register.Column {
	return []register.Column{
		register.Text("name", &t.Name), register.Ref("account", &t.Account), register.Ref("place", &t.Place), register.JSON("scopes", &t.Scopes),
		register.JSON("networks", &t.Networks), register.Instant("ends", &t.Ends), register.State("state", &t.State),
	}
})

func (t *Token) check(now isms.Instant) error {
	t.Name = strings.TrimSpace(t.Name)
	switch {
	case t.Name == "" || !utf8.ValidString(t.Name) || utf8.RuneCountInString(t.Name) > 100:
		return isms.Errorf(isms.Invalid, "token.name_missing").At("name")
	case len(t.Scopes) == 0:
		return isms.Errorf(isms.Invalid, "token.no_scope").At("scopes")
	case t.Ends <= now || t.Ends > now.Add(longestToken):
		return isms.Errorf(isms.Invalid, "token.ends_range").At("ends")
	}
	for _, s := range t.Scopes {
		if s != ScopeRead && s != ScopeWrite && !KnownAct(Act(s)) {
			return isms.Errorf(isms.Invalid, "token.scope_unknown", "scope", s).At("scopes")
		}
	}
	t.Scopes = slices.Compact(slices.Sorted(slices.Values(t.Scopes)))
	nets := []string{}
	for _, n := range t.Networks {
		p, err := parseNetwork(n)
		if err != nil {
			return isms.Errorf(isms.Invalid, "token.network_malformed", "network", n).At("networks").Because(err)
		}
		nets = append(nets, p.String())
	}
	t.Networks, t.State = nets, "live"
	return nil
}

// parseNetwork reads an address or a network in CIDR form.
func parseNetwork(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().Prefix(a.Unmap().BitLen())
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func (t Token) from(a netip.Addr) bool {
	return len(t.Networks) == 0 || slices.ContainsFunc(t.Networks, func(n string) bool {
		p, err := netip.ParsePrefix(n)
		return err == nil && p.Contains(a.Unmap())
	})
}

// CreateToken makes a token for t's account, by default the actor's own, and returns its secret, once.
func (p *People) CreateToken(ctx context.Context, actor isms.Actor, t Token) (Token, string, error) {
	if t.Account == "" {
		t.Account = actor.Account
	}
	if err := t.check(p.now()); err != nil {
		return t, "", err
	}
	secret, hash := newSecret(TokenMark)
	out := t
	err := p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.may(ctx, tx.Tx, actor, TokenCreate, Record{Place: t.Place, Owner: t.Account}); err != nil {
			return err
		}
		a, err := Accounts.Get(ctx, tx.Tx, t.Account)
		if err != nil {
			return err
		}
		roles, err := rolesIn(ctx, tx.Tx, t.Account, t.Place, p.now())
		if err != nil {
			return err
		}
		if a.State != Active || len(roles) == 0 {
			return isms.Errorf(isms.Conflict, "token.not_member").At("account")
		}
		out = t
		out.Row = register.Row{}
		if err := Tokens.Add(ctx, tx, "token.created", &out); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO people_token_secret (hash, token, used, addr) VALUES ($1, $2, 0, '')`, hash, string(out.ID))
		return err
	})
	return out, secret, err
}

// TokenUse says when and from where a token was last used.
type TokenUse struct {
	Token Token        `json:"token"`
	Used  isms.Instant `json:"used"` // to the minute; zero: never
	Addr  string       `json:"addr"`
}

// Tokens lists the tokens of a place that the actor may see, live ones first.
func (p *People) Tokens(ctx context.Context, actor isms.Actor, place isms.ID) (out []TokenUse, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		if actor.Means != isms.BySystem {
			var err error
			if actor.Roles, err = rolesIn(ctx, tx, actor.Account, place, p.now()); err != nil {
				return err
			}
		}
		ts, err := Tokens.Where(ctx, tx, `place = $2 ORDER BY CASE WHEN state = 'live' THEN 0 ELSE 1 END, id`, maxList, string(place))
		if err != nil {
			return err
		}
		for _, t := range ts {
			if ok, _ := Can(actor, TokenRead, Record{Place: t.Place, Owner: t.Account}); !ok {
				continue
			}
			u := TokenUse{Token: t}
			err := tx.Row(ctx, []any{(*int64)(&u.Used), &u.Addr}, `SELECT used, addr FROM people_token_secret WHERE token = $1`, string(t.ID))
			if err != nil && !errors.Is(err, store.ErrNoRow) {
				return err
			}
			out = append(out, u)
		}
		return nil
	})
	return out, err
}

// RevokeToken ends a token at once.
func (p *People) RevokeToken(ctx context.Context, actor isms.Actor, id isms.ID) error {
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		t, err := Tokens.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if err := p.may(ctx, tx.Tx, actor, TokenRevoke, Record{Place: t.Place, Owner: t.Account}); err != nil {
			return err
		}
		if t.State != "live" {
			return isms.Errorf(isms.Conflict, "token.ended")
		}
		return endTokens(ctx, tx, `id = $2`, string(id))
	})
}

// endTokens ends the live tokens that satisfy a condition, whose parameters start at $2.
func endTokens(ctx context.Context, tx *ledger.Tx, cond string, args ...any) error {
	ts, err := Tokens.Where(ctx, tx.Tx, `state = 'live' AND `+cond, maxList, args...)
	if err != nil {
		return err
	}
	for _, t := range ts {
		if _, err := tx.Exec(ctx, `DELETE FROM people_token_secret WHERE token = $1`, string(t.ID)); err != nil {
			return err
		}
		t.State = "ended"
		if err := Tokens.Revise(ctx, tx, "token.ended", &t); err != nil {
			return err
		}
	}
	return nil
}

// Bearer returns who the secret of a token speaks for, in the token's place and within its scopes.
func (p *People) Bearer(ctx context.Context, secret string, from Source) (isms.Actor, Token, error) {
	var t Token
	var used isms.Instant
	actor := isms.Actor{Means: isms.ByToken}
	unknown := isms.Errorf(isms.SignIn, "token.unknown")
	if !strings.HasPrefix(secret, TokenMark) {
		return isms.Actor{}, t, unknown
	}
	err := p.log.Read(ctx, func(tx *store.Tx) error {
		var id isms.ID
		err := tx.Row(ctx, []any{(*string)(&id), (*int64)(&used)}, `SELECT token, used FROM people_token_secret WHERE hash = $1`, hashOf(secret))
		if err != nil {
			return instead(err, unknown)
		}
		if t, err = Tokens.Get(ctx, tx, id); err != nil {
			return err
		}
		a, err := Accounts.Get(ctx, tx, t.Account)
		if err != nil {
			return instead(err, unknown)
		}
		actor.Account, actor.Via, actor.Place, actor.Scopes = a.ID, t.ID, t.Place, t.Scopes
		actor.Roles, err = rolesIn(ctx, tx, a.ID, t.Place, p.now())
		switch {
		case err != nil:
			return err
		case t.State != "live" || p.now() >= t.Ends || a.State != Active:
			return isms.Errorf(isms.SignIn, "token.ended")
		case !t.from(from.Addr):
			return isms.Errorf(isms.Forbidden, "token.network")
		}
		return nil
	})
	if err != nil {
		return isms.Actor{}, Token{}, err
	}
	return actor, t, p.used(ctx, actor, t, used, from)
}

// used notes the use of a token: to the minute beside it, and once an hour in the access log.
func (p *People) used(ctx context.Context, actor isms.Actor, t Token, last isms.Instant, from Source) error {
	now := p.now()
	if now.Sub(last) < touchEvery {
		return nil
	}
	err := p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE people_token_secret SET used = $1, addr = $2 WHERE token = $3`, int64(now), from.addr(), string(t.ID)); err != nil {
			return err
		}
		if hour := int64(time.Hour / time.Microsecond); int64(last)/hour != int64(now)/hour {
			p.note(ctx, tx, actor, "token.used", t.ID, p.origin(from))
		}
		return nil
	})
	if isms.KindOf(err) == isms.Unavailable && err != nil { // reading goes on where nothing can be written
		return nil
	}
	return err
}

// StepUpBearer shows a code of the authenticator beside a token, and returns the actor for this one
// request, who may seal and approve. So everything can be driven without a browser.
func (p *People) StepUpBearer(ctx context.Context, actor isms.Actor, code string, from Source) (isms.Actor, error) {
	var wrong error
	code = readTyped(code)
	err := p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		limits := p.codeThrottles(actor.Account, Source{Addr: from.Addr, Device: string(actor.Via)}, true) // a live token is a known device
		wait, err := p.count(ctx, tx, limits)
		if wrong = slowDown(wait); err != nil || wrong != nil {
			return err
		}
		ok, err := p.useTOTP(ctx, tx, actor.Account, code)
		if err != nil {
			return err
		}
		if !ok {
			wrong = isms.Errorf(isms.StepUp, "sign_in.code_wrong").At("code")
			return nil
		}
		return forgive(ctx, tx, limits)
	})
	if err != nil || wrong != nil {
		return actor, errors.Join(err, wrong)
	}
	actor.SteppedUp = p.now()
	return actor, nil
}
