package api

import (
	"context"
	"net/http"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

func (d *door) accountOperations() {
	at := func(method, id, sub string, act people.Act, title, about string) spec {
		return spec{id: id, method: method, path: "/instance/accounts" + sub, tag: "people", act: string(act), title: title, about: about}
	}
	const get, post = http.MethodGet, http.MethodPost
	handle(d, at(get, "list-accounts", "", people.AccountRead, "List accounts", ""), d.listAccounts)
	create := at(post, "create-account", "", people.AccountCreate, "Make an account", "Its person gets in by the link of a reset.")
	create.made = true
	handle(d, create, d.createAccount)
	handle(d, at(get, "get-account", "/{account}", people.AccountRead, "Get an account", ""), d.getAccount)
	handle(d, at(post, "reset-account", "/{account}/resets", people.AccountReset, "Reset the password of an account", "The answer holds the secret of a link, once; sessions end."), d.resetAccount)
	handle(d, at(post, "end-account", "/{account}/departures", people.AccountLeave, "Lock a leaver out", "Sessions, tokens, links and memberships end at once."), d.leave)
	appoint := at(post, "appoint-first-officer", "/{account}/appointments", people.OrganisationCreate, "Appoint the first security officer of an organisation", "Possible as long as it has none; from then on its officer decides.")
	appoint.made = true
	handle(d, appoint, d.appoint)
	handle(d, at(post, "return-account", "/{account}/returns", people.AccountCreate, "Let somebody come back", ""), d.comeBack)
}

func account(a people.Account) wire.Account {
	return wire.Account{ID: a.ID, Revision: a.Rev, Email: a.Email, Name: a.Name, Language: string(a.Language), State: a.State, Factor: a.HasFactor()}
}

func (d *door) listAccounts(ctx context.Context, c *call, in *Listing) (*Many[wire.Account], error) {
	return list(ctx, c, *in, func(a people.Account) []string { return []string{string(a.ID)} }, account,
		func(tx *store.Tx, after []string, limit int) ([]people.Account, error) {
			return people.Accounts.Where(ctx, tx, `id > $2`, limit, first(after))
		})
}

func (d *door) createAccount(ctx context.Context, c *call, in *inBody[wire.AccountNew]) (*Made[wire.Account], error) {
	a, err := d.People.Create(ctx, c.actor, people.NewAccount{Email: in.Body.Email, Name: in.Body.Name, Language: isms.Language(in.Body.Language)})
	if err != nil {
		return nil, err
	}
	return made(c, account(a), a.Rev, "/"+string(a.ID)), nil
}

type inAccount struct {
	Account isms.ID `path:"account" maxLength:"64"`
}

func (d *door) getAccount(ctx context.Context, c *call, in *struct {
	Account isms.ID `path:"account" maxLength:"64"`
	Reading
}) (*One[wire.Account], error) {
	var a people.Account
	err := c.view(ctx, in.AsOf, func(tx *store.Tx) (err error) { a, err = people.Accounts.Get(ctx, tx, in.Account); return err })
	if err != nil {
		return nil, err
	}
	return one(c, account(a), a.Rev, in.IfNoneMatch), nil
}

func (d *door) resetAccount(ctx context.Context, c *call, in *struct {
	Account isms.ID `path:"account" maxLength:"64"`
	Body    struct {
		Factors bool `json:"factors,omitempty" doc:"The second factor is lost too: a new one will be enrolled."`
	}
}) (*One[wire.Link], error) {
	secret, err := d.People.Reset(ctx, c.actor, in.Account, in.Body.Factors)
	if err != nil {
		return nil, err
	}
	c.now()
	return one(c, wire.Link{Secret: secret}, 1, ""), nil
}

func (d *door) leave(ctx context.Context, c *call, in *inAccount) (*One[wire.Done], error) {
	if err := d.People.Leave(ctx, c.actor, in.Account); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) comeBack(ctx context.Context, c *call, in *inAccount) (*One[wire.Done], error) {
	if err := d.People.Return(ctx, c.actor, in.Account); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) appoint(ctx context.Context, c *call, in *struct {
	Account isms.ID `path:"account" maxLength:"64"`
	Body    struct {
		Organisation isms.ID `json:"organisation" maxLength:"64"`
	}
}) (*Made[wire.Done], error) {
	m, err := d.People.Join(ctx, c.actor, in.Account, in.Body.Organisation, []isms.Role{isms.SecurityOfficer}, 0)
	if err != nil {
		return nil, err
	}
	return &Made[wire.Done]{
		ETag: etag(m.Rev), EntryIndex: c.now(), Location: Prefix + "/organisations/" + string(m.Place) + "/memberships/" + string(m.ID), Body: wire.Done{Done: true},
	}, nil
}
