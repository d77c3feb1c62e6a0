package main

import (
	"context"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/people"
)

type userCmd struct {
	Create userCreateCmd `cmd:"" help:"Make an account, or give one more roles; prints JSON with the secret of a link that lets its person in."`
	Reset  userResetCmd  `cmd:"" help:"Make a one-time link for somebody who lost their password or second factor; prints JSON."`
	List   userListCmd   `cmd:"" help:"List the accounts; prints JSON."`
	Leave  userLeaveCmd  `cmd:"" help:"Lock a leaver out at once: sessions, tokens, links and roles end."`
}

type userCreateCmd struct {
	place
	Email    string   `arg:"" help:"E-mail address to sign in with."`
	Name     string   `help:"Name of the person; needed for a new account."`
	Language string   `default:"en" enum:"en,de,sl" help:"Language of the pages."`
	Org      string   `placeholder:"ORG|instance" help:"Organisation by id or name, or 'instance'."`
	Role     []string `help:"What the person is there: security_officer, management, owner, employee, auditor, administrator; operator on the instance."`
	Until    string   `placeholder:"DATE" help:"Last day of the roles, as YYYY-MM-DD; an auditor needs one."`
}

// Run makes the account.
func (c *userCreateCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *userCreateCmd) on(ctx context.Context, a *app, e *env) error {
	where, zone, err := a.whereIs(ctx, c.Org)
	if err != nil {
		return err
	}
	r := people.UserRequest{Email: c.Email, Name: c.Name, Language: isms.Language(c.Language), Place: where}
	for _, role := range c.Role {
		r.Roles = append(r.Roles, isms.Role(role))
	}
	if c.Until != "" {
		day, err := isms.ParseDate(c.Until)
		if err != nil {
			return err
		}
		r.Ends = day.AddDays(1).Start(zone)
	}
	answer, err := a.people.UserCreate(ctx, r)
	if err != nil {
		return err
	}
	return e.json(answer)
}

// whereIs finds a place by id or name. Nothing named is nowhere.
func (a *app) whereIs(ctx context.Context, name string) (isms.ID, *time.Location, error) {
	switch {
	case name == "":
		return "", time.UTC, nil
	case name == "instance" || isms.ID(name) == a.people.Instance():
		return a.people.Instance(), time.UTC, nil
	}
	orgs, err := a.in.List(ctx)
	if err != nil {
		return "", nil, err
	}
	for _, o := range orgs {
		if string(o.ID) == name || o.Name == name {
			zone, err := time.LoadLocation(o.Zone)
			return o.ID, zone, err
		}
	}
	return "", nil, isms.Errorf(isms.NotFound, "organisation.unknown", "id", name)
}

type userResetCmd struct {
	place
	Email        string `arg:"" help:"E-mail address of the account."`
	PasswordOnly bool   `help:"Keep the second factor. Without this the person enrols a new one too."`
}

// Run makes the link.
func (c *userResetCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *userResetCmd) on(ctx context.Context, a *app, e *env) error {
	answer, err := a.people.UserReset(ctx, c.Email, !c.PasswordOnly)
	if err != nil {
		return err
	}
	return e.json(answer)
}

type userListCmd struct {
	place
	After string `help:"Begin after this address; a thousand are listed at a time."`
}

// Run lists the accounts.
func (c *userListCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *userListCmd) on(ctx context.Context, a *app, e *env) error {
	list, err := a.people.UserList(ctx, c.After)
	if err != nil {
		return err
	}
	return e.json(list)
}

type userLeaveCmd struct {
	place
	Email string `arg:"" help:"E-mail address of the account."`
}

// Run locks the leaver out.
func (c *userLeaveCmd) Run(ctx context.Context, e *env) error { return e.perform(ctx, c) }

func (c *userLeaveCmd) on(ctx context.Context, a *app, e *env) error {
	acc, err := a.people.ByEmail(ctx, c.Email)
	if err != nil {
		return err
	}
	return a.people.Leave(ctx, isms.System, acc.ID)
}
