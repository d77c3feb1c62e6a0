package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
)

// headOf is a ledger's head as pages show it; nil before the first checkpoint.
func headOf(h ledger.Head) *page.Head {
	lines := strings.SplitN(string(h.Note), "\n", 4) // origin, size, root (C2SP tlog-checkpoint)
	if len(lines) < 4 {
		return nil
	}
	return &page.Head{Origin: lines[0], Size: int(h.Size), Root: lines[2], At: h.At}
}

// showPlaces lists where a person belongs.
func (s *Server) showPlaces(w http.ResponseWriter, r *http.Request) error {
	who, p := visitorOf(r.Context()), s.words(r)
	ms, err := s.people.Places(r.Context(), who.Account.ID)
	if err != nil {
		return err
	}
	v := &page.Places{Base: s.doorPage(r, "places.title")}
	for _, m := range ms {
		row := page.PlaceRow{Roles: roleNames(p, m.Roles), URL: "/places/" + string(m.Place), Here: m.Place == who.Session.Place}
		if m.Place == s.people.Instance() {
			v.CanAdd = v.CanAdd || row.Here
			row.Name = p.T("places.instance")
			if row.Here {
				continue
			}
		} else {
			o, err := s.instance.Get(r.Context(), m.Place)
			if err != nil {
				return err
			}
			row.Name = o.Name
		}
		v.Rows = append(v.Rows, row)
	}
	if len(v.Rows) == 0 && v.CanAdd { // a new installation: naming the organisation comes next
		return s.goTo(w, r, "/organisation")
	}
	return s.show(w, r, http.StatusOK, v)
}

// enter moves the session to another place.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) error {
	in, err := s.people.Enter(r.Context(), s.readCookie(r, sessionCookie), isms.ID(r.PathValue("place")), s.source(r))
	if err != nil {
		return err
	}
	s.keep(w, in)
	return s.goTo(w, r, onward(in, "/"))
}

// showNewOrganisation asks for name, zone, language and domains.
func (s *Server) showNewOrganisation(w http.ResponseWriter, r *http.Request) error {
	if err := s.mayFound(r); err != nil {
		return err
	}
	v := &page.NameOrganisation{Base: s.doorPage(r, "organisation.title"), Zones: zones, Zone: guessZone(s.language(r)), Language: s.language(r), First: true}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) mayFound(r *http.Request) error {
	return people.Allow(visitorOf(r.Context()).Actor, people.OrganisationCreate, people.Record{Place: s.people.Instance()}, s.config.Clock.Now())
}

// newOrganisation makes it, with its maker as its security officer, and enters it.
func (s *Server) newOrganisation(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	if err := s.mayFound(r); err != nil {
		return err
	}
	ctx, who, f := r.Context(), visitorOf(r.Context()), r.PostForm
	o, err := s.instance.Create(ctx, who.Actor, instance.NewOrganisation{
		Name: f.Get("name"), Zone: strings.TrimSpace(f.Get("zone")), Language: isms.Language(f.Get("language")), Domains: splitWords(f.Get("domains")),
	})
	if err != nil {
		v := &page.NameOrganisation{Base: s.doorPage(r, "organisation.title"), Zones: zones, Name: f.Get("name"), Zone: f.Get("zone"),
			Language: isms.Language(f.Get("language")), Domains: f.Get("domains")}
		return s.again(w, r, err, v)
	}
	if _, err := s.people.Join(ctx, who.Actor, who.Account.ID, o.ID, []isms.Role{isms.SecurityOfficer}, 0); err != nil {
		return err
	}
	in, err := s.people.Enter(ctx, s.readCookie(r, sessionCookie), o.ID, s.source(r))
	if err != nil {
		return err
	}
	s.keep(w, in)
	return s.done(w, r, "/", "organisation_made")
}

func splitWords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\n' || r == '\r' || r == '\t' })
}

// zones are offered while typing; every IANA zone is taken.
var zones = []string{
	"Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Bratislava", "Europe/Brussels", "Europe/Bucharest", "Europe/Budapest", "Europe/Copenhagen",
	"Europe/Dublin", "Europe/Helsinki", "Europe/Lisbon", "Europe/Ljubljana", "Europe/London", "Europe/Luxembourg", "Europe/Madrid", "Europe/Malta", "Europe/Oslo",
	"Europe/Paris", "Europe/Prague", "Europe/Riga", "Europe/Rome", "Europe/Sofia", "Europe/Stockholm", "Europe/Tallinn", "Europe/Vienna", "Europe/Vilnius",
	"Europe/Warsaw", "Europe/Zagreb", "Europe/Zurich", "America/New_York", "America/Chicago", "America/Los_Angeles", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "UTC",
}

func guessZone(l isms.Language) string {
	switch l {
	case isms.German:
		return "Europe/Berlin"
	case isms.Slovenian:
		return "Europe/Ljubljana"
	}
	return ""
}

