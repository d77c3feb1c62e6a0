package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/people"
)

// contentPolicy is the Content-Security-Policy of every answer: nothing but our own files.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// chain builds the way of a request, from the outside in.
func (s *Server) chain() (http.Handler, error) {
	mux, err := s.mux()
	if err != nil {
		return nil, err
	}
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(s.page(route{open: true, handler: func(http.ResponseWriter, *http.Request) error {
		return isms.Errorf(isms.Forbidden, "web.cross_origin")
	}}))
	return s.observe(s.headers(s.hosts(cross.Handler(mux)))), nil
}

// requestKey holds a request's *request in its context.
type requestKey struct{}

// request is what the middlewares know about a request.
type request struct {
	id    string
	began time.Time
	wrote bool
}

func requestOf(ctx context.Context) *request {
	if q, ok := ctx.Value(requestKey{}).(*request); ok {
		return q
	}
	return &request{}
}

// observe gives the request an id, writes one line about it to the log and turns a
// panic into an error page instead of a torn connection.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &request{id: strings.ToLower(rand.Text()[:12]), began: time.Now()}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
		rec := &recorder{ResponseWriter: w, request: q}
		rec.Header().Set("X-Request-Id", q.id)
		defer func() {
			if p := recover(); p != nil {
				s.config.Log.ErrorContext(r.Context(), "panic in a page", "request", q.id, "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				if !q.wrote {
					s.fail(rec, r, fmt.Errorf("panic: %v", p))
				}
			}
			s.config.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("request", q.id), slog.String("method", r.Method),
				slog.String("path", r.URL.Path), slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", time.Since(q.began)))
		}()
		next.ServeHTTP(rec, r)
	})
}

// headers sets what every answer carries, whatever it is.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
		h.Set("Cache-Control", "no-store") // static files say otherwise
		if s.config.Secure {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// hosts answers only for the names that the operator gave: a page on another site
// must not reach us by a name that it controls (DNS rebinding).
func (s *Server) hosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(s.config.Hosts, strings.ToLower(r.Host)) {
			http.Error(w, "421 this server does not answer for that host name", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// page is the wrapper around every handler: limit, gate, visitor, error page.
func (s *Server) page(rt route) http.Handler {
	limit := rt.limit
	if limit == 0 {
		limit = s.config.MaxBody
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		h := w.Header()
		h.Add("Vary", "Cookie, Accept-Language, Accept-Encoding, HX-Request")
		ctx, to, err := s.admit(r, rt)
		r = r.WithContext(ctx)
		if to != "" {
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
		if err == nil {
			err = rt.handler(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// admit finds out who asks. It returns where somebody has to go first, or an error if
// they may not come here.
func (s *Server) admit(r *http.Request, rt route) (ctx context.Context, to string, err error) {
	ctx = r.Context()
	if s.people != nil && r.URL.Path != "/setup" && r.URL.Path != "/preferences" {
		open, err := s.people.SetUpOpen(ctx)
		if err != nil {
			return ctx, "", fmt.Errorf("ask whether set-up is open: %w", err)
		}
		if open { // until the first account exists, everything answers set-up only
			return ctx, "/setup", nil
		}
	}
	if cookie := s.readCookie(r, sessionCookie); cookie != "" {
		v, err := s.find(ctx, cookie)
		if err != nil && isms.KindOf(err) != isms.SignIn {
			return ctx, "", fmt.Errorf("find the visitor: %w", err)
		}
		if v != nil {
			ctx = context.WithValue(ctx, visitorKey{}, v)
		}
	}
	v := visitorOf(ctx)
	switch {
	case rt.open:
		return ctx, "", nil
	case v == nil:
		return ctx, "", isms.Errorf(isms.SignIn, "session.none")
	case rt.begun || v.inside():
		return ctx, "", nil
	case v.Session.Level == people.Enrol:
		return ctx, "/account/totp", nil
	case v.Session.Level == people.Second:
		return ctx, "/sign-in/code", nil
	case rt.full:
		return ctx, "", nil
	default:
		return ctx, "/places", nil
	}
}

type visitorKey struct{}

// visitorOf is who made the request; nil for somebody not signed in.
func visitorOf(ctx context.Context) *Visitor {
	v, _ := ctx.Value(visitorKey{}).(*Visitor)
	return v
}

// recorder notes status and size of an answer for the log.
type recorder struct {
	http.ResponseWriter
	request *request
	status  int
	bytes   int64
}

func (r *recorder) WriteHeader(status int) {
	if !r.request.wrote {
		r.request.wrote = true
		r.status = status
		r.Header().Set("Server-Timing", fmt.Sprintf("app;dur=%.1f", float64(time.Since(r.request.began).Microseconds())/1000))
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if !r.request.wrote {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
