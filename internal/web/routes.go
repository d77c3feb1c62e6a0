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
	table := []route{
		{pattern: "POST /preferences", handler: s.savePreferences, open: true},
	}
	if s.config.People != nil {
		table = append(table, s.entry()...)
		table = append(table, s.offices()...)
		table = append(table, s.rooms()...)
	}
	return table
}

// entry are the pages on the way in.
func (s *Server) entry() []route {
	return []route{
		{pattern: "GET /setup", handler: s.setUp, open: true},
		{pattern: "POST /setup", handler: s.doSetUp, open: true},
		{pattern: "GET /sign-in", handler: s.signIn, open: true},
		{pattern: "POST /sign-in", handler: s.doSignIn, open: true},
		{pattern: "POST /sign-in/passkey", handler: s.doPasskey, open: true},
		{pattern: "GET /sign-in/code", handler: s.second, open: true},
		{pattern: "POST /sign-in/code", handler: s.doSecond, open: true},
		{pattern: "GET /account/totp", handler: s.enrol, open: true},
		{pattern: "POST /account/totp", handler: s.doEnrol, open: true},
		{pattern: "POST /account/passkeys", handler: s.doAddPasskey, open: true},
		{pattern: "POST /account/codes-kept", handler: s.codesKept},
		{pattern: "GET /step-up", handler: s.stepUp},
		{pattern: "POST /step-up", handler: s.doStepUp},
		{pattern: "POST /step-up/passkey", handler: s.doStepUp},
		{pattern: "POST /sign-out", handler: s.signOut, open: true},
		{pattern: "GET /invitation/{token}", handler: s.invitation, open: true},
		{pattern: "POST /invitation/{token}", handler: s.doInvitation, open: true},
		{pattern: "GET /reset/{token}", handler: s.invitation, open: true},
		{pattern: "POST /reset/{token}", handler: s.doReset, open: true},
		{pattern: "GET /organisation", handler: s.nameOrganisation},
		{pattern: "POST /organisation", handler: s.doNameOrganisation},
		{pattern: "POST /enter/{place}", handler: s.enter},
	}
}

// offices are the pages about people, tokens, backups and settings.
func (s *Server) offices() []route {
	return []route{
		{pattern: "GET /people", handler: s.people},
		{pattern: "POST /people/invitations", handler: s.invite},
		{pattern: "POST /people/invitations/{id}/withdraw", handler: s.withdraw},
		{pattern: "GET /account", handler: s.account},
		{pattern: "POST /account/sessions/{id}/end", handler: s.endSession},
		{pattern: "POST /account/sessions/end-others", handler: s.endOthers},
		{pattern: "POST /account/recovery-codes", handler: s.newCodes},
		{pattern: "POST /account/passkeys/{id}/remove", handler: s.removePasskey},
		{pattern: "GET /tokens", handler: s.tokens},
		{pattern: "POST /tokens", handler: s.doToken},
		{pattern: "POST /tokens/{id}/revoke", handler: s.revokeToken},
		{pattern: "GET /settings", handler: s.settings},
		{pattern: "POST /settings", handler: s.doSettings},
	}
}

// rooms are the pages about documents, controls, evidence and the ledger.
func (s *Server) rooms() []route {
	return []route{
		{pattern: "GET /{$}", handler: s.start},
		{pattern: "GET /documents", handler: s.documents},
		{pattern: "GET /documents/new", handler: s.newDocument},
		{pattern: "POST /documents", handler: s.importDocument, limit: maxUpload + 1<<20},
		{pattern: "GET /documents/{id}", handler: s.statement},
		{pattern: "GET /documents/{id}/reading", handler: s.reading},
		{pattern: "POST /documents/{id}/reading", handler: s.correctReading},
		{pattern: "GET /documents/{id}/original", handler: s.original},
		{pattern: "GET /documents/{id}/adopt", handler: s.adopt},
		{pattern: "POST /documents/{id}/adopt", handler: s.adopt},
		{pattern: "GET /clauses/{id}", handler: s.clause},
		{pattern: "POST /clauses/{id}/bindings", handler: s.bind},
		{pattern: "POST /bindings/{id}/confirm", handler: s.confirmBinding},
		{pattern: "POST /bindings/{id}/end", handler: s.endBinding},
		{pattern: "GET /controls", handler: s.controls},
		{pattern: "GET /controls/new", handler: s.newControl},
		{pattern: "POST /controls", handler: s.makeControl},
		{pattern: "GET /controls/{id}", handler: s.control},
		{pattern: "POST /controls/{id}/look", handler: s.lookNow},
		{pattern: "GET /evidence", handler: s.evidenceList},
		{pattern: "GET /evidence/{entry}/{item}", handler: s.evidence},
		{pattern: "GET /ledger", handler: s.ledger},
		{pattern: "GET /ledger/{index}", handler: s.entryPage},
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