// showPeople lists members and open invitations.
func (s *Server) showPeople(w http.ResponseWriter, r *http.Request) error {
	v, err := s.peoplePage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) peoplePage(r *http.Request) (*page.People, error) {
	ctx, who, p := r.Context(), visitorOf(r.Context()), s.words(r)
	place := who.Session.Place
	members, err := s.people.Members(ctx, who.Actor, place)
	if err != nil {
		return nil, err
	}
	v := &page.People{Base: page.Base{Title: p.T("people.title")}, Role: string(isms.Employee)}
	for _, m := range members {
		row := page.MemberRow{Person: page.Person{Name: m.Account.Name}, Email: m.Account.Email, Factor: factorName(p, m.Account), Missing: !m.Account.HasFactor(), You: m.Account.ID == who.Account.ID}
		for _, role := range m.Membership.Roles {
			row.Roles = append(row.Roles, roleName(p, role))
		}
		if m.Membership.Ends > 0 {
			row.Until = p.DayOf(m.Membership.Ends)
		}
		v.Members = append(v.Members, row)
	}
	c := p.Collator()
	slices.SortFunc(v.Members, func(a, b page.MemberRow) int {
		return cmp.Or(c.CompareString(a.Person.Name, b.Person.Name), cmp.Compare(a.Email, b.Email))
	})
	if ok, _ := people.Can(who.Actor, people.PeopleInvite, people.Record{Place: place}); !ok {
		return v, nil
	}
	v.CanInvite = true
	for _, role := range people.RolesOf(place) {
		v.Roles = append(v.Roles, page.Option{Value: string(role), Text: roleName(p, role), Hint: p.T("role." + string(role) + ".hint")})
	}
	invited, err := s.people.Invited(ctx, who.Actor, place)
	if err != nil {
		return nil, err
	}
	for _, i := range invited {
		if i.State != "open" || i.Ends <= s.config.Clock.Now() {
			continue
		}
		row := page.InvitationRow{Email: i.Email, Role: roleNames(p, i.Roles), Until: i.Ends, RevokeURL: "/people/invitations/" + string(i.ID) + "/withdraw"}
		if by, err := s.people.Account(ctx, isms.ID(i.InvitedBy)); err == nil {
			row.By = by.Name
		}
		v.Invitations = append(v.Invitations, row)
	}
	return v, nil
}

func factorName(p *lang.Printer, a people.Account) string {
	var names []string
	if a.Passkeys > 0 {
		names = append(names, p.T("factor.kind.passkey"))
	}
	if a.TOTPSet > 0 {
		names = append(names, p.T("factor.kind.totp"))
	}
	return strings.Join(names, ", ")
}

// invite makes the link to hand over and shows it once.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	f, who, p := r.PostForm, visitorOf(r.Context()), s.words(r)
	ends, err := endOf(f.Get("until"), p)
	var token string
	var inv people.Invitation
	if err == nil {
		inv, token, err = s.people.Invite(r.Context(), who.Actor, people.Invitation{Email: f.Get("email"), Name: strings.TrimSpace(f.Get("name")), Place: who.Session.Place,
			Roles: []isms.Role{isms.Role(f.Get("role"))}, RoleEnds: ends})
	}
	if err != nil {
		v, broken := s.peoplePage(r)
		if broken != nil {
			return broken
		}
		v.Email, v.Name, v.Role, v.Until = f.Get("email"), f.Get("name"), f.Get("role"), isms.Date(f.Get("until"))
		return s.again(w, r, err, v)
	}
	v := &page.OneTime{Base: page.Base{Title: p.T("people.link", "email", inv.Email), Crumbs: []page.Link{{Text: p.T("people.title"), URL: "/people"}, {Text: inv.Email}}},
		Lead: p.T("people.link.lead", "until", p.Moment(inv.Ends)), Label: p.T("people.link.label"), Advice: p.T("people.link.advice"),
		Secret: s.address(r) + "/join#token=" + token, Next: page.Action{Text: p.T("codes.kept"), URL: "/people", Main: true}}
	return s.secret(w, r, v)
}

// address is the origin at which the reader reaches us; the host was checked already.
func (s *Server) address(r *http.Request) string {
	if s.config.Address != "" {
		return s.config.Address
	}
	if s.config.Secure {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// endOf reads a day from a date field: the instant at which it is over in the
// organisation's zone; zero if the field is empty.
func endOf(day string, p *lang.Printer) (isms.Instant, error) {
	if day == "" {
		return 0, nil
	}
	d, err := isms.ParseDate(day)
	if err != nil {
		return 0, isms.Errorf(isms.Invalid, "date.malformed", "value", day).At("until")
	}
	return d.AddDays(1).Start(p.Zone()), nil
}

// withdraw takes an open invitation back.
func (s *Server) withdraw(w http.ResponseWriter, r *http.Request) error {
	if err := s.people.Withdraw(r.Context(), visitorOf(r.Context()).Actor, isms.ID(r.PathValue("invitation"))); err != nil {
		return err
	}
	return s.done(w, r, "/people", "invitation_withdrawn")
}
