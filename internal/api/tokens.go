package api

import (
	"context"
	"net/http"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

func (d *door) tokenOperations(p placed) {
	handle(d, p.spec(http.MethodGet, "list", "tokens", "/tokens", "tokens", people.TokenRead, "List the tokens", "Those that the caller may see, live ones first."), d.listTokens)
	create := p.spec(http.MethodPost, "create", "token", "/tokens", "tokens", people.TokenCreate, "Make a token", "The answer holds its secret, once. A token never allows more than its account may at the moment of use.")
	create.made = true
	handle(d, create, d.createToken)
	handle(d, p.spec(http.MethodPost, "revoke", "token", "/tokens/{token}/revocations", "tokens", people.TokenRevoke, "Revoke a token", "It ends at once."), d.revokeToken)
}

func token(u people.TokenUse, secret string) wire.Token {
	t := u.Token
	return wire.Token{
		ID: t.ID, Revision: t.Rev, Name: t.Name, Account: t.Account, Scopes: t.Scopes, Networks: t.Networks, Ends: wire.Time(t.Ends), State: t.State,
		Used: wire.Time(u.Used), UsedFrom: u.Addr, Secret: secret,
	}
}

func (d *door) listTokens(ctx context.Context, c *call, in *Paging) (*Many[wire.Token], error) {
	c.log = d.Instance.Log
	all, err := d.People.Tokens(ctx, c.actor, c.place)
	if err != nil {
		return nil, err
	}
	return paged(c, *in, all, func(u people.TokenUse) string { return string(u.Token.ID) }, func(u people.TokenUse) wire.Token { return token(u, "") })
}

func (d *door) createToken(ctx context.Context, c *call, in *inBody[wire.TokenNew]) (*Made[wire.Token], error) {
	c.log = d.Instance.Log
	t, secret, err := d.People.CreateToken(ctx, c.actor, people.Token{
		Name: in.Body.Name, Account: in.Body.Account, Place: c.place, Scopes: in.Body.Scopes, Networks: in.Body.Networks, Ends: instant(in.Body.Ends),
	})
	if err != nil {
		return nil, err
	}
	return made(c, token(people.TokenUse{Token: t}, secret), t.Rev, "/tokens/"+string(t.ID)), nil
}

func (d *door) revokeToken(ctx context.Context, c *call, in *struct {
	Token isms.ID `path:"token" maxLength:"64"`
}) (*One[wire.Done], error) {
	c.log = d.Instance.Log
	err := c.view(ctx, asOf{}, func(tx *store.Tx) error {
		t, err := people.Tokens.Get(ctx, tx, in.Token)
		if err == nil && t.Place != c.place {
			err = isms.Errorf(isms.NotFound, "record.unknown", "id", string(in.Token))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := d.People.RevokeToken(ctx, c.actor, in.Token); err != nil {
		return nil, err
	}
	return done(c), nil
}
