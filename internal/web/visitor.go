package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
)

// who finds the visitor of a session cookie. A session that still owes a step is nobody yet:
// only the pages of that step know it.
func (s *Server) who(ctx context.Context, cookie string) (*Visitor, error) {
	actor, ses, err := s.config.People.Session(ctx, cookie)
	if err != nil || ses.Level != people.Full {
		return nil, err
	}
	acc, err := s.config.People.Account(ctx, actor.Account)
	if err != nil {
		return nil, err
	}
	v := &Visitor{Actor: actor, Name: acc.Name, Language: acc.Language, Zone: time.UTC, Place: ses.Place}
	if len(actor.Roles) > 0 {
		v.Role = string(actor.Roles[0])
	}
	return v, s.locate(ctx, v)
}

// locate adds the organisation that the session is in, and the others of the account.
func (s *Server) locate(ctx context.Context, v *Visitor) error {
	places, err := s.config.People.Places(ctx, v.Actor.Account)
	if err != nil {
		return err
	}
	for _, m := range places {
		if m.Place.Prefix() != isms.OrganisationPrefix {
			v.Operator = true
			continue
		}
		o, err := s.config.Instance.Get(ctx, m.Place)
		if err != nil {
			return err
		}
		if m.Place == v.Place {
			v.Of = o
			if v.Zone, err = time.LoadLocation(o.Zone); err != nil {
				return err
			}
			v.Organisation = &page.Organisation{Name: o.Name, Detail: strings.Join(o.Domains, " · ")}
		}
	}
	if v.Organisation == nil {
		return nil
	}
	for _, m := range places {
		if m.Place != v.Place && m.Place.Prefix() == isms.OrganisationPrefix {
			if o, err := s.config.Instance.Get(ctx, m.Place); err == nil {
				v.Organisation.Others = append(v.Organisation.Others, page.Link{Text: o.Name, URL: "/enter/" + string(o.ID)})
			}
		}
	}
	return nil
}

// gate sends everybody to set-up until there is an account, and a person without an organisation
// to the page that makes or chooses one.
func (s *Server) gate(ctx context.Context, path string) (string, error) {
	if !s.setUpDone.Load() {
		open, err := s.config.People.SetUpOpen(ctx)
		if err != nil {
			return "", err
		}
		if open {
			if path == "/setup" || path == "/preferences" {
				return "", nil
			}
			return "/setup", nil
		}
		s.setUpDone.Store(true)
	}
	v := visitorOf(ctx)
	if v == nil || v.Organisation != nil {
		return "", nil
	}
	for _, ok := range []string{"/organisation", "/enter", "/sign-", "/account", "/step-up", "/preferences", "/recovery-key", "/people", "/backups", "/setup"} {
		if strings.HasPrefix(path, ok) {
			return "", nil
		}
	}
	return "/organisation", nil
}

// words speaks the reader's language before there is a page.
func (s *Server) words(r *http.Request) *lang.Printer {
	if v := visitorOf(r.Context()); v != nil {
		return lang.In(s.language(r), v.Zone)
	}
	return lang.In(s.language(r), nil)
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
		return nil, isms.Errorf(isms.SignIn, "")
	}
	if v.Organisation == nil {
		return nil, isms.Errorf(isms.NotFound, "organisation.unknown")
	}
	log, err := s.config.Instance.Organisation(r.Context(), v.Place)
	if err != nil {
		return nil, err
	}
	out := &visit{Visitor: v, ctx: r.Context(), log: log, org: v.Of}
	out.names = func(id isms.ID) string {
		if id.Prefix() != isms.AccountPrefix {
			return string(id)
		}
		acc, err := s.config.People.Account(r.Context(), id)
		if err != nil { // erased, or never here
			return string(id)
		}
		return acc.Name
	}
	return out, nil
}

// may refuses what the visitor's role does not allow.
func (v *visit) may(act people.Act) error {
	return people.Allow(v.Actor, act, people.Record{Place: v.Place}, v.log.Clock.Now())
}

// headOf is a ledger's head as pages show it.
func headOf(h ledger.Head) *page.Head {
	lines := strings.SplitN(string(h.Note), "\n", 4)
	if len(lines) < 4 {
		return nil
	}
	return &page.Head{Origin: lines[0], Size: int(h.Size), Root: lines[2], At: h.At}
}
