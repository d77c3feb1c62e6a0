package web

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
)

func TestMain(m *testing.M) { housetest.Main(m) }

// browserless is somebody with a browser, without script.
type browserless struct {
	t      *testing.T
	client *http.Client
	base   string
	clock  *housetest.Clock
	secret string // of the authenticator
}

// openDoor serves a real installation over HTTP.
func openDoor(t *testing.T, cfg store.Config) (*browserless, *people.People) {
	t.Helper()
	ctx := context.Background()
	in, err := instance.Open(ctx, instance.Config{Config: cfg, Instance: []store.Schema{people.Schema, schedule.Schema}, Organisation: organisation.Schemas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	srv := httptest.NewUnstartedServer(nil)
	base := "http://" + srv.Listener.Addr().String()
	p, err := people.New(ctx, in.Log, people.Config{Origins: []string{"http://localhost:8700"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Hosts: []string{srv.Listener.Addr().String()}, Clock: cfg.Clock, People: p, Instance: in, House: organisation.New(in, organisation.Config{Quiet: true})})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = s
	srv.Start()
	t.Cleanup(srv.Close)
	return newBrowser(t, base, cfg.Clock.(*housetest.Clock)), p
}

func newBrowser(t *testing.T, base string, clock *housetest.Clock) *browserless {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browserless{t: t, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}, base: base, clock: clock}
}

// get opens a page and returns where it ended and what it says.
func (b *browserless) get(path string) (string, string) {
	b.t.Helper()
	res, err := b.client.Get(b.base + path)
	return b.read(res, err)
}

// post sends a form.
func (b *browserless) post(path string, kv ...string) (string, string) {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		values.Add(kv[i], kv[i+1])
	}
	res, err := b.client.PostForm(b.base+path, values)
	return b.read(res, err)
}

func (b *browserless) read(res *http.Response, err error) (string, string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if res.StatusCode >= 500 {
		b.t.Fatalf("%s answered %d", res.Request.URL.Path, res.StatusCode)
	}
	if i := strings.Index(string(text), "⟦"); i >= 0 {
		b.t.Errorf("%s lacks a message: %.60s", res.Request.URL.Path, text[i:])
	}
	return res.Request.URL.Path, string(text)
}

func (b *browserless) want(path, text, wantPath string, says ...string) {
	b.t.Helper()
	if path != wantPath {
		b.t.Fatalf("came to %s, not %s: %s", path, wantPath, firstProblem(text))
	}
	for _, s := range says {
		if !strings.Contains(text, s) {
			b.t.Fatalf("%s does not say %q", path, s)
		}
	}
}

var problem = regexp.MustCompile(`(?s)id="problems".*?</ul>|<p class="lead">.*?</p>`)

func firstProblem(text string) string { return problem.FindString(text) }

func (b *browserless) code() string {
	b.t.Helper()
	b.clock.Pass(30 * time.Second) // each code counts once
	c, err := totp.GenerateCode(b.secret, b.clock.Now().Time())
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

var secretField = regexp.MustCompile(`name="secret" value="([A-Z2-7]+)"`)

// TestTheWayInWithoutScript walks from the printed link to an organisation and out
// again, in a browser that runs no script.
func TestTheWayInWithoutScript(t *testing.T) {
	b, p := openDoor(t, housetest.Config(t, store.SQLite))
	token, err := p.NewSetUpToken(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	path, text := b.get("/documents")
	b.want(path, text, "/setup", "Make the first account")
	path, text = b.post("/setup", "token", "wrong", "name", "Mojca", "email", "mojca@karst.example", "password", "grau-Ziegel-9-Wolke")
	b.want(path, text, "/setup", "mojca@karst.example", `href="#token"`)
	path, text = b.post("/setup", "token", token, "name", "Mojca Žagar", "email", "mojca@karst.example", "password", "short")
	b.want(path, text, "/setup", `id="password-problem"`)
	path, text = b.post("/setup", "token", token, "name", "Mojca Žagar", "email", "mojca@karst.example", "password", "grau-Ziegel-9-Wolke")
	b.want(path, text, "/account/totp", "Add your second factor")

	b.secret = secretField.FindStringSubmatch(text)[1]
	path, text = b.get("/people") // nothing else is open before the second factor
	b.want(path, text, "/account/totp")
	b.secret = secretField.FindStringSubmatch(text)[1]
	path, text = b.post("/account/totp", "secret", b.secret, "uri", "otpauth://totp/x", "code", "000000")
	b.want(path, text, "/account/totp", b.secret, `id="code-problem"`)
	path, text = b.post("/account/totp", "code", b.code())
	b.want(path, text, "/account/totp", "Keep your recovery codes")
	recovery := regexp.MustCompile(`<li><code>([^<]+)</code>`).FindStringSubmatch(text)[1]

	path, text = b.get("/places")
	b.want(path, text, "/organisation", "Name your organisation")
	path, text = b.post("/organisation", "name", "", "zone", "Europe/Ljubljana", "language", "sl")
	b.want(path, text, "/organisation", `id="name-problem"`)
	path, text = b.post("/organisation", "name", "Karst Metering", "zone", "Europe/Ljubljana", "language", "sl", "domains", "karst.example, karst.test")
	b.want(path, text, "/", "The organisation exists")

	path, text = b.get("/settings")
	b.want(path, text, "/settings", "Karst Metering", "karst.example karst.test")
	path, text = b.get("/people")
	b.want(path, text, "/people", "mojca@karst.example", "Security officer")
	path, text = b.get("/account")
	b.want(path, text, "/account", "authenticator app", "this one")

	path, text = b.post("/sign-out")
	b.want(path, text, "/sign-in", "You are signed out")
	path, text = b.post("/sign-in", "email", "mojca@karst.example", "password", "wrong wrong wrong", "next", "/people")
	b.want(path, text, "/sign-in", "mojca@karst.example", "wrong")
	path, text = b.post("/sign-in", "email", "mojca@karst.example", "password", "grau-Ziegel-9-Wolke", "next", "/people")
	b.want(path, text, "/sign-in/code")
	path, text = b.post("/sign-in/code", "code", recovery, "next", "/people")
	b.want(path, text, "/people", "mojca@karst.example")
}

// TestALinkHandedOverBringsSomebodyIn goes through an invitation, a token and a step-up.
func TestALinkHandedOverBringsSomebodyIn(t *testing.T) {
	b, p := openDoor(t, housetest.Config(t, store.SQLite))
	token, err := p.NewSetUpToken(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	b.post("/setup", "token", token, "name", "Mojca Žagar", "email", "mojca@karst.example", "password", "grau-Ziegel-9-Wolke")
	_, text := b.get("/account/totp")
	b.secret = secretField.FindStringSubmatch(text)[1]
	b.post("/account/totp", "code", b.code())
	b.post("/organisation", "name", "Karst Metering", "zone", "UTC", "language", "en")

	path, text := b.post("/people/invitations", "email", "x@karst.example", "name", "X", "role", "owner")
	b.want(path, text, "/step-up", "Is it you?") // who has just come has not shown a factor in this organisation
	b.post("/step-up", "code", b.code(), "next", "/people")
	path, text = b.post("/people/invitations", "email", "nina@audit.example", "name", "Nina Golob", "role", "auditor")
	b.want(path, text, "/people/invitations", "Nina Golob", "An audit ends")
	until := isms.DateOf(b.clock.Now(), time.UTC).AddDays(20)
	path, text = b.post("/people/invitations", "email", "nina@audit.example", "name", "Nina Golob", "role", "auditor", "until", string(until))
	b.want(path, text, "/people/invitations", "/join#token=")
	link := regexp.MustCompile(`/join#token=([A-Za-z0-9_-]+)`).FindStringSubmatch(text)[1]

	nina := newBrowser(t, b.base, b.clock)
	path, text = nina.post("/join", "token", link)
	nina.want(path, text, "/join", "nina@audit.example", "Join Karst Metering", "Mojca Žagar")
	path, text = nina.post("/join", "token", link, "name", "Nina Golob", "password", "drugo-Okno-7-Reka")
	nina.want(path, text, "/account/totp")
	path, text = nina.post("/join", "token", link)
	nina.want(path, text, "/join", "used already")

	b.clock.Pass(10 * time.Minute) // the fresh factor has gone stale
	path, text = b.post("/tokens", "name", "Grafana", "scopes", "read", "until", string(until))
	b.want(path, text, "/step-up", "Is it you?")
	path, text = b.post("/step-up", "code", b.code(), "next", "/tokens")
	b.want(path, text, "/tokens", "New token")
	path, text = b.post("/tokens", "name", "Grafana", "scopes", "read", "until", string(until))
	b.want(path, text, "/tokens", "Token “Grafana”")
}
