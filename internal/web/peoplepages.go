package web

import (
	"net/http"
	"slices"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
)

func (s *Server) peoplePage(r *http.Request) (*page.People, error) {
	v, err := s.inside(r)
	if err != nil {
		return nil, err
	}
	p := s.words(r)
	out := &page.People{Base: page.Base{Title: p.T("nav.people")}, CanInvite: v.may(people.PeopleInvite) == nil,
		Email: r.PostForm.Get("email"), Role: r.PostForm.Get("role"), Until: isms.Date(r.PostForm.Get("until"))}
	for _, role := range people.RolesOf(v.Place) {
		out.Roles = append(out.Roles, page.Option{Value: string(role), Text: p.T("role." + string(role)), Hint: p.T("role." + string(role) + ".hint")})
	}
	members, err := s.config.People.Members(r.Context(), v.Actor, v.Place)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		row := page.MemberRow{Person: page.Person{Name: m.Account.Name}, Email: m.Account.Email, You: m.Account.ID == v.Actor.Account,
			Missing: !m.Account.HasFactor(), Until: day(m.Membership.Ends, v.Zone)}
		for _, role := range m.Membership.Roles {
			row.Roles = append(row.Roles, p.T("role."+string(role)))
		}
		row.Factor = p.T(factorKey(m.Account))
		out.Members = append(out.Members, row)
	}
	if out.CanInvite {
		invited, err := s.config.People.Invited(r.Context(), v.Actor, v.Place)
		if err != nil {
			return nil, err
		}
		for _, inv := range invited {
			if inv.State == "open" && len(inv.Roles) > 0 {
				out.Invitations = append(out.Invitations, page.InvitationRow{Email: inv.Email, Role: p.T("role." + string(inv.Roles[0])), Until: inv.Ends,
					By: inv.InvitedBy, RevokeURL: "/people/invitations/" + string(inv.ID) + "/withdraw"})
			}
		}
	}
	return out, nil
}

func factorKey(a people.Account) string {
	switch {
	case a.Passkeys > 0:
		return "factor.kind.passkey"
	case a.TOTPSet > 0:
		return "factor.kind.totp"
	}
	return "factor.kind.none"
}

func day(i isms.Instant, zone *time.Location) isms.Date {
	if i == 0 {
		return ""
	}
	return isms.DateOf(i, zone)
}

func (s *Server) people(w http.ResponseWriter, r *http.Request) error {
	v, err := s.peoplePage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

// invite makes an invitation and shows its link once, to be handed over.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	inv := people.Invitation{Email: r.PostForm.Get("email"), Name: r.PostForm.Get("name"), Place: v.Place, Roles: []isms.Role{isms.Role(r.PostForm.Get("role"))}}
	if d := isms.Date(r.PostForm.Get("until")); d != "" {
		if d, err = isms.ParseDate(string(d)); err == nil {
			inv.RoleEnds = d.AddDays(1).Start(v.Zone)
		}
	}
	if inv.Name == "" {
		inv.Name = inv.Email
	}
	var token string
	if err == nil {
		inv, token, err = s.config.People.Invite(r.Context(), v.Actor, inv)
	}
	if err != nil {
		p, perr := s.peoplePage(r)
		if perr != nil {
			return err
		}
		return s.again(w, r, err, p)
	}
	p := s.words(r)
	return s.secret(w, r, &page.OneTime{Base: page.Base{Title: p.T("invitation.made")}, Lead: p.T("invitation.made.lead", "email", inv.Email),
		Label: p.T("invitation.link"), Secret: s.config.Address + "/invitation/" + token, Advice: p.T("invitation.advice"),
		Next: page.Action{Text: p.T("action.back"), URL: "/people"}})
}

func (s *Server) withdraw(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := s.config.People.Withdraw(r.Context(), v.Actor, isms.ID(r.PathValue("id"))); err != nil {
		return err
	}
	return s.done(w, r, "/people", "withdrawn")
}

