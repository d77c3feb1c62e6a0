package web

import (
	"net/http"
	"strings"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
)

// showTokens lists the tokens of the organisation that the reader may see.
func (s *Server) showTokens(w http.ResponseWriter, r *http.Request) error {
	v, err := s.tokensPage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) tokensPage(r *http.Request) (*page.Tokens, error) {
	ctx, who, p := r.Context(), visitorOf(r.Context()), s.words(r)
	uses, err := s.people.Tokens(ctx, who.Actor, who.Session.Place)
	if err != nil {
		return nil, err
	}
	v := &page.Tokens{Base: page.Base{Title: p.T("tokens.title")}, Chosen: []string{people.ScopeRead},
		Until: p.DayOf(s.config.Clock.Now()).AddDays(90)}
	for _, scope := range []string{people.ScopeRead, people.ScopeWrite} {
		v.Scopes = append(v.Scopes, page.Option{Value: scope, Text: p.T("tokens.scope." + scope), Hint: p.T("tokens.scope." + scope + ".hint")})
	}
	for _, u := range uses {
		if u.Token.State != "live" {
			continue
		}
		row := page.TokenRow{Name: u.Token.Name, Scopes: u.Token.Scopes, Until: u.Token.Ends, Used: u.Used, RevokeURL: "/tokens/" + string(u.Token.ID) + "/revoke"}
		if by, err := s.people.Account(ctx, u.Token.Account); err == nil {
			row.By = by.Name
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

// newToken makes a token and shows its secret once.
func (s *Server) newToken(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	f, who, p := r.PostForm, visitorOf(r.Context()), s.words(r)
	ends, err := endOf(f.Get("until"), p)
	var secret string
	if err == nil {
		_, secret, err = s.people.CreateToken(r.Context(), who.Actor, people.Token{Name: f.Get("name"), Place: who.Session.Place, Scopes: f["scopes"], Ends: ends})
	}
	if err != nil {
		v, broken := s.tokensPage(r)
		if broken != nil {
			return broken
		}
		v.Name, v.Chosen, v.Until = f.Get("name"), f["scopes"], isms.Date(f.Get("until"))
		return s.again(w, r, err, v)
	}
	v := &page.OneTime{Base: page.Base{Title: p.T("tokens.made", "name", f.Get("name")), Crumbs: []page.Link{{Text: p.T("tokens.title"), URL: "/tokens"}, {Text: f.Get("name")}}},
		Lead: p.T("tokens.made.lead"), Label: f.Get("name"), Secret: secret, Advice: p.T("tokens.lead"),
		Example: []string{`curl -H "Authorization: Bearer $TOKEN" ` + s.address(r) + "/api/v1/organisations"},
		Next:    page.Action{Text: p.T("codes.kept"), URL: "/tokens", Main: true}}
	return s.secret(w, r, v)
}

// revokeToken ends a token.
func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) error {
	if err := s.people.RevokeToken(r.Context(), visitorOf(r.Context()).Actor, isms.ID(r.PathValue("token"))); err != nil {
		return err
	}
	return s.done(w, r, "/tokens", "token_revoked")
}

// showSettings is the page of the organisation itself.
func (s *Server) showSettings(w http.ResponseWriter, r *http.Request) error {
	who := visitorOf(r.Context())
	if err := people.Allow(who.Actor, people.SettingsRead, people.Record{Place: who.Session.Place}, s.config.Clock.Now()); err != nil {
		return err
	}
	o, err := s.instance.Get(r.Context(), who.Session.Place)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, s.settingsPage(r, o))
}

func (s *Server) settingsPage(r *http.Request, o instance.Organisation) *page.Settings {
	p := s.words(r)
	ok, _ := people.Can(visitorOf(r.Context()).Actor, people.SettingsEdit, people.Record{Place: o.ID})
	v := &page.Settings{Base: page.Base{Title: p.T("settings.title")}, Name: o.Name, Zone: o.Zone, Zones: zones, TextLanguage: o.Language,
		Domains: strings.Join(o.Domains, " "), CanChange: ok, Revision: o.Rev}
	st := s.instance.Store
	v.Facts = []page.Fact{{Name: p.T("settings.version"), Value: s.config.Version}, {Name: p.T("settings.data"), Value: st.Dir},
		{Name: p.T("settings.engine"), Value: string(st.Engine)}, {Name: p.T("settings.key"), Value: st.KeyFile()}}
	return v
}

// saveSettings changes the organisation that was read at a revision.
func (s *Server) saveSettings(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	who, f := visitorOf(r.Context()), r.PostForm
	if err := people.Allow(who.Actor, people.SettingsEdit, people.Record{Place: who.Session.Place}, s.config.Clock.Now()); err != nil {
		return err
	}
	o, err := s.instance.Get(r.Context(), who.Session.Place)
	if err != nil {
		return err
	}
	o.Name, o.Zone, o.Language, o.Domains = f.Get("name"), strings.TrimSpace(f.Get("zone")), isms.Language(f.Get("language")), splitWords(f.Get("domains"))
	if o.Rev, err = revision(f.Get("revision")); err == nil {
		_, err = s.instance.Revise(r.Context(), who.Actor, o)
	}
	if err != nil {
		return s.again(w, r, err, s.settingsPage(r, o))
	}
	return s.done(w, r, "/settings", "saved")
}
