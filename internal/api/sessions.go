package api

import (
	"context"
	"net/http"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/wire"
)

func (d *door) sessionOperations() {
	post := func(id, path, act, title, about string) spec {
		return spec{id: id, method: http.MethodPost, path: path, tag: "sessions", act: act, title: title, about: about, session: act == anyone}
	}
	handle(d, post("sign-in", "/sessions", open, "Sign in with a password", "The session owes its second factor, or must enrol one first."), d.signIn)
	handle(d, post("show-second-factor", "/sessions/current/second-factor", half, "Show the second factor", "The session becomes full and gets a new secret."), d.second)
	handle(d, post("step-up", "/sessions/current/step-up", anyone, "Show the second factor again", "Seals and approvals are then possible for five minutes."), d.stepUp)
	handle(d, post("enter-place", "/sessions/current/place", anyone, "Enter an organisation or the instance", "The session of the old place ends; the new one has a new secret."), d.enterPlace)
	handle(d, spec{id: "list-sessions", method: http.MethodGet, path: "/sessions", tag: "sessions", act: anyone, title: "List your sessions"}, d.listSessions)
	handle(d, post("end-session", "/sessions/{session}/endings", anyone, "End one of your sessions", ""), d.endSession)
	handle(d, post("end-other-sessions", "/sessions/endings", anyone, "End all your other sessions", "Browsers that were known are forgotten."), d.endOthers)
	handle(d, post("begin-totp", "/self/totp", half, "Begin with an authenticator", "It counts once its first code was shown."), d.beginTOTP)
	handle(d, post("finish-totp", "/self/totp/confirmations", half, "Show the first code of an authenticator", ""), d.finishTOTP)
	handle(d, post("set-password", "/self/passwords", anyone, "Choose a new password", "Your other sessions end."), d.setPassword)
	handle(d, post("renew-recovery-codes", "/self/recovery-codes", anyone, "Get new recovery codes", "The old ones end."), d.recoveryCodes)
	handle(d, post("set-up", "/set-up", open, "Make the first account", "With the token that the server printed; it is used up."), d.setUp)
	handle(d, post("accept-invitation", "/invitations/acceptances", open, "Accept an invitation with a new account", ""), d.accept)
	handle(d, post("join-by-invitation", "/self/invitations", anyone, "Accept an invitation for your account", ""), d.acceptAs)
	handle(d, post("use-reset", "/resets/uses", open, "Use the link of a reset", "The password is new; the second factor is asked for or enrolled."), d.useReset)
}

type inBody[T any] struct {
	Body T
}

func signedIn(c *call, s people.SignedIn) *One[wire.SignedIn] {
	c.now()
	return one(c, wire.SignedIn{Secret: s.Cookie, Device: s.Device, RecoveryCodes: s.RecoveryCodes, Session: session(s.Session)}, 1, "")
}

func session(s people.Session) wire.Session {
	return wire.Session{
		ID: s.ID, Place: s.Place, Level: string(s.Level), Made: wire.Time(s.Made), Seen: wire.Time(s.Seen), Ends: wire.Time(s.Ends),
		SteppedUp: wire.Time(s.SteppedUp), Address: s.Addr, Agent: s.Agent,
	}
}

// done answers that an act was done.
func done(c *call) *One[wire.Done] {
	c.now()
	return one(c, wire.Done{Done: true}, 1, "")
}

func (d *door) signIn(ctx context.Context, c *call, in *inBody[wire.Credentials]) (*One[wire.SignedIn], error) {
	s, err := d.People.SignIn(ctx, in.Body.Email, in.Body.Password, source(c.huma))
	if err != nil {
		return nil, err
	}
	return signedIn(c, s), nil
}

func (d *door) second(ctx context.Context, c *call, in *inBody[wire.Code]) (*One[wire.SignedIn], error) {
	s, err := d.People.Second(ctx, c.secret, in.Body.Code, source(c.huma))
	if err != nil {
		return nil, err
	}
	return signedIn(c, s), nil
}

