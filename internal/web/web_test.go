package web

import (
	"net/http"
	"strings"
	"testing"

	"holdfast/internal/lang"
	"holdfast/internal/web/sample"
)

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	s := house(t)
	paths := []string{"/", "/nothing-here", "/closed", "/panic", s.assets.Prefix() + "app.css", "/static/old/app.css", "/favicon.ico"}
	for _, r := range s.routes {
		if method, path, _ := strings.Cut(r.pattern, " "); method == http.MethodGet {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		res := ask(t, s, "GET", path, asMojca)
		want := map[string]string{
			"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		}
		for name, value := range want {
			if got := res.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if res.Header.Get("X-Request-Id") == "" || !strings.HasPrefix(res.Header.Get("Server-Timing"), "app;dur=") {
			t.Errorf("%s: no request id or server timing", path)
		}
		if strings.Contains(contentPolicy, "unsafe") {
			t.Error("the policy allows something unsafe")
		}
	}
}

func TestOnlyNamedHostsAreAnswered(t *testing.T) {
	s := house(t)
	for host, want := range map[string]int{"localhost:8700": 200, "LOCALHOST:8700": 200, "evil.example": 421, "localhost": 421, "": 421, "localhost:8700.evil.example": 421} {
		res := ask(t, s, "GET", "/sign-in", func(r *http.Request) { r.Host = host })
		if res.StatusCode != want {
			t.Errorf("host %q: %d, want %d", host, res.StatusCode, want)
		}
	}
}

func TestRequestsFromOtherSitesChangeNothing(t *testing.T) {
	s := house(t)
	for name, change := range map[string]func(*http.Request){
		"origin":     func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"fetch site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"same site":  func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
	} {
		res := ask(t, s, "POST", "/preferences", change)
		if res.StatusCode != http.StatusForbidden || len(res.Cookies()) != 0 {
			t.Errorf("%s: %d with %d cookies", name, res.StatusCode, len(res.Cookies()))
		}
		if !strings.Contains(body(t, res), lang.In("en", nil).T("error.web.cross_origin")) {
			t.Errorf("%s: not the page of refusal", name)
		}
	}
}

func TestPreferencesAreKeptAndLeadNowhereElse(t *testing.T) {
	s := house(t)
	cases := map[string]string{"/documents?state=failing": "/documents?state=failing", "//evil.example": "/", "https://evil.example": "/", "/\\evil.example": "/", "": "/"}
	for back, want := range cases {
		res := ask(t, s, "POST", "/preferences", form("language", "sl", "theme", "dark", "back", back))
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != want {
			t.Errorf("back %q: %d to %q", back, res.StatusCode, res.Header.Get("Location"))
		}
		for _, c := range res.Cookies() {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure {
				t.Errorf("cookie %s: %+v", c.Name, c)
			}
		}
	}
	if res := ask(t, s, "GET", "/preferences", nil); res.StatusCode == http.StatusSeeOther {
		t.Error("a GET changed the preferences")
	}
}

func TestCookiesUnderTLS(t *testing.T) {
	s, err := New(Config{Hosts: []string{"isms.example"}, Secure: true})
	if err != nil {
		t.Fatal(err)
	}
	change := form("theme", "dark", "back", "/")
	res := ask(t, s, "POST", "/preferences", func(r *http.Request) { change(r); r.Host = "isms.example" })
	for _, c := range res.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || c.Domain != "" {
			t.Errorf("cookie %+v", c)
		}
	}
	if len(res.Cookies()) != 1 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d cookies, HSTS %q", len(res.Cookies()), res.Header.Get("Strict-Transport-Security"))
	}
}

func TestErrorsBecomePages(t *testing.T) {
	s := house(t)
	cases := []struct {
		method, path string
		change       func(*http.Request)
		status       int
		says         string
	}{
		{"GET", "/no-such-page", nil, 404, "There is nothing at this address."},
		{"GET", "/panic", nil, 500, "Something went wrong on our side."},
		{"GET", "/closed", nil, 303, ""},
		{"POST", "/echo", form("name", strings.Repeat("x", 100)), 413, "This is too large. At most 64"},
		{"POST", "/echo", form("domains", "karst.example"), 422, "karst.example"},
	}
	for _, c := range cases {
		res := ask(t, s, c.method, c.path, c.change)
		text := body(t, res)
		if res.StatusCode != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s %s: %d, says %q: %v", c.method, c.path, res.StatusCode, c.says, strings.Contains(text, c.says))
		}
		if strings.Contains(text, "on purpose") || strings.Contains(text, "goroutine") {
			t.Errorf("%s shows its cause", c.path)
		}
	}
	if got := ask(t, s, "GET", "/closed?a=b", nil).Header.Get("Location"); got != "/sign-in?next=%2Fclosed%3Fa%3Db" {
		t.Errorf("sent to %q", got)
	}
}

func TestEverySampleRendersInEveryLanguage(t *testing.T) {
	s := house(t)
	for _, p := range sample.Pages() {
		for _, l := range lang.Languages {
			change := inLanguage(l)
			if p.Out {
				change = func(r *http.Request) { r.Header.Set("Accept-Language", string(l)) }
			}
			res := ask(t, s, "GET", "/"+p.Name, change)
			text := body(t, res)
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s in %s: %d", p.Name, l, res.StatusCode)
			}
			if i := strings.Index(text, "⟦"); i >= 0 {
				t.Errorf("%s in %s lacks a message: %s", p.Name, l, text[i:min(i+60, len(text))])
			}
			if strings.Contains(text, "style=") || strings.Contains(text, "<script>") || strings.Contains(text, "onclick") {
				t.Errorf("%s in %s has inline style or script", p.Name, l)
			}
			if !strings.Contains(text, `lang="`+string(l)+`"`) {
				t.Errorf("%s in %s: not its language", p.Name, l)
			}
		}
	}
}
