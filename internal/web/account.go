package web

import (
	"net/http"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
	"holdfast/internal/web/static"
)

// showEnrol offers the ways of a second factor.
func (s *Server) showEnrol(w http.ResponseWriter, r *http.Request) error {
	key, err := s.people.BeginTOTP(r.Context(), s.readCookie(r, sessionCookie))
	if err != nil {
		return err
	}
	v, err := s.enrolPage(r, key.Secret, key.URI)
	if err != nil {
		return err
	}
	return s.secret(w, r, v)
}

func (s *Server) enrolPage(r *http.Request, secret, uri string) (*page.Enrol, error) {
	c, err := s.people.BeginPasskey(r.Context(), s.readCookie(r, sessionCookie))
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(uri, "otpauth://") {
		uri = ""
	}
	who := visitorOf(r.Context())
	return &page.Enrol{Base: s.doorPage(r, "enrol.title", static.Passkey), Secret: secret, URI: uri, Passkey: asked(c), Must: who.Session.Level == people.Enrol, Next: "/"}, nil
}

// enrol confirms the authenticator by its first code.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	in, err := s.people.FinishTOTP(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("code"), s.source(r))
	if err != nil {
		v, broken := s.enrolPage(r, r.PostForm.Get("secret"), r.PostForm.Get("uri"))
		if broken != nil {
			return err
		}
		return s.again(w, r, err, v)
	}
	return s.factorAdded(w, r, in)
}

// addPasskey takes a new passkey.
func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	name := s.words(r).T("factor.kind.passkey")
	in, err := s.people.FinishPasskey(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("ceremony"), name, []byte(r.PostForm.Get("credential")), s.source(r))
	if err != nil {
		return err
	}
	return s.factorAdded(w, r, in)
}

// factorAdded shows the recovery codes that came with the first factor.
func (s *Server) factorAdded(w http.ResponseWriter, r *http.Request, in people.SignedIn) error {
	s.keep(w, in)
	if len(in.RecoveryCodes) == 0 {
		return s.done(w, r, "/account", "factor_added")
	}
	return s.secret(w, r, &page.RecoveryCodes{Base: s.doorPage(r, "codes.title"), Codes: in.RecoveryCodes, Next: onward(in, "/")})
}

// newRecoveryCodes replaces the codes and shows the new ones once.
func (s *Server) newRecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	codes, err := s.people.NewRecoveryCodes(r.Context(), s.readCookie(r, sessionCookie))
	if err != nil {
		return err
	}
	return s.secret(w, r, &page.RecoveryCodes{Base: s.doorPage(r, "codes.title"), Codes: codes, Next: "/account"})
}

// showAccount is a person's own page.
func (s *Server) showAccount(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accountPage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) accountPage(r *http.Request) (*page.Account, error) {
	ctx, who, p := r.Context(), visitorOf(r.Context()), s.words(r)
	v := &page.Account{Base: page.Base{Title: p.T("account.title")}, Name: who.Account.Name, Email: who.Account.Email}
	if who.Account.TOTPSet > 0 {
		f := page.FactorRow{Name: p.T("enrol.app"), Kind: "totp", Since: who.Account.TOTPSet}
		if who.Account.Passkeys > 0 {
			f.RemoveURL = "/account/totp/remove"
		}
		v.Factors = append(v.Factors, f)
	}
	keys, err := s.people.Passkeys(ctx, who.Account.ID)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		f := page.FactorRow{Name: k.Name, Kind: "passkey", Since: k.Added, Used: k.Used}
		if len(keys) > 1 || who.Account.TOTPSet > 0 {
			f.RemoveURL = "/account/passkeys/" + k.ID + "/remove"
		}
		v.Factors = append(v.Factors, f)
	}
	if v.Codes, err = s.people.RecoveryLeft(ctx, who.Account.ID); err != nil {
		return nil, err
	}
	sessions, err := s.people.Sessions(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	for _, x := range sessions {
		row := page.SessionRow{Device: device(x.Agent), From: x.Addr, Since: x.Made, Seen: x.Seen, This: x.ID == who.Session.ID}
		if !row.This {
			row.EndURL = "/account/sessions/" + string(x.ID) + "/end"
		}
		v.Sessions = append(v.Sessions, row)
	}
	return v, nil
}

// device makes a few words of what a browser says of itself.
func device(agent string) string {
	find := func(names ...string) string {
		for _, n := range names {
			label, mark, _ := strings.Cut(n, "=")
			if strings.Contains(agent, mark) {
				return label
			}
		}
		return ""
	}
	browser := find("Edge=Edg/", "Firefox=Firefox/", "Chrome=Chrome/", "Safari=Safari/", "curl=curl/")
	system := find("Android=Android", "iPhone=iPhone", "iPad=iPad", "Windows=Windows", "macOS=Mac OS X", "Linux=Linux")
	switch {
	case browser != "" && system != "":
		return browser + " · " + system
	case browser+system != "":
		return browser + system
	case agent == "":
		return "–"
	}
	if r := []rune(agent); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return agent
}

// removeTOTP takes the authenticator away.
func (s *Server) removeTOTP(w http.ResponseWriter, r *http.Request) error {
	if err := s.people.RemoveTOTP(r.Context(), s.readCookie(r, sessionCookie)); err != nil {
		return err
	}
	return s.done(w, r, "/account", "factor_removed")
}

// removePasskey takes a passkey away.
func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request) error {
	if err := s.people.RemovePasskey(r.Context(), s.readCookie(r, sessionCookie), r.PathValue("key")); err != nil {
		return err
	}
	return s.done(w, r, "/account", "factor_removed")
}

// endSession signs out one other browser.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.people.EndSession(r.Context(), visitorOf(r.Context()).Actor, isms.ID(r.PathValue("session"))); err != nil {
		return err
	}
	return s.done(w, r, "/account", "session_ended")
}

// endOtherSessions signs out every other browser.
func (s *Server) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	if err := s.people.EndOtherSessions(r.Context(), visitorOf(r.Context()).Actor); err != nil {
		return err
	}
	return s.done(w, r, "/account", "session_ended")
}

// changePassword asks for the present password by way of a fresh second factor, which
// the room demands, and sets the new one.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	if err := s.people.SetPassword(r.Context(), s.readCookie(r, sessionCookie), r.PostForm.Get("password")); err != nil {
		v, broken := s.accountPage(r)
		if broken != nil {
			return broken
		}
		return s.again(w, r, err, v)
	}
	return s.done(w, r, "/account", "password_changed")
}