func (d *door) stepUp(ctx context.Context, c *call, in *inBody[wire.Code]) (*One[wire.Done], error) {
	if err := d.People.StepUp(ctx, c.secret, in.Body.Code, source(c.huma)); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) enterPlace(ctx context.Context, c *call, in *inBody[wire.PlaceChoice]) (*One[wire.SignedIn], error) {
	s, err := d.People.Enter(ctx, c.secret, in.Body.Place, source(c.huma))
	if err != nil {
		return nil, err
	}
	return signedIn(c, s), nil
}

func (d *door) listSessions(ctx context.Context, c *call, in *Paging) (*Many[wire.Session], error) {
	all, err := d.People.Sessions(ctx, c.actor)
	if err != nil {
		return nil, err
	}
	return paged(c, *in, all, func(s people.Session) string { return string(s.ID) }, session)
}

type inSession struct {
	Session isms.ID `path:"session" maxLength:"64"`
}

func (d *door) endSession(ctx context.Context, c *call, in *inSession) (*One[wire.Done], error) {
	if err := d.People.EndSession(ctx, c.actor, in.Session); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) endOthers(ctx context.Context, c *call, _ *struct{}) (*One[wire.Done], error) {
	if err := d.People.EndOtherSessions(ctx, c.actor); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) beginTOTP(ctx context.Context, c *call, _ *struct{}) (*One[wire.TOTPKey], error) {
	key, err := d.People.BeginTOTP(ctx, c.secret)
	if err != nil {
		return nil, err
	}
	c.now()
	return one(c, wire.TOTPKey{Secret: key.Secret, URI: key.URI}, 1, ""), nil
}

func (d *door) finishTOTP(ctx context.Context, c *call, in *inBody[wire.Code]) (*One[wire.SignedIn], error) {
	s, err := d.People.FinishTOTP(ctx, c.secret, in.Body.Code, source(c.huma))
	if err != nil {
		return nil, err
	}
	return signedIn(c, s), nil
}

type inPassword struct {
	Body struct {
		Password string `json:"password" maxLength:"1024"`
	}
}

func (d *door) setPassword(ctx context.Context, c *call, in *inPassword) (*One[wire.Done], error) {
	if err := d.People.SetPassword(ctx, c.secret, in.Body.Password); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) recoveryCodes(ctx context.Context, c *call, _ *struct{}) (*One[wire.RecoveryCodes], error) {
	codes, err := d.People.NewRecoveryCodes(ctx, c.secret)
	if err != nil {
		return nil, err
	}
	c.now()
	return one(c, wire.RecoveryCodes{Codes: codes}, 1, ""), nil
}

func newAccount(a wire.Acceptance) people.NewAccount {
	return people.NewAccount{Email: a.Email, Name: a.Name, Language: isms.Language(a.Language), Password: a.Password}
}

func (d *door) setUp(ctx context.Context, c *call, in *inBody[wire.Acceptance]) (*One[wire.SignedIn], error) {
	s, err := d.People.SetUp(ctx, in.Body.Token, newAccount(in.Body), source(c.huma))
	if err != nil {
		return nil, err
	}
	return signedIn(c, s), nil
}

func (d *door) accept(ctx context.Context, c *call, in *inBody[wire.Acceptance]) (*One[wire.SignedIn], error) {
	s, err := d.People.Accept(ctx, in.Body.Token, newAccount(in.Body), source(c.huma))
	if err != nil {
		return nil, err
	}
	return signedIn(c, s), nil
}

type inLink struct {
	Body struct {
		Token string `json:"token" maxLength:"200"`
	}
}

func (d *door) acceptAs(ctx context.Context, c *call, in *inLink) (*One[wire.Done], error) {
	if _, err := d.People.AcceptAs(ctx, c.secret, in.Body.Token); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) useReset(ctx context.Context, c *call, in *inBody[wire.ResetUse]) (*One[wire.SignedIn], error) {
	s, err := d.People.UseReset(ctx, in.Body.Token, in.Body.Password, source(c.huma))
	if err != nil {
		return nil, err
	}
	return signedIn(c, s), nil
}
