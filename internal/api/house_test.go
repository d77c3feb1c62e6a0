package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"holdfast/internal/api"
	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// TestMain asks for fewer generated requests an operation than rapid's 100, since there are many
// operations and two engines; -rapid.checks=1000 looks longer.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("30"); err != nil {
			panic(err)
		}
	}
	housetest.Main(m)
}

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testGate knows secrets and a small table of who may do what.
type testGate map[string]isms.Actor

var may = map[string][]isms.Role{
	"policy.read":         {isms.SecurityOfficer, isms.Management, isms.Owner, isms.Employee, isms.Auditor, isms.Administrator},
	"settings.edit":       {isms.SecurityOfficer, isms.Administrator},
	"ledger.read":         {isms.SecurityOfficer, isms.Management, isms.Owner, isms.Auditor, isms.Administrator, "operator"},
	"organisation.create": {"operator"},
	"account.read":        {"operator"},
}

func (g testGate) Bearer(_ context.Context, secret string, _ netip.Addr) (isms.Actor, error) {
	a, ok := g[secret]
	if !ok {
		return a, isms.Errorf(isms.SignIn, "api.token_missing")
	}
	return a, nil
}

func (g testGate) Allow(a isms.Actor, act string, place, _ isms.ID) error {
	if a.Place != place || !a.Is(may[act]...) || len(a.Scopes) > 0 && a.Scopes[0] == "read" && !strings.HasSuffix(act, ".read") {
		return isms.Errorf(isms.Forbidden, "api.not_here")
	}
	return nil
}

// house is a running API with two organisations that know nothing of each other.
type house struct {
	*testing.T
	in     *instance.Instance
	server *httptest.Server
	mine   instance.Organisation
	theirs instance.Organisation
	clock  *housetest.Clock
	spec   *document
	gate   testGate
	known  map[string][]string // values of path parameters and fields that name records
}

// roles are the names of the tokens of mine; operator holds on the instance, other in theirs.
var roles = []isms.Role{isms.SecurityOfficer, isms.Management, isms.Owner, isms.Employee, isms.Auditor, isms.Administrator}

func newHouse(t *testing.T, cfg store.Config) *house {
	t.Helper()
	own := []store.Schema{api.Schema}
	in, err := instance.Open(ctx, instance.Config{Config: cfg, Instance: own, Organisation: own})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	h := &house{T: t, in: in, known: map[string][]string{"index": {"0"}, "code": {"record.changed"}}, clock: cfg.Clock.(*housetest.Clock)}
	h.mine, err = in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Karst Metering", Zone: "Europe/Ljubljana", Language: isms.Slovenian, Domains: []string{"karst.example"}})
	must(t, err)
	h.theirs, err = in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Lahn Werke", Language: isms.German})
	must(t, err)
	gate := testGate{}
	add := func(name string, place isms.ID, role isms.Role, scopes ...string) {
		gate[name] = isms.Actor{Account: isms.NewID(isms.AccountPrefix, 1), Means: isms.ByToken, Via: isms.NewID(isms.TokenPrefix, 1), Place: place, Roles: []isms.Role{role}, Scopes: scopes}
	}
	for _, r := range roles {
		add(string(r), h.mine.ID, r)
	}
	add("reader", h.mine.ID, isms.SecurityOfficer, "read")
	add("other", h.theirs.ID, isms.SecurityOfficer)
	add("operator", in.Store.Name, "operator")
	h.gate = gate
	quiet := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h.server = httptest.NewServer(api.New(api.Config{Instance: in, Gate: gate, PerMin: 1_000_000, Log: quiet, Version: "test"}))
	t.Cleanup(h.server.Close)
	return h
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) { w.t.Log(string(b)); return len(b), nil }

// reply is an answer of the API, read whole.
type reply struct {
	*http.Response
	req  *http.Request
	body []byte
}

// json reads the body into v.
func (r reply) json(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
}

// call asks as somebody; header are pairs. Every answer is held against the document.
func (h *house) call(who, method, path, body string, header ...string) reply {
	h.Helper()
	req, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	must(h, err)
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return h.do(req)
}

func (h *house) do(req *http.Request) reply {
	h.Helper()
	res, err := h.server.Client().Do(req)
	must(h, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(h, err)
	res.Body = io.NopCloser(bytes.NewReader(b))
	return reply{Response: res, req: req, body: b}
}

// want fails unless the status is as expected.
func (h *house) want(status int, r reply) reply {
	h.Helper()
	if r.StatusCode != status {
		h.Fatalf("%s %s: %d instead of %d: %s", r.req.Method, r.req.URL.Path, r.StatusCode, status, r.body)
	}
	return r
}

// elsewhere tells whether the place of somebody's token is not the operation's.
func (h *house) elsewhere(who string, op operation) bool {
	return (h.gate[who].Place == h.mine.ID) != op.inOrganisation()
}

// allowed asks the decision table.
func (h *house) allowed(who string, op operation) bool {
	a := h.gate[who]
	return !h.elsewhere(who, op) && h.gate.Allow(a, op.act(), a.Place, a.Account) == nil
}
