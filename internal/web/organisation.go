package web

import (
	"net/http"
	"strings"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
)

// zones are offered in the form; any other IANA name may be typed.
var zones = []string{"Europe/Ljubljana", "Europe/Berlin", "Europe/Vienna", "Europe/Zurich", "Europe/Oslo", "Europe/Stockholm", "Europe/London",
	"Europe/Paris", "Europe/Zagreb", "Europe/Rome", "Europe/Madrid", "Europe/Warsaw", "UTC", "America/New_York", "Asia/Singapore"}

func (s *Server) organisationPage(r *http.Request) *page.NameOrganisation {
	v := &page.NameOrganisation{Base: page.Base{Title: s.words(r).T("organisation.title"), Frame: page.Plain}, Zones: zones,
		Name: r.PostForm.Get("name"), Zone: r.PostForm.Get("zone"), Language: isms.Language(r.PostForm.Get("language")), Domains: r.PostForm.Get("domains")}
	if v.Language == "" {
		v.Language = s.language(r)
	}
	if v.Zone == "" {
		v.Zone = map[isms.Language]string{isms.German: "Europe/Berlin", isms.Slovenian: "Europe/Ljubljana"}[v.Language]
	}
	if v.Zone == "" {
		v.Zone = "UTC"
	}
	return v
}

// nameOrganisation makes the next organisation, or lets somebody who belongs to several choose.
func (s *Server) nameOrganisation(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r.Context())
	if v.Organisation == nil {
		places, err := s.config.People.Places(r.Context(), v.Actor.Account)
		if err != nil {
			return err
		}
		for _, m := range places {
			if m.Place.Prefix() == isms.OrganisationPrefix {
				return s.enterPlace(w, r, m.Place)
			}
		}
	}
	p := s.organisationPage(r)
	p.First = v.Organisation == nil
	return s.show(w, r, http.StatusOK, p)
}

func (s *Server) doNameOrganisation(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	ctx, v := r.Context(), visitorOf(r.Context())
	if !v.Operator {
		return isms.Errorf(isms.Forbidden, "can.role")
	}
	o, err := s.config.Instance.Create(ctx, v.Actor, instance.NewOrganisation{
		Name: r.PostForm.Get("name"), Zone: r.PostForm.Get("zone"), Language: isms.Language(r.PostForm.Get("language")),
		Domains: strings.FieldsFunc(r.PostForm.Get("domains"), func(c rune) bool { return c == ',' || c == ';' || c == '\n' || c == ' ' || c == '\r' }),
	})
	if err != nil {
		return s.again(w, r, err, s.organisationPage(r))
	}
	// Whoever makes an organisation begins as its officer; they may hand that over.
	if _, err := s.config.People.Join(ctx, isms.System, v.Actor.Account, o.ID, []isms.Role{isms.SecurityOfficer, isms.Administrator}, 0); err != nil {
		return err
	}
	return s.enterPlace(w, r, o.ID)
}

func (s *Server) enter(w http.ResponseWriter, r *http.Request) error {
	return s.enterPlace(w, r, isms.ID(r.PathValue("place")))
}

func (s *Server) enterPlace(w http.ResponseWriter, r *http.Request, place isms.ID) error {
	in, err := s.config.People.Enter(r.Context(), s.readCookie(r, sessionCookie), place, s.from(r))
	if err != nil {
		return err
	}
	return s.signedIn(w, r, in, "/")
}

// settings of the organisation.
func (s *Server) settings(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.SettingsRead); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, s.settingsPage(r, v, v.org))
}

func (s *Server) settingsPage(r *http.Request, v *visit, o instance.Organisation) *page.Settings {
	p := s.words(r)
	st := s.config.Instance.Store
	return &page.Settings{Base: page.Base{Title: p.T("nav.settings")}, Name: o.Name, Zone: o.Zone, Zones: zones, TextLanguage: o.Language,
		Domains: strings.Join(o.Domains, "\n"), CanChange: v.may(people.SettingsEdit) == nil,
		Facts: []page.Fact{{Name: p.T("settings.version"), Value: s.config.Version}, {Name: p.T("settings.data"), Value: st.Dir},
			{Name: p.T("settings.engine"), Value: string(st.Engine)}, {Name: p.T("settings.key"), Value: st.KeyFile()}}}
}

func (s *Server) doSettings(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	if err := v.may(people.SettingsEdit); err != nil {
		return err
	}
	o := v.org
	o.Name, o.Zone, o.Language = r.PostForm.Get("name"), r.PostForm.Get("zone"), isms.Language(r.PostForm.Get("language"))
	o.Domains = strings.Fields(strings.ReplaceAll(r.PostForm.Get("domains"), ",", " "))
	if _, err := s.config.Instance.Revise(r.Context(), v.Actor, o); err != nil {
		return s.again(w, r, err, s.settingsPage(r, v, o))
	}
	return s.done(w, r, "/settings", "saved")
}
