package main

import (
	"context"

	"holdfast/internal/isms"
	"holdfast/internal/people"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token of the API for an account; prints JSON with its secret, once."`
	Revoke tokenRevokeCmd `cmd:"" help:"End a token at once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens of a place; prints JSON."`
}

type tokenCreateCmd struct {
	place
	Email   string   `arg:"" help:"E-mail address of the account; the token never allows more than the account may."`
	Org     string   `required:"" placeholder:"ORG|instance" help:"Organisation by id or name, or 'instance'."`
	Name    string   `required:"" help:"What the token is for."`
	Scope   []string `default:"read" help:"read, write, or single acts such as policy.import (docs/permissions.md)."`
	Network []string `help:"Source networks that it may be used from, such as 192.0.2.0/24."`
	Days    int      `default:"90" help:"Days until it ends; at most 366."`
}

// Run makes the token.
func (c *tokenCreateCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *tokenCreateCmd) on(ctx context.Context, a *app, e *env) error {
	where, _, err := a.whereIs(ctx, c.Org)
	if err != nil {
		return err
	}
	answer, err := a.people.TokenCreate(ctx, people.TokenRequest{Email: c.Email, Place: where, Name: c.Name, Scopes: c.Scope, Networks: c.Network, Days: c.Days})
	if err != nil {
		return err
	}
	return e.json(answer)
}

type tokenRevokeCmd struct {
	place
	ID string `arg:"" help:"Id of the token."`
}

// Run ends the token.
func (c *tokenRevokeCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *tokenRevokeCmd) on(ctx context.Context, a *app, e *env) error {
	return a.people.TokenRevoke(ctx, isms.ID(c.ID))
}

type tokenListCmd struct {
	place
	Org string `required:"" placeholder:"ORG|instance" help:"Organisation by id or name, or 'instance'."`
}

// Run lists the tokens.
func (c *tokenListCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *tokenListCmd) on(ctx context.Context, a *app, e *env) error {
	where, _, err := a.whereIs(ctx, c.Org)
	if err != nil {
		return err
	}
	list, err := a.people.TokenList(ctx, where)
	if err != nil {
		return err
	}
	return e.json(list)
}
