package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/people"
	"holdfast/internal/web/page"
	"holdfast/internal/web/sample"
)

// stopped is a clock that stands still.
type stopped isms.Instant

func (c stopped) Now() isms.Instant { return isms.Instant(c) }

const signedIn = "mojca"

// who knows one session.
func who(_ context.Context, session string) (*Visitor, error) {
	if session != signedIn {
		return nil, nil
	}
	zone := isms.Must(time.LoadLocation("Europe/Ljubljana"))
	o := sample.Organisation
	return &Visitor{Name: "Mojca Žagar", Roles: []isms.Role{isms.SecurityOfficer}, Zone: zone, Organisation: &o, Nav: NavCounts{Failing: 1, Waiting: 1},
		Session: people.Session{Level: people.Full, Place: "org_sample"}}, nil
}

// house is a server that shows every sample page under its name.
func house(t testing.TB) *Server {
	t.Helper()
	s, err := New(Config{Hosts: []string{"localhost:8700"}, Clock: stopped(sample.Now)})
	if err != nil {
		t.Fatal(err)
	}
	s.find = who
	for _, pl := range places[1:] { // so that the navigation is whole
		s.routes = append(s.routes, route{pattern: "GET " + pl.path, handler: s.sampleHandler(page404)})
	}
	for _, p := range sample.Pages() {
		pattern := "GET /" + p.Name
		if !s.has(pattern) {
			s.routes = append(s.routes, route{pattern: pattern})
		}
		for i := range s.routes {
			if s.routes[i].pattern == pattern {
				s.routes[i].handler = s.sampleHandler(p.View)
				if p.Out {
					s.routes[i].open = true
				}
			}
		}
	}
	s.routes = append(s.routes, route{pattern: "GET /panic", open: true, handler: func(http.ResponseWriter, *http.Request) error { panic("on purpose") }},
		route{pattern: "POST /echo", open: true, limit: 64, handler: s.echo}, route{pattern: "GET /closed", handler: s.echo})
	if s.root, err = s.chain(); err != nil {
		t.Fatal(err)
	}
	return s
}

func page404(p *lang.Printer) page.View {
	return &page.Failure{Base: page.Base{Title: "–"}, Status: 404}
}

func (s *Server) sampleHandler(view func(*lang.Printer) page.View) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p := lang.In(s.language(r), nil)
		if v := visitorOf(r.Context()); v != nil {
			p = lang.In(p.Language(), v.Zone)
		}
		v := view(p)
		switch r.URL.Query().Get("theme") {
		case "dark":
			return s.themed(w, r, v, page.DarkTheme)
		case "light":
			return s.themed(w, r, v, page.LightTheme)
		}
		return s.show(w, r, http.StatusOK, v)
	}
}

// themed shows a page in a theme without a cookie, for pictures.
func (s *Server) themed(w http.ResponseWriter, r *http.Request, v page.View, theme page.Theme) error {
	r.AddCookie(&http.Cookie{Name: s.cookieName(themeCookie), Value: string(theme)})
	return s.show(w, r, http.StatusOK, v)
}

func (s *Server) echo(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	if r.PostForm.Get("name") == "" {
		v := &page.NameOrganisation{Base: page.Base{Frame: page.Plain, Title: "echo"}, Domains: r.PostForm.Get("domains")}
		return s.again(w, r, isms.Errorf(isms.Invalid, "web.unreadable").At("name"), v)
	}
	return s.done(w, r, "/start", "none")
}

// ask sends a request to the house.
func ask(t testing.TB, s *Server, method, path string, change func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost:8700"+path, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func asMojca(r *http.Request) {
	r.AddCookie(&http.Cookie{Name: "holdfast-session", Value: signedIn})
}

func inLanguage(l isms.Language) func(*http.Request) {
	return func(r *http.Request) {
		asMojca(r)
		r.Header.Set("Accept-Language", string(l))
	}
}

func body(t testing.TB, res *http.Response) string {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	var b strings.Builder
	if _, err := io.Copy(&b, res.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// form makes a request carry the fields of a form.
func form(kv ...string) func(*http.Request) {
	values := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		values.Set(kv[i], kv[i+1])
	}
	return func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = io.NopCloser(strings.NewReader(values.Encode()))
	}
}
