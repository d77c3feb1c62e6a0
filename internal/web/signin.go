package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
)

// deviceCookie marks a browser that this person has used before.
const deviceCookie = "device"

const deviceAge = 180 * 24 * time.Hour

// from is where a request comes from, for sessions and throttles.
func (s *Server) from(r *http.Request) people.Source {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return people.Source{Agent: r.UserAgent(), Device: s.readCookie(r, deviceCookie)}
	}
	return people.Source{Addr: addr.Addr(), Agent: r.UserAgent(), Device: s.readCookie(r, deviceCookie)}
}

// signedIn keeps the cookies of a session and sends the person to what comes next.
func (s *Server) signedIn(w http.ResponseWriter, r *http.Request, in people.SignedIn, next string) error {
	s.setCookie(w, sessionCookie, in.Cookie, 0)
	if in.Device != "" {
		s.setCookie(w, deviceCookie, in.Device, deviceAge)
	}
	if len(in.RecoveryCodes) > 0 {
		return s.secret(w, r, &page.RecoveryCodes{Base: page.Base{Title: s.words(r).T("codes.title"), Frame: page.Plain}, Codes: in.RecoveryCodes, Next: "/account/codes-kept"})
	}
	switch in.Session.Level {
	case people.Enrol:
		return s.goTo(w, r, "/account/totp"+queryNext(next))
	case people.Second:
		return s.goTo(w, r, "/sign-in/code"+queryNext(next))
	}
	return s.goTo(w, r, orHome(next))
}

func queryNext(next string) string {
	if next == "" || next == "/" {
		return ""
	}
	return "?next=" + url.QueryEscape(localPath(next))
}

func orHome(next string) string {
	if next == "" {
		return "/"
	}
	return next
}

// setUp shows the form for the first account.
func (s *Server) setUp(w http.ResponseWriter, r *http.Request) error {
	open, err := s.config.People.SetUpOpen(r.Context())
	if err != nil {
		return err
	}
	if !open {
		return s.goTo(w, r, "/")
	}
	return s.show(w, r, http.StatusOK, s.setUpPage(r))
}

func (s *Server) setUpPage(r *http.Request) *page.SetUp {
	return &page.SetUp{Base: page.Base{Title: s.words(r).T("setup.title"), Frame: page.Plain, Scripts: []string{"setup.js"}},
		Token: r.PostForm.Get("token"), Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email")}
}

func (s *Server) doSetUp(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.config.People.SetUp(r.Context(), strings.TrimSpace(r.PostForm.Get("token")), people.NewAccount{
		Email: r.PostForm.Get("email"), Name: r.PostForm.Get("name"), Password: r.PostForm.Get("password"), Language: s.language(r),
	}, s.from(r))
	if err != nil {
		return s.again(w, r, asInput(err), s.setUpPage(r))
	}
	return s.signedIn(w, r, in, "")
}

// asInput shows a refusal beside the form where the person can mend it there.
func asInput(err error) error {
	switch isms.KindOf(err) {
	case isms.Forbidden, isms.SignIn, isms.NotFound:
		return isms.Errorf(isms.Invalid, isms.CodeOf(err)).Because(err)
	}
	return err
}

func (s *Server) signInPage(r *http.Request) *page.SignIn {
	v := &page.SignIn{Base: page.Base{Title: s.words(r).T("signin.title"), Frame: page.Plain, Scripts: []string{"passkey.js"}}, Email: r.PostForm.Get("email"), Next: r.FormValue("next")}
	v.Head = headOf(s.config.Instance.Log.Head())
	return v
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	v := s.signInPage(r)
	c, err := s.config.People.BeginPasskeySignIn(r.Context())
	if err != nil {
		return err
	}
	v.Passkey = asking(c)
	return s.show(w, r, http.StatusOK, v)
}

// asking puts a question for a passkey on the page; its id comes back with the answer.
func asking(c people.Ceremony) page.Passkey {
	return page.Passkey{Options: string(c.Options), Ceremony: c.ID}
}

func (s *Server) doSignIn(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.config.People.SignIn(r.Context(), r.PostForm.Get("email"), r.PostForm.Get("password"), s.from(r))
	if err != nil {
		return s.again(w, r, asInput(err), s.signInPage(r))
	}
	return s.signedIn(w, r, in, r.PostForm.Get("next"))
}

// doPasskey takes the answer of a passkey, alone or as the second factor.
func (s *Server) doPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	answer, ceremony := []byte(r.PostForm.Get("credential")), r.PostForm.Get("ceremony")
	if cookie := s.readCookie(r, sessionCookie); cookie != "" {
		if _, ses, err := s.config.People.Session(r.Context(), cookie); err == nil && ses.Level == people.Second {
			in, err := s.config.People.FinishPasskeyCheck(r.Context(), cookie, ceremony, answer, s.from(r))
			if err != nil {
				return s.again(w, r, asInput(err), s.signInPage(r))
			}
			return s.signedIn(w, r, in, r.PostForm.Get("next"))
		}
	}
	in, err := s.config.People.FinishPasskeySignIn(r.Context(), ceremony, answer, s.from(r))
	if err != nil {
		return s.again(w, r, asInput(err), s.signInPage(r))
	}
	return s.signedIn(w, r, in, r.PostForm.Get("next"))
}

