// Package api is the door for programs: REST under /api/v1, with an OpenAPI 3.1 document that
// is generated from Go types. It parses, asks who may, calls the rooms' verbs and renders; it
// decides nothing itself. It owns the words operation, cursor and problem.
//
// docs/api.md tells the conventions. Every operation is declared with its right in one place,
// and the tests throw generated requests at each operation that the document names.
//
// Floor 4.
package api

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/reading"
	"holdfast/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what the API keeps in the instance's database and in every organisation's.
var Schema = store.Schema{Room: "api", Files: files, Housekeeping: []string{"idempotency"}}

// Prefix is the path under which the API lives.
const Prefix = "/api/v1"

// Config says what the API works with. All but Instance and People may be left out.
type Config struct {
	Instance *instance.Instance
	People   *people.People
	Hosts    []string     // values of the Host header that are answered; none: all (tests)
	Version  string       // of Holdfast, shown in the document
	Address  string       // public address such as https://holdfast.example.com; empty: relative
	PerMin   int          // requests that one caller may make in a minute; 0: 1200
	Log      *slog.Logger // nil: slog.Default()

	// Rooms opens the rooms of an organisation; nil: without anything running in the background.
	Rooms func(ctx context.Context, id isms.ID) (*organisation.Organisation, error)

	// Read takes an uploaded policy apart; nil: foreign formats in a child process with limits.
	Read func(ctx context.Context, name string, data []byte, opt reading.Options) (*reading.Reading, error)
}

// door is the running API.
type door struct {
	Config
	huma  huma.API
	mux   *http.ServeMux
	rates *rates
}

// New returns the handler of everything under /api/v1.
func New(cfg Config) http.Handler {
	d := newDoor(cfg)
	d.huma = humago.NewWithPrefix(d.mux, Prefix, d.config())
	d.huma.UseMiddleware(d.enter)
	d.operations()
	d.finishDocument()
	d.mux.HandleFunc(Prefix+"/", d.unknown)
	// Loopback is no boundary: a foreign page must neither reach us by another name for this host
	// nor send what changes something.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.problem(w, r, isms.Errorf(isms.Forbidden, "api.cross_origin"))
	}))
	return d.hosts(guard.Handler(http.HandlerFunc(d.serve)))
}

// newDoor fills in what the configuration leaves out.
func newDoor(cfg Config) *door {
	if cfg.PerMin == 0 {
		cfg.PerMin = 1200
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Rooms == nil {
		cfg.Rooms = organisation.New(cfg.Instance, organisation.Config{Quiet: true}).Get
	}
	if cfg.Read == nil {
		cfg.Read = reading.ReadAny
	}
	return &door{Config: cfg, mux: http.NewServeMux(), rates: newRates(cfg.PerMin)}
}

// hosts answers only to the names of this server.
func (d *door) hosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(d.Hosts) > 0 && !slices.Contains(d.Hosts, strings.ToLower(r.Host)) {
			d.problem(w, r, isms.Errorf(isms.Invalid, "api.host_unknown"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve sets what every answer has and turns a panic into a problem.
func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Referrer-Policy", "no-referrer")
	h.Add("Vary", "Accept-Language")
	h.Add("Vary", "Authorization")
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		h.Set("Cache-Control", "private, no-cache")
	}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			d.Log.ErrorContext(r.Context(), "api", "path", r.URL.Path, "panic", p)
			d.problem(w, r, isms.Errorf(isms.Internal, "api.panic"))
		}
	}()
	d.mux.ServeHTTP(w, r)
}

// unknown answers paths and methods that no operation has.
func (d *door) unknown(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		try := r.Clone(r.Context())
		try.Method = m
		if _, pattern := d.mux.Handler(try); pattern != "" && pattern != Prefix+"/" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) == 0 {
		d.problem(w, r, isms.Errorf(isms.NotFound, "api.path_unknown"))
		return
	}
	for _, m := range allowed {
		w.Header().Add("Allow", m)
	}
	d.problem(w, r, isms.Errorf(isms.Invalid, "api.method_not_allowed", "method", r.Method))
}

// printer speaks the caller's language.
func printer(acceptLanguage string) *lang.Printer {
	return lang.In(lang.Negotiate(acceptLanguage), time.UTC)
}
