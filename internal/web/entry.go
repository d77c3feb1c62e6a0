package web

import (
	"net/http"
	"net/url"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
	"holdfast/internal/web/static"
)

// doorPage is the shared part of the pages on the way in.
func (s *Server) doorPage(r *http.Request, title string, scripts ...string) page.Base {
	return page.Base{Frame: page.Plain, Title: s.words(r).T(title), Scripts: scripts}
}

func withNext(path, next string) string {
	if next = localPath(next); next == "/" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

// showSetUp is the page of the first account; afterwards it leads to signing in.
func (s *Server) showSetUp(w http.ResponseWriter, r *http.Request) error {
	open, err := s.people.SetUpOpen(r.Context())
	if err != nil {
		return err
	}
	if !open {
		return s.goTo(w, r, "/sign-in")
	}
	return s.show(w, r, http.StatusOK, &page.SetUp{Base: s.doorPage(r, "setup.title", static.SetUp)})
}

// setUp makes the first account.
func (s *Server) setUp(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	f := r.PostForm
	in, err := s.people.SetUp(r.Context(), f.Get("token"), people.NewAccount{
		Email: f.Get("email"), Name: f.Get("name"), Password: f.Get("password"), Language: s.language(r),
	}, s.source(r))
	if err != nil {
		return s.again(w, r, err, &page.SetUp{Base: s.doorPage(r, "setup.title", static.SetUp), Token: f.Get("token"), Name: f.Get("name"), Email: f.Get("email")})
	}
	s.keep(w, in)
	return s.goTo(w, r, onward(in, "/"))
}

// showSignIn asks for e-mail and password, or a passkey.
func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) error {
	if v := visitorOf(r.Context()); v != nil && v.Session.Level == people.Full {
		return s.goTo(w, r, r.URL.Query().Get("next"))
	}
	v, err := s.signInPage(r, "", r.URL.Query().Get("next"))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) signInPage(r *http.Request, email, next string) (*page.SignIn, error) {
	c, err := s.people.BeginPasskeySignIn(r.Context())
	if err != nil {
		return nil, err
	}
	v := &page.SignIn{Base: s.doorPage(r, "signin.title", static.Passkey), Email: email, Next: localPath(next), Passkey: asked(c)}
	if s.instance != nil {
		v.Head = headOf(s.instance.Log.Head())
	}
	return v, nil
}

func asked(c people.Ceremony) page.Passkey {
	return page.Passkey{Options: string(c.Options), Ceremony: c.ID}
}

// signIn takes the password.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.people.SignIn(r.Context(), r.PostForm.Get("email"), r.PostForm.Get("password"), s.source(r))
	if err != nil {
		return s.signInAgain(w, r, err)
	}
	s.keep(w, in)
	return s.goTo(w, r, onward(in, r.PostForm.Get("next")))
}

func (s *Server) signInAgain(w http.ResponseWriter, r *http.Request, cause error) error {
	v, err := s.signInPage(r, r.PostForm.Get("email"), r.PostForm.Get("next"))
	if err != nil {
		return err
	}
	return s.again(w, r, cause, v)
}

// signInByPasskey takes a passkey, which is both factors.
func (s *Server) signInByPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.people.FinishPasskeySignIn(r.Context(), r.PostForm.Get("ceremony"), []byte(r.PostForm.Get("credential")), s.source(r))
	if err != nil {
		return s.signInAgain(w, r, err)
	}
	s.keep(w, in)
	return s.goTo(w, r, onward(in, r.PostForm.Get("next")))
}

// showSecond asks for the second factor after the password.
func (s *Server) showSecond(w http.ResponseWriter, r *http.Request) error {
	who := visitorOf(r.Context())
	if who.Session.Level != people.Second {
		return s.goTo(w, r, "/")
	}
	v, err := s.secondPage(r, r.URL.Query().Get("next"))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) secondPage(r *http.Request, next string) (*page.SecondFactor, error) {
	who := visitorOf(r.Context())
	v := &page.SecondFactor{Base: s.doorPage(r, "factor.title", static.Passkey), Next: localPath(next), HasTOTP: who.Account.TOTPSet > 0}
	if who.Account.Passkeys > 0 {
		c, err := s.people.BeginPasskeyCheck(r.Context(), s.readCookie(r, sessionCookie))
		if err != nil {
			return nil, err
		}
		v.Passkey = asked(c)
	}
	return v, nil
}

// second takes a code, or a recovery code.
func (s *Server) second(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.people.Second(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("code"), s.source(r))
	return s.afterSecond(w, r, in, err)
}

// secondByPasskey takes a passkey as the second factor.
func (s *Server) secondByPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.people.FinishPasskeyCheck(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("ceremony"), []byte(r.PostForm.Get("credential")), s.source(r))
	return s.afterSecond(w, r, in, err)
}

func (s *Server) afterSecond(w http.ResponseWriter, r *http.Request, in people.SignedIn, err error) error {
	if err != nil {
		v, broken := s.secondPage(r, r.PostForm.Get("next"))
		if broken != nil {
			return err // the session is over; the wrapper leads back to the first step
		}
		return s.again(w, r, err, v)
	}
	s.keep(w, in)
	return s.goTo(w, r, onward(in, r.PostForm.Get("next")))
}

