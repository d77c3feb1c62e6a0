package web

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
)

// visitor finds out who a session cookie speaks for, and in which organisation.
func (s *Server) visitor(ctx context.Context, cookie string) (*Visitor, error) {
	if s.people == nil {
		return nil, nil
	}
	actor, session, err := s.people.Session(ctx, cookie)
	if err != nil {
		return nil, err
	}
	a, err := s.people.Account(ctx, session.Account)
	if err != nil {
		return nil, err
	}
	v := &Visitor{Actor: actor, Session: session, Account: a, Name: a.Name, Roles: actor.Roles, Language: a.Language, Place: session.Place}
	if v.inside() && s.instance != nil {
		o, err := s.instance.Get(ctx, session.Place)
		if err != nil {
			return nil, err
		}
		if v.Zone, err = time.LoadLocation(o.Zone); err != nil {
			v.Zone = time.UTC
		}
		v.Of = o
		v.Organisation = &page.Organisation{Name: o.Name, Detail: strings.Join(o.Domains, " · ")}
	}
	return v, nil
}

// visit is one signed-in request in an organisation: who, and its ledger.
type visit struct {
	*Visitor
	ctx context.Context
	log *ledger.Log
	org instance.Organisation

	names func(isms.ID) string // what people call an account
}

// inside is the organisation that the request is about.
func (s *Server) inside(r *http.Request) (*visit, error) {
	v := visitorOf(r.Context())
	if v == nil {
		return nil, isms.Errorf(isms.SignIn, "session.none")
	}
	if !v.inside() {
		return nil, isms.Errorf(isms.NotFound, "organisation.unknown")
	}
	log, err := s.instance.Organisation(r.Context(), v.Place)
	if err != nil {
		return nil, err
	}
	out := &visit{Visitor: v, ctx: r.Context(), log: log, org: v.Of}
	out.names = func(id isms.ID) string {
		if id.Prefix() != isms.AccountPrefix {
			return string(id)
		}
		a, err := s.people.Account(r.Context(), id)
		if err != nil { // erased, or never here
			return string(id)
		}
		return a.Name
	}
	return out, nil
}

// may refuses what the visitor's role does not allow.
func (v *visit) may(act people.Act) error {
	return people.Allow(v.Actor, act, people.Record{Place: v.Place}, v.log.Clock.Now())
}

// source says from where a request comes, for throttles and the list of sessions.
func (s *Server) source(r *http.Request) people.Source {
	src := people.Source{Agent: r.UserAgent(), Device: s.readCookie(r, deviceCookie)}
	if s.config.Source != nil {
		src.Addr = s.config.Source(r)
		return src
	}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		src.Addr = at.Addr()
	}
	return src
}

// keep gives the browser the cookies of a session that was just opened or moved on.
func (s *Server) keep(w http.ResponseWriter, in people.SignedIn) {
	if in.Cookie != "" {
		s.setCookie(w, sessionCookie, in.Cookie, 0)
	}
	if in.Device != "" {
		s.setCookie(w, deviceCookie, in.Device, deviceAge)
	}
}

// onward is where somebody goes whose session has reached a level.
func onward(in people.SignedIn, next string) string {
	switch {
	case in.Session.Level == people.Enrol:
		return "/account/totp"
	case in.Session.Level == people.Second:
		return withNext("/sign-in/code", next)
	case in.Session.Place.Prefix() != isms.OrganisationPrefix:
		return "/places"
	}
	return localPath(next)
}

// roleNames lists roles in the reader's language.
func roleNames(p *lang.Printer, roles []isms.Role) string {
	names := make([]string, 0, len(roles))
	for _, r := range roles {
		names = append(names, roleName(p, r))
	}
	return strings.Join(names, ", ")
}

func roleName(p *lang.Printer, r isms.Role) string {
	if key := "role." + string(r); lang.Has(key) {
		return p.T(key)
	}
	return string(r)
}

// orHome is where a form leads that did not say.
func orHome(next string) string {
	if next == "" {
		return "/"
	}
	return next
}
