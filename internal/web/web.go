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
	"sync/atomic"
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

	// Address is how browsers reach us, such as https://isms.example.com, for links to hand over.
	Address string

	// Version of the product, as settings show it.
	Version string

	// Instance and People are the installation. Without People nobody signs in and only the
	// static files and error pages are served.
	Instance *instance.Instance
	People   *people.People
	House    *organisation.House

	// Read takes a document apart in a process of its own. Nil: in this one.
	Read func(ctx context.Context, name string, data []byte, opt reading.Options) (*reading.Reading, error)

	// Sample marks every page as belonging to a sample organisation.
	Sample bool

	// MaxBody limits a request's body in bytes; 1 MiB if zero. Routes that take
	// files state their own limit.
	MaxBody int64
}

// Visitor is a signed-in person as pages need it.
type Visitor struct {
	Actor        isms.Actor
	Name         string
	Role         string // in the reader's language it is translated by "role."+Role
	Language     isms.Language
	Zone         *time.Location // of the organisation
	Organisation *page.Organisation
	Nav          NavCounts
	Place        isms.ID               // the organisation that the session is in
	Of           instance.Organisation // its record
	Operator     bool                  // runs the installation
}

// NavCounts are the small numbers in the navigation.
type NavCounts struct {
	Failing int // clauses that fail
	Waiting int // what waits for this person as the second one
}

// Server answers for all pages.
type Server struct {
	config Config
	assets *static.Files
	root   http.Handler
	routes []route

	// find is who a session cookie speaks for; nil where nobody signs in.
	find      func(ctx context.Context, session string) (*Visitor, error)
	setUpDone atomic.Bool
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
	s := &Server{config: c, assets: assets}
	if c.People != nil {
		s.find = s.who
	}
	s.routes = s.table()
	if s.root, err = s.chain(); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.root.ServeHTTP(w, r) }