// signOut ends the session.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.people.SignOut(r.Context(), s.readCookie(r, sessionCookie)); err != nil {
		return err
	}
	s.dropCookie(w, sessionCookie)
	return s.done(w, r, "/sign-in", "signed_out")
}

// showStepUp asks for a fresh second factor.
func (s *Server) showStepUp(w http.ResponseWriter, r *http.Request) error {
	v, err := s.stepUpPage(r, r.URL.Query().Get("next"))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) stepUpPage(r *http.Request, next string) (*page.StepUp, error) {
	who := visitorOf(r.Context())
	v := &page.StepUp{Base: s.doorPage(r, "stepup.title", static.Passkey), Next: localPath(next), HasTOTP: who.Account.TOTPSet > 0}
	if who.Account.Passkeys > 0 {
		c, err := s.people.BeginPasskeyCheck(r.Context(), s.readCookie(r, sessionCookie))
		if err != nil {
			return nil, err
		}
		v.Passkey = asked(c)
	}
	return v, nil
}

// stepUp takes a code.
func (s *Server) stepUp(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	err := s.people.StepUp(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("code"), s.source(r))
	return s.afterStepUp(w, r, people.SignedIn{}, err)
}

// stepUpByPasskey takes a passkey.
func (s *Server) stepUpByPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.people.FinishPasskeyCheck(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("ceremony"), []byte(r.PostForm.Get("credential")), s.source(r))
	return s.afterStepUp(w, r, in, err)
}

func (s *Server) afterStepUp(w http.ResponseWriter, r *http.Request, in people.SignedIn, err error) error {
	if err != nil {
		v, broken := s.stepUpPage(r, r.PostForm.Get("next"))
		if broken != nil {
			return err
		}
		return s.again(w, r, err, v)
	}
	s.keep(w, in)
	return s.goTo(w, r, r.PostForm.Get("next"))
}

// showJoin asks for the code of an invitation, which a script takes from the fragment.
func (s *Server) showJoin(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, &page.Join{Base: s.doorPage(r, "join.title", static.SetUp)})
}

// join shows what a link invites to and, once the form is filled in, accepts it.
func (s *Server) join(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	f := r.PostForm
	token := f.Get("token")
	inv, has, err := s.people.Invitation(r.Context(), token)
	if err != nil {
		return s.again(w, r, err, &page.Join{Base: s.doorPage(r, "join.title", static.SetUp), Token: token})
	}
	v, err := s.invitationPage(r, inv, token)
	if err != nil {
		return err
	}
	who := visitorOf(r.Context())
	switch {
	case has && (who == nil || who.Session.Level != people.Full):
		return s.again(w, r, isms.Errorf(isms.Conflict, "invitation.sign_in_first"), &page.Join{Base: s.doorPage(r, "join.title", static.SetUp), Token: token})
	case has && !f.Has("accept"):
		v.Known = true
		return s.show(w, r, http.StatusOK, v)
	case has:
		if _, err := s.people.AcceptAs(r.Context(), s.readCookie(r, sessionCookie), token); err != nil {
			v.Known = true
			return s.again(w, r, err, v)
		}
		return s.done(w, r, "/places", "joined")
	case !f.Has("password"):
		return s.show(w, r, http.StatusOK, v)
	}
	in, err := s.people.Accept(r.Context(), token, people.NewAccount{Email: inv.Email, Name: f.Get("name"), Password: f.Get("password"), Language: s.language(r)}, s.source(r))
	if err != nil {
		v.Name = f.Get("name")
		return s.again(w, r, err, v)
	}
	s.keep(w, in)
	return s.goTo(w, r, onward(in, "/"))
}

func (s *Server) invitationPage(r *http.Request, inv people.Invitation, token string) (*page.Invitation, error) {
	p := s.words(r)
	v := &page.Invitation{Base: s.doorPage(r, "join.title"), URL: "/join", Token: token, Email: inv.Email, Name: inv.Name, Role: roleNames(p, inv.Roles), Until: inv.Ends}
	if by, err := s.people.Account(r.Context(), isms.ID(inv.InvitedBy)); err == nil {
		v.By = by.Name
	}
	if s.instance != nil && inv.Place.Prefix() == isms.OrganisationPrefix {
		o, err := s.instance.Get(r.Context(), inv.Place)
		if err != nil {
			return nil, err
		}
		v.Organisation = o.Name
	}
	return v, nil
}

// showReset is behind a link with which a lost password is replaced.
func (s *Server) showReset(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, &page.Invitation{Base: s.doorPage(r, "reset.title", static.SetUp), URL: "/reset", Reset: true})
}

// reset sets the new password.
func (s *Server) reset(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.people.UseReset(r.Context(), r.PostForm.Get("token"), r.PostForm.Get("password"), s.source(r))
	if err != nil {
		return s.again(w, r, err, &page.Invitation{Base: s.doorPage(r, "reset.title", static.SetUp), URL: "/reset", Reset: true})
	}
	s.keep(w, in)
	return s.goTo(w, r, onward(in, "/"))
}
