package web

import (
	"net/http"

	"holdfast/internal/isms"
)

// handler answers a request or returns why it could not; the wrapper turns the
// error into a status and a page.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is one line of the table.
type route struct {
	pattern string // of net/http: method, space, path
	handler handler
	open    bool  // answers people who are not signed in
	limit   int64 // of the body; zero is the server's
}

// table lists every page and every form of the door.
func (s *Server) table() []route {
	return []route{
		{pattern: "POST /preferences", handler: s.savePreferences, open: true},
	}
}

// mux puts the table behind one multiplexer. What no route matches is answered
// by the error page, in the reader's language.
func (s *Server) mux() (*http.ServeMux, error) {
	mux := http.NewServeMux()
	mux.Handle("GET "+s.assets.Prefix(), s.assets)
	mux.Handle("GET /favicon.ico", http.RedirectHandler(s.assets.Prefix()+"favicon.svg", http.StatusFound))
	for _, r := range s.routes {
		mux.Handle(r.pattern, s.page(r))
	}
	mux.Handle("/", s.page(route{open: true, handler: func(http.ResponseWriter, *http.Request) error {
		return isms.Errorf(isms.NotFound, "web.not_found")
	}}))
	return mux, nil
}
