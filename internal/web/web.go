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
	"time"

	"holdfast/internal/isms"
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

	// Who says who makes a request: from the session cookie, or nobody. An error
	// is answered like one from a handler. Nil means that nobody ever signs in.
	Who func(ctx context.Context, session string) (*Visitor, error)

	// Gate may refuse every page before its handler, for example until set-up is
	// done; it returns the address to go to, or "". Static files are never gated.
	Gate func(ctx context.Context, path string) (string, error)

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
	s.routes = s.table()
	if s.root, err = s.chain(); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.root.ServeHTTP(w, r) }