// account is a person's own page.
func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r.Context())
	ctx := r.Context()
	acc, err := s.config.People.Account(ctx, v.Actor.Account)
	if err != nil {
		return err
	}
	p := s.words(r)
	out := &page.Account{Base: page.Base{Title: p.T("nav.account")}, Name: acc.Name, Email: acc.Email}
	sessions, err := s.config.People.Sessions(ctx, v.Actor)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		out.Sessions = append(out.Sessions, page.SessionRow{Device: browserName(x.Agent), From: x.Addr, Since: x.Made, Seen: x.Seen,
			This: x.ID == v.Actor.Via, EndURL: "/account/sessions/" + string(x.ID) + "/end"})
	}
	if acc.TOTPSet > 0 {
		out.Factors = append(out.Factors, page.FactorRow{Name: p.T("factor.kind.totp"), Kind: "totp", Since: acc.TOTPSet})
	}
	keys, err := s.config.People.Passkeys(ctx, acc.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		out.Factors = append(out.Factors, page.FactorRow{Name: k.Name, Kind: "passkey", Since: k.Added, Used: k.Used, RemoveURL: "/account/passkeys/" + k.ID + "/remove"})
	}
	out.Codes, err = s.config.People.RecoveryLeft(ctx, acc.ID)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, out)
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.config.People.EndSession(r.Context(), visitorOf(r.Context()).Actor, isms.ID(r.PathValue("id"))); err != nil {
		return err
	}
	return s.done(w, r, "/account", "session_ended")
}

func (s *Server) endOthers(w http.ResponseWriter, r *http.Request) error {
	if err := s.config.People.EndOtherSessions(r.Context(), visitorOf(r.Context()).Actor); err != nil {
		return err
	}
	return s.done(w, r, "/account", "session_ended")
}

func (s *Server) newCodes(w http.ResponseWriter, r *http.Request) error {
	codes, err := s.config.People.NewRecoveryCodes(r.Context(), s.readCookie(r, sessionCookie))
	if err != nil {
		return err
	}
	return s.secret(w, r, &page.RecoveryCodes{Base: page.Base{Title: s.words(r).T("codes.title"), Frame: page.Plain}, Codes: codes, Next: "/account/codes-kept"})
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request) error {
	if err := s.config.People.RemovePasskey(r.Context(), s.readCookie(r, sessionCookie), r.PathValue("id")); err != nil {
		return err
	}
	return s.done(w, r, "/account", "saved")
}

func (s *Server) tokensPage(r *http.Request) (*page.Tokens, *visit, error) {
	v, err := s.inside(r)
	if err != nil {
		return nil, nil, err
	}
	p := s.words(r)
	out := &page.Tokens{Base: page.Base{Title: p.T("nav.tokens")}, Name: r.PostForm.Get("name"), Chosen: r.PostForm["scopes"], Until: isms.Date(r.PostForm.Get("until"))}
	for _, sc := range []string{people.ScopeRead, people.ScopeWrite} {
		out.Scopes = append(out.Scopes, page.Option{Value: sc, Text: p.T("scope." + sc)})
	}
	list, err := s.config.People.Tokens(r.Context(), v.Actor, v.Place)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range list {
		if t.Token.State != "live" {
			continue
		}
		out.Rows = append(out.Rows, page.TokenRow{Name: t.Token.Name, Scopes: slices.Clone(t.Token.Scopes), Until: t.Token.Ends, Used: t.Used,
			RevokeURL: "/tokens/" + string(t.Token.ID) + "/revoke"})
	}
	return out, v, nil
}

func (s *Server) tokens(w http.ResponseWriter, r *http.Request) error {
	v, _, err := s.tokensPage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) doToken(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	pg, v, err := s.tokensPage(r)
	if err != nil {
		return err
	}
	until, err := isms.ParseDate(r.PostForm.Get("until"))
	var secret string
	if err == nil {
		_, secret, err = s.config.People.CreateToken(r.Context(), v.Actor, people.Token{Name: r.PostForm.Get("name"), Place: v.Place, Scopes: r.PostForm["scopes"], Ends: until.AddDays(1).Start(v.Zone)})
	}
	if err != nil {
		return s.again(w, r, err, pg)
	}
	p := s.words(r)
	return s.secret(w, r, &page.OneTime{Base: page.Base{Title: p.T("token.made")}, Lead: p.T("token.made.lead"), Label: p.T("token.secret"), Secret: secret, Advice: p.T("token.advice"),
		Example: []string{`curl -H "Authorization: Bearer ` + secret + `" ` + s.config.Address + "/api/v1/organisations"}, Next: page.Action{Text: p.T("action.back"), URL: "/tokens"}})
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := s.config.People.RevokeToken(r.Context(), v.Actor, isms.ID(r.PathValue("id"))); err != nil {
		return err
	}
	return s.done(w, r, "/tokens", "token_revoked")
}