// unfinished is the session of somebody who owes a step; the error sends them to sign in.
func (s *Server) unfinished(r *http.Request) (cookie string, ses people.Session, acc people.Account, err error) {
	cookie = s.readCookie(r, sessionCookie)
	if _, ses, err = s.config.People.Session(r.Context(), cookie); err != nil {
		return "", ses, acc, err
	}
	acc, err = s.config.People.Account(r.Context(), ses.Account)
	return cookie, ses, acc, err
}

func (s *Server) secondPage(r *http.Request) (*page.SecondFactor, error) {
	cookie, ses, acc, err := s.unfinished(r)
	if err != nil {
		return nil, err
	}
	if ses.Level != people.Second {
		return nil, isms.Errorf(isms.SignIn, "")
	}
	v := &page.SecondFactor{Base: page.Base{Title: s.words(r).T("factor.title"), Frame: page.Plain, Scripts: []string{"passkey.js"}}, Next: r.FormValue("next"), HasTOTP: acc.TOTPSet > 0}
	if acc.Passkeys > 0 {
		c, err := s.config.People.BeginPasskeyCheck(r.Context(), cookie)
		if err != nil {
			return nil, err
		}
		v.Passkey = asking(c)
	}
	return v, nil
}

func (s *Server) second(w http.ResponseWriter, r *http.Request) error {
	v, err := s.secondPage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) doSecond(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.config.People.Second(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("code"), s.from(r))
	if err != nil {
		v, perr := s.secondPage(r)
		if perr != nil {
			return err
		}
		return s.again(w, r, asInput(err), v)
	}
	return s.signedIn(w, r, in, r.PostForm.Get("next"))
}

// enrol shows how to add an authenticator or a passkey.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request) error {
	v, err := s.enrolPage(r)
	if err != nil {
		return err
	}
	return s.secret(w, r, v)
}

func (s *Server) enrolPage(r *http.Request) (*page.Enrol, error) {
	cookie, ses, _, err := s.unfinished(r)
	if err != nil {
		return nil, err
	}
	key, err := s.config.People.BeginTOTP(r.Context(), cookie)
	if err != nil {
		return nil, err
	}
	c, err := s.config.People.BeginPasskey(r.Context(), cookie)
	if err != nil {
		return nil, err
	}
	return &page.Enrol{Base: page.Base{Title: s.words(r).T("enrol.title"), Frame: page.Plain, Scripts: []string{"passkey.js"}}, Secret: key.Secret, URI: key.URI,
		Passkey: asking(c), Must: ses.Level == people.Enrol, Next: r.FormValue("next")}, nil
}

func (s *Server) doEnrol(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.config.People.FinishTOTP(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("code"), s.from(r))
	if err != nil {
		v, perr := s.enrolPage(r)
		if perr != nil {
			return err
		}
		return s.again(w, r, asInput(err), v)
	}
	return s.signedIn(w, r, in, r.PostForm.Get("next"))
}

func (s *Server) doAddPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.config.People.FinishPasskey(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("ceremony"), browserName(r.UserAgent()), []byte(r.PostForm.Get("credential")), s.from(r))
	if err != nil {
		return err
	}
	return s.signedIn(w, r, in, r.PostForm.Get("next"))
}

