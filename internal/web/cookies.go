package web

import (
	"net/http"
	"strings"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

// The cookies. With TLS each carries the __Host- prefix (RFC 6265bis section
// 4.1.3.2); all are HttpOnly and SameSite=Lax, and hold nothing but what is said here.
const (
	sessionCookie  = "session"  // the session's secret; the people room knows its hash
	languageCookie = "language" // the interface language
	themeCookie    = "theme"    // light or dark
	flashCookie    = "flash"    // key of the sentence to show on the next page
	deviceCookie   = "device"   // says that this browser was used before; throttles treat it kindly
)

const (
	preferenceAge = 365 * 24 * time.Hour
	deviceAge     = 180 * 24 * time.Hour
)

func (s *Server) cookieName(name string) string {
	if s.config.Secure {
		return "__Host-" + name
	}
	return "holdfast-" + name
}

// setCookie stores a value; zero age keeps it for the browser session.
func (s *Server) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: s.config.Secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) dropCookie(w http.ResponseWriter, name string) {
	s.setCookie(w, name, "", -time.Second)
}

func (s *Server) readCookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// language is the reader's: what they chose here, what their account says, what
// their browser asks for.
func (s *Server) language(r *http.Request) isms.Language {
	var account isms.Language
	if v := visitorOf(r.Context()); v != nil {
		account = v.Language
	}
	return lang.Negotiate(r.Header.Get("Accept-Language"), isms.Language(s.readCookie(r, languageCookie)), account)
}

func (s *Server) theme(r *http.Request) page.Theme {
	switch t := page.Theme(s.readCookie(r, themeCookie)); t {
	case page.LightTheme, page.DarkTheme:
		return t
	default:
		return page.SystemTheme
	}
}

// savePreferences stores language and theme and goes back to the page.
func (s *Server) savePreferences(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	if l := isms.Language(r.PostForm.Get("language")); lang.Supported(l) {
		s.setCookie(w, languageCookie, string(l), preferenceAge)
	}
	switch t := r.PostForm.Get("theme"); t {
	case "light", "dark":
		s.setCookie(w, themeCookie, t, preferenceAge)
	case "system":
		s.dropCookie(w, themeCookie)
	}
	return s.goTo(w, r, localPath(r.PostForm.Get("back")))
}

// localPath returns p if it is a path on this server, else "/": a form must not
// send anybody elsewhere.
func localPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
		return "/"
	}
	return p
}
