package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

// show renders a page with the given status. It fills the shared part, so that
// handlers set only what is theirs.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, v page.View) error {
	s.prepare(r, v.Common())
	s.takeFlash(w, r, v.Common())
	return s.render(w, r, status, v, true)
}

// secret renders a page that shows something only once: never compressed, because
// nothing that an outsider can influence may be compressed together with a secret.
func (s *Server) secret(w http.ResponseWriter, r *http.Request, v page.View) error {
	s.prepare(r, v.Common())
	return s.render(w, r, http.StatusOK, v, false)
}

// again shows a form once more after err, with the visitor's input and the sentence
// beside the field. Errors that are not about the input go to the error page.
func (s *Server) again(w http.ResponseWriter, r *http.Request, err error, v page.View) error {
	b := v.Common()
	s.prepare(r, b)
	problems, ok := problemsOf(b.Printer, err)
	if !ok {
		return err
	}
	b.Problems = append(b.Problems, problems...)
	return s.render(w, r, statusOf(isms.KindOf(err)), v, true)
}

// problemsOf makes a line of each error that err joins. It says no if one of them is
// not about what the visitor entered.
func problemsOf(p *lang.Printer, err error) ([]page.Problem, bool) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []page.Problem
		for _, e := range many.Unwrap() {
			more, ok := problemsOf(p, e)
			if !ok {
				return nil, false
			}
			out = append(out, more...)
		}
		return out, true
	}
	var e *isms.Error
	if !errors.As(err, &e) {
		return nil, false
	}
	switch {
	case e.Field != "":
	case e.Kind == isms.Invalid, e.Kind == isms.Conflict, e.Kind == isms.TooMany, e.Kind == isms.NotFound:
	case e.Kind == isms.SignIn && !strings.HasPrefix(e.Code, "session."): // wrong, not missing
	default:
		return nil, false
	}
	return []page.Problem{{Field: strings.TrimPrefix(e.Field, "/"), Text: p.Error(e)}}, true
}

// prepare fills what every page knows.
func (s *Server) prepare(r *http.Request, b *page.Base) {
	v := visitorOf(r.Context())
	p := s.words(r)
	b.Printer = p
	b.Assets = s.assets.Prefix()
	b.Theme = s.theme(r)
	b.Now = s.config.Clock.Now()
	b.Sample = s.config.Sample
	if r.Method == http.MethodGet {
		b.Path = r.URL.RequestURI()
	} else {
		b.Path = "/"
	}
	if !v.inside() {
		if b.Frame == page.InApp {
			b.Frame = page.Plain
		}
		return
	}
	b.Person = &page.Person{Name: v.Name, Role: roleNames(p, v.Roles)}
	b.Organisation = v.Organisation
	if b.Frame == page.InApp {
		b.Nav = s.navigation(p, v, r.URL.Path)
		if len(b.Crumbs) == 0 {
			b.Crumbs = []page.Link{{Text: b.Title}}
		}
	}
}

// words says things in the reader's language and in the zone of the organisation.
func (s *Server) words(r *http.Request) *lang.Printer {
	if v := visitorOf(r.Context()); v != nil {
		return lang.In(s.language(r), v.Zone)
	}
	return lang.In(s.language(r), nil)
}

// render writes the page whole or not at all: a template that fails half-way must
// not leave half a page behind.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, v page.View, compress bool) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := page.Render(r.Context(), buf, v); err != nil {
		return fmt.Errorf("render %T: %w", v, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(v.Common().Language()))
	body := buf.Bytes()
	if compress && len(body) > 1024 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		small := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(small)
		small.Reset()
		z := writers.Get().(*gzip.Writer)
		defer writers.Put(z)
		z.Reset(small)
		if _, err := z.Write(body); err != nil {
			return fmt.Errorf("compress a page: %w", err)
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("compress a page: %w", err)
		}
		h.Set("Content-Encoding", "gzip")
		body = small.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, _ = w.Write(body) // the reader may have gone; there is nobody left to tell
	return nil
}

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	writers = sync.Pool{New: func() any { return isms.Must(gzip.NewWriterLevel(nil, gzip.BestSpeed)) }}
)

// goTo sends the visitor on after a form, to a page on this server.
func (s *Server) goTo(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, localPath(path), http.StatusSeeOther)
	return nil
}

// done sends the visitor on and says there what was done; key names the sentence.
func (s *Server) done(w http.ResponseWriter, r *http.Request, path, key string) error {
	s.setCookie(w, flashCookie, key, 0)
	return s.goTo(w, r, path)
}

// takeFlash shows the sentence of the act before, once.
func (s *Server) takeFlash(w http.ResponseWriter, r *http.Request, b *page.Base) {
	key := s.readCookie(r, flashCookie)
	if key == "" {
		return
	}
	s.dropCookie(w, flashCookie)
	if full := "flash." + key; lang.Has(full) { // the cookie is the visitor's; only our own sentences are shown
		b.Flash = &page.Flash{Text: b.T(full), Good: true}
	}
}

// revision reads the hidden field that says at which revision a form was filled in.
func revision(field string) (int64, error) {
	n, err := strconv.ParseInt(field, 10, 64)
	if err != nil {
		return 0, isms.Errorf(isms.Invalid, "web.unreadable").Because(err)
	}
	return n, nil
}

// parseForm reads a form's fields. What does not fit is told apart from what is broken.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return isms.Errorf(isms.Invalid, "web.too_large", "size", lang.In(isms.English, nil).Bytes(tooLarge.Limit)).Because(err)
	case err != nil:
		return isms.Errorf(isms.Invalid, "web.unreadable").Because(err)
	}
	return nil
}