// browserName is a short name for a passkey made in this browser.
func browserName(agent string) string {
	for _, n := range []string{"Firefox", "Edg", "Chrome", "Safari"} {
		if strings.Contains(agent, n) {
			return strings.Replace(n, "Edg", "Edge", 1)
		}
	}
	return "Passkey"
}

func (s *Server) codesKept(w http.ResponseWriter, r *http.Request) error { return s.goTo(w, r, "/") }

func (s *Server) stepUpPage(r *http.Request) (*page.StepUp, error) {
	cookie, _, acc, err := s.unfinished(r)
	if err != nil {
		return nil, err
	}
	v := &page.StepUp{Base: page.Base{Title: s.words(r).T("stepup.title"), Frame: page.Plain, Scripts: []string{"passkey.js"}}, Next: r.FormValue("next"), HasTOTP: acc.TOTPSet > 0}
	if acc.Passkeys > 0 {
		c, err := s.config.People.BeginPasskeyCheck(r.Context(), cookie)
		if err != nil {
			return nil, err
		}
		v.Passkey = asking(c)
	}
	return v, nil
}

func (s *Server) stepUp(w http.ResponseWriter, r *http.Request) error {
	v, err := s.stepUpPage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) doStepUp(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	cookie := s.readCookie(r, sessionCookie)
	var err error
	if answer := r.PostForm.Get("credential"); answer != "" {
		var in people.SignedIn
		in, err = s.config.People.FinishPasskeyCheck(r.Context(), cookie, r.PostForm.Get("ceremony"), []byte(answer), s.from(r))
		if err == nil && in.Cookie != "" {
			s.setCookie(w, sessionCookie, in.Cookie, 0)
		}
	} else {
		err = s.config.People.StepUp(r.Context(), cookie, r.PostForm.Get("code"), s.from(r))
	}
	if err != nil {
		v, perr := s.stepUpPage(r)
		if perr != nil {
			return err
		}
		return s.again(w, r, asInput(err), v)
	}
	return s.done(w, r, orHome(r.PostForm.Get("next")), "stepped_up")
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.config.People.SignOut(r.Context(), s.readCookie(r, sessionCookie)); err != nil {
		return err
	}
	s.dropCookie(w, sessionCookie)
	return s.goTo(w, r, "/sign-in")
}

// invitation is the page behind a one-time link, for an invitation or a reset.
func (s *Server) invitation(w http.ResponseWriter, r *http.Request) error {
	v, _, err := s.invitationPage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) invitationPage(r *http.Request) (v *page.Invitation, has bool, err error) {
	token := r.PathValue("token")
	p := s.words(r)
	v = &page.Invitation{Base: page.Base{Frame: page.Plain}, URL: r.URL.Path, Name: r.PostForm.Get("name")}
	inv, has, err := s.config.People.Invitation(r.Context(), token)
	if isms.KindOf(err) == isms.NotFound && strings.HasPrefix(r.URL.Path, "/reset/") {
		v.Reset, v.Title = true, p.T("reset.title")
		return v, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	v.Title, v.Email, v.Until, v.Reset = p.T("invitation.title"), inv.Email, inv.Ends, has
	if v.Name == "" {
		v.Name = inv.Name
	}
	var roles []string
	for _, role := range inv.Roles {
		roles = append(roles, p.T("role."+string(role)))
	}
	v.Role = p.List(roles...)
	if o, err := s.config.Instance.Get(r.Context(), inv.Place); err == nil {
		v.Organisation = o.Name
	}
	return v, has, nil
}

func (s *Server) doInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.config.People.Accept(r.Context(), r.PathValue("token"), people.NewAccount{Name: r.PostForm.Get("name"), Password: r.PostForm.Get("password"), Language: s.language(r)}, s.from(r))
	if err != nil {
		v, _, perr := s.invitationPage(r)
		if perr != nil {
			return err
		}
		return s.again(w, r, asInput(err), v)
	}
	return s.signedIn(w, r, in, "")
}

func (s *Server) doReset(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.config.People.UseReset(r.Context(), r.PathValue("token"), r.PostForm.Get("password"), s.from(r))
	if err != nil {
		v, _, perr := s.invitationPage(r)
		if perr != nil {
			return err
		}
		return s.again(w, r, asInput(err), v)
	}
	return s.signedIn(w, r, in, "")
}
