package web

import (
	"errors"
	"net/http"
	"net/url"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

// statusOf is the one place where kinds become status codes.
func statusOf(k isms.Kind) int {
	switch k {
	case isms.Invalid:
		return http.StatusUnprocessableEntity
	case isms.NotFound:
		return http.StatusNotFound
	case isms.Forbidden, isms.StepUp:
		return http.StatusForbidden
	case isms.SignIn:
		return http.StatusUnauthorized
	case isms.Conflict:
		return http.StatusConflict
	case isms.TooMany:
		return http.StatusTooManyRequests
	case isms.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// fail answers with the page for err. A reader who only has to sign in or step up is
// sent there and comes back. Causes go to the log, never to the page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	kind := isms.KindOf(err)
	status := statusOf(kind)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	q := requestOf(r.Context())
	if status >= 500 || kind == isms.NotFound {
		s.config.Log.ErrorContext(r.Context(), "a page failed", "request", q.id, "path", r.URL.Path, "error", err.Error())
	}
	if to := s.wayBack(r, kind); to != "" {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	v := &page.Failure{Status: status, Request: q.id}
	s.prepare(r, &v.Base)
	v.Title = v.T("failure.title." + string(kind))
	v.Text = v.Error(err)
	if key := "failure.advice." + string(kind); lang.Has(key) {
		v.Advice = v.T(key)
	}
	if v.Person != nil {
		v.Crumbs = []page.Link{{Text: v.Title}}
	}
	if kind == isms.TooMany {
		if after := retryAfter(err); after != "" {
			w.Header().Set("Retry-After", after)
		}
	}
	if err := s.render(w, r, status, v, true); err != nil {
		s.config.Log.ErrorContext(r.Context(), "the error page failed", "request", q.id, "error", err.Error())
		http.Error(w, http.StatusText(status), status)
	}
}

// wayBack is where to send somebody who must first sign in or show a factor. A form
// cannot be replayed, so after a POST they come back to the page it stood on.
func (s *Server) wayBack(r *http.Request, kind isms.Kind) string {
	var at string
	switch kind {
	case isms.SignIn:
		at = "/sign-in"
	case isms.StepUp:
		at = "/step-up"
	default:
		return ""
	}
	if !s.has("GET " + at) {
		return ""
	}
	next := r.URL.RequestURI()
	if r.Method != http.MethodGet {
		next = "/"
		if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host {
			next = u.RequestURI()
		}
	}
	if next == "/" {
		return at
	}
	return at + "?next=" + url.QueryEscape(localPath(next))
}

// has tells whether the table answers a pattern; the navigation shows only pages that exist.
func (s *Server) has(pattern string) bool {
	for _, r := range s.routes {
		if r.pattern == pattern {
			return true
		}
	}
	return false
}

func retryAfter(err error) string {
	var e *isms.Error
	if errors.As(err, &e) {
		return e.Params["retry_after"]
	}
	return ""
}
