// Package web is the door of pages. It parses requests, calls the rooms' verbs and
// renders what they return; it decides nothing itself. It owns the middlewares
// that every route passes (host allow-list, security headers, cross-origin
// protection, body limits, compression, request ids), the cookies, and the one
// place that turns kinds of errors into status codes and pages.
//
// Every page and every form works without script. A fragment for htmx is the same
// handler that answers the full page. No state changes by GET.
//
// Floor 4.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/reading"
	"holdfast/internal/web/page"
	"holdfast/internal/web/static"
)

// Config is what the door needs. The zero value of an optional field is a sound default.
type Config struct {
	// Hosts are the values of the Host header that are answered, with their port,
	// such as "localhost:8700". Every other request is answered 421.
	Hosts []string

	// Secure says that browsers reach the server by TLS: cookies are then marked
	// Secure and carry the __Host- prefix, and HSTS is sent.
	Secure bool

	// Clock tells the time; the operating system's if nil.
	Clock isms.Clock

	// Log receives one line a request and the causes of internal errors.
	Log *slog.Logger

	// People and Instance are the rooms behind sign-in and organisations. Without
	// People nobody ever signs in and only pages for everybody answer.
	People   *people.People
	Instance *instance.Instance

	// Address is how browsers reach us, such as https://isms.example.com, for links to
	// hand over; by default the host of the request.
	Address string

	// Version of the product, as settings show it.
	Version string

	// House runs the organisations: looking, judging and what follows from it.
	House *organisation.House

	// Read takes a document apart in a process of its own. Nil: reading.ReadAny.
	Read func(ctx context.Context, name string, data []byte, opt reading.Options) (*reading.Reading, error)

	// Source says from where a request comes; nil takes the connection's address.
	Source func(r *http.Request) netip.Addr

	// Sample marks every page as belonging to a sample organisation.
	Sample bool

	// MaxBody limits a request's body in bytes; 1 MiB if zero. Routes that take
	// files state their own limit.
	MaxBody int64
}

// Visitor is somebody with a session. Only a full session is an actor.
type Visitor struct {
	Actor        isms.Actor
	Session      people.Session
	Account      people.Account
	Name         string
	Roles        []isms.Role
	Language     isms.Language
	Zone         *time.Location // of the organisation
	Organisation *page.Organisation
	Nav          NavCounts
	Place        isms.ID               // the organisation that the session is in
	Of           instance.Organisation // its record
}

// inside tells whether the visitor is signed in to an organisation.
func (v *Visitor) inside() bool {
	return v != nil && v.Session.Level == people.Full && v.Session.Place.Prefix() == isms.OrganisationPrefix
}

// NavCounts are the small numbers in the navigation.
type NavCounts struct {
	Failing int // clauses that fail
	Waiting int // what waits for this person as the second one
}

// Server answers for all pages.
type Server struct {
	config   Config
	people   *people.People
	instance *instance.Instance
	assets   *static.Files
	root     http.Handler
	routes   []route

	// find finds out who a session cookie speaks for; tests put somebody there.
	find func(ctx context.Context, cookie string) (*Visitor, error)
}

// New builds the door. Pages are added by the route table in routes.go.
func New(c Config) (*Server, error) {
	if len(c.Hosts) == 0 {
		return nil, fmt.Errorf("web: no host is allowed")
	}
	if c.Clock == nil {
		c.Clock = isms.SystemClock{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxBody == 0 {
		c.MaxBody = 1 << 20
	}
	assets, err := static.Load()
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s := &Server{config: c, people: c.People, instance: c.Instance, assets: assets}
	s.find = s.visitor
	s.routes = s.table()
	if s.root, err = s.chain(); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.root.ServeHTTP(w, r) }
