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
	limit   int64 // of the body in bytes; zero is the server's

	// Who may come at all; what they may do there is for the verbs to decide. Without
	// any of these: whoever is signed in to an organisation.
	open  bool // everybody
	begun bool // a session of any level: the steps of signing in
	full  bool // a full session, in an organisation or not
}

// table lists every page and every form of the door.
func (s *Server) table() []route {
	t := []route{
		{pattern: "POST /preferences", handler: s.savePreferences, open: true},
	}
	if s.people != nil {
		t = append(t, s.peopleRoutes()...)
		t = append(t, s.rooms()...)
	}
	return t
}

// peopleRoutes are the ways in, and everything about people.
func (s *Server) peopleRoutes() []route {
	return []route{
		{pattern: "GET /setup", handler: s.showSetUp, open: true},
		{pattern: "POST /setup", handler: s.setUp, open: true},
		{pattern: "GET /sign-in", handler: s.showSignIn, open: true},
		{pattern: "POST /sign-in", handler: s.signIn, open: true},
		{pattern: "POST /sign-in/passkey", handler: s.signInByPasskey, open: true},
		{pattern: "GET /sign-in/code", handler: s.showSecond, begun: true},
		{pattern: "POST /sign-in/code", handler: s.second, begun: true},
		{pattern: "POST /sign-in/code/passkey", handler: s.secondByPasskey, begun: true},
		{pattern: "POST /sign-out", handler: s.signOut, open: true},
		{pattern: "GET /step-up", handler: s.showStepUp, full: true},
		{pattern: "POST /step-up", handler: s.stepUp, full: true},
		{pattern: "POST /step-up/passkey", handler: s.stepUpByPasskey, full: true},
		{pattern: "GET /join", handler: s.showJoin, open: true},
		{pattern: "POST /join", handler: s.join, open: true},
		{pattern: "GET /reset", handler: s.showReset, open: true},
		{pattern: "POST /reset", handler: s.reset, open: true},

		{pattern: "GET /places", handler: s.showPlaces, full: true},
		{pattern: "POST /places/{place}", handler: s.enter, full: true},
		{pattern: "GET /organisation", handler: s.showNewOrganisation, full: true},
		{pattern: "POST /organisation", handler: s.newOrganisation, full: true},

		{pattern: "GET /account", handler: s.showAccount, full: true},
		{pattern: "GET /account/totp", handler: s.showEnrol, begun: true},
		{pattern: "POST /account/totp", handler: s.enrol, begun: true},
		{pattern: "POST /account/totp/remove", handler: s.removeTOTP, full: true},
		{pattern: "POST /account/passkeys", handler: s.addPasskey, begun: true},
		{pattern: "POST /account/passkeys/{key}/remove", handler: s.removePasskey, full: true},
		{pattern: "POST /account/recovery-codes", handler: s.newRecoveryCodes, full: true},
		{pattern: "POST /account/password", handler: s.changePassword, full: true},
		{pattern: "POST /account/sessions/end-others", handler: s.endOtherSessions, full: true},
		{pattern: "POST /account/sessions/{session}/end", handler: s.endSession, full: true},

		{pattern: "GET /people", handler: s.showPeople},
		{pattern: "POST /people/invitations", handler: s.invite},
		{pattern: "POST /people/invitations/{invitation}/withdraw", handler: s.withdraw},
		{pattern: "GET /tokens", handler: s.showTokens},
		{pattern: "POST /tokens", handler: s.newToken},
		{pattern: "POST /tokens/{token}/revoke", handler: s.revokeToken},
		{pattern: "GET /settings", handler: s.showSettings},
		{pattern: "POST /settings", handler: s.saveSettings},
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
		{pattern: "GET /clauses/{id}/bundle", handler: s.bundle},
		{pattern: "POST /bindings/{id}/confirm", handler: s.confirmBinding},
		{pattern: "POST /bindings/{id}/end", handler: s.endBinding},
		{pattern: "GET /controls", handler: s.controls},
		{pattern: "GET /controls/new", handler: s.newControl},
		{pattern: "POST /controls", handler: s.makeControl},
		{pattern: "GET /controls/{id}", handler: s.control},
		{pattern: "POST /controls/{id}/look", handler: s.lookNow},
		{pattern: "GET /evidence", handler: s.evidenceList},
		{pattern: "GET /evidence/{entry}/{item}", handler: s.evidence},
		{pattern: "GET /waiting", handler: s.waiting},
		{pattern: "POST /versions/{id}/{answer}", handler: s.decide},
		{pattern: "POST /exceptions/{id}/{answer}", handler: s.decide},
		{pattern: "POST /documents/{id}/submit", handler: s.submit},
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
