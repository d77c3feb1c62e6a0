package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"holdfast/internal/api"
	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/keep"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
)

// TestMain asks for fewer generated requests an operation than rapid's 100, since there are many
// operations and two engines; -rapid.checks=1000 looks longer.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("8"); err != nil {
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

// house is a running API with two organisations that know nothing of each other.
type house struct {
	*testing.T
	in      *instance.Instance
	people  *people.People
	server  *httptest.Server
	mine    instance.Organisation
	theirs  instance.Organisation
	clock   *housetest.Clock
	spec    *document
	persons map[string]people.Account // by the name of their token
	secrets map[string]string         // tokens by name; with "!" a session with a fresh second factor
	actors  map[string]isms.Actor     // what a token is
	known   map[string][]string       // values of path parameters and fields that name records
	fields  map[string][]string       // values that mean something for a field of a body
}

// roles are the names of the tokens of mine; operator holds on the instance, other in theirs.
var roles = people.RolesOf("org_")

func newHouse(t *testing.T, cfg store.Config) *house {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{
		Config: cfg, Instance: []store.Schema{people.Schema, schedule.Schema, keep.Schema, api.Schema}, Organisation: append([]store.Schema{api.Schema}, organisation.Schemas...),
	})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	p, err := people.New(ctx, in.Log, people.Config{})
	must(t, err)
	h := &house{
		T: t, in: in, people: p, clock: cfg.Clock.(*housetest.Clock), persons: map[string]people.Account{}, secrets: map[string]string{}, actors: map[string]isms.Actor{},
		known: map[string][]string{"index": {"0"}, "code": {"record.changed"}},
		fields: map[string][]string{
			"roles": {"employee", "owner"}, "role": {"employee"}, "scopes": {"read"}, "zone": {"UTC", "Europe/Berlin"}, "every": {"P1M"}, "window": {"P2M"},
			"review_every": {"P1Y"}, "value": {"P3M"}, "kinds": {"host"}, "kind": {"host"}, "probe": {"host.clock"}, "source": {"en"}, "address": {"meter-2", "meter-3"},
			"public_key": {base64.StdEncoding.EncodeToString(make32())}, "email": {"new@karst.example", "newer@karst.example"}, "name": {"SAMPLE name"},
			"approver": {"SAMPLE director"}, "networks": {"192.0.2.0/24"}, "domains": {"karst.example"}, "themes": {"clock"}, "key": {"k1", "k2"}, "params": {"x"},
		},
	}
	h.mine, err = in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Karst Metering", Zone: "Europe/Ljubljana", Language: isms.Slovenian, Domains: []string{"karst.example"}})
	must(t, err)
	h.theirs, err = in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Lahn Werke", Language: isms.German})
	must(t, err)
	for _, r := range roles {
		h.addPerson(string(r), h.mine.ID, r)
	}
	h.addPerson("other", h.theirs.ID, isms.SecurityOfficer)
	h.addPerson("operator", in.Store.Name, people.Operator)
	h.addToken("reader", h.persons["security_officer"], h.mine.ID, 24*time.Hour, people.ScopeRead)
	h.addToken("ended", h.persons["security_officer"], h.mine.ID, time.Second, people.ScopeWrite)
	h.clock.Pass(time.Minute)
	h.addVictim()
	h.server = httptest.NewServer(api.New(h.config()))
	t.Cleanup(h.server.Close)
	return h
}

func (h *house) config() api.Config {
	quiet := slog.New(slog.NewTextHandler(testWriter{h.T}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return api.Config{Instance: h.in, People: h.people, PerMin: 1_000_000, Log: quiet, Version: "test"}
}

// addPerson makes an account that is something somewhere, with a token for everything it may.
func (h *house) addPerson(name string, place isms.ID, role isms.Role) people.Account {
	h.Helper()
	a, err := h.people.Create(ctx, isms.System, people.NewAccount{Email: name + "@karst.example", Name: "SAMPLE " + name, Language: isms.English})
	must(h, err)
	var ends isms.Instant
	if role == isms.Auditor {
		ends = h.clock.Now().Add(90 * 24 * time.Hour)
	}
	m, err := h.people.Join(ctx, isms.System, a.ID, place, []isms.Role{role}, ends)
	must(h, err)
	h.persons[name] = a
	h.addToken(name, a, place, 300*24*time.Hour, people.ScopeWrite)
	if strings.HasPrefix(name, "victim") {
		h.know("account", string(a.ID))
		h.know("membership", string(m.ID))
	}
	return a
}

func (h *house) addToken(name string, a people.Account, place isms.ID, lasts time.Duration, scopes ...string) {
	h.Helper()
	t, secret, err := h.people.CreateToken(ctx, isms.System, people.Token{Name: "SAMPLE " + name, Account: a.ID, Place: place, Scopes: scopes, Ends: h.clock.Now().Add(lasts)})
	must(h, err)
	h.secrets[name] = secret
	h.actors[name], _, err = h.people.Bearer(ctx, secret, people.Source{})
	must(h, err)
	if strings.HasPrefix(name, "victim") {
		h.know("token", string(t.ID))
	}
}

// addVictim makes records that generated requests may end without locking out those who ask.
func (h *house) addVictim() {
	h.Helper()
	for _, name := range []string{"victim1", "victim2", "victim3", "victim4"} { // whoever is ended first leaves others to act on
		h.addPerson(name, h.mine.ID, isms.Employee)
	}
	i, _, err := h.people.Invite(ctx, isms.System, people.Invitation{Email: "guest@karst.example", Name: "SAMPLE guest", Place: h.mine.ID, Roles: []isms.Role{isms.Employee}})
	must(h, err)
	h.know("invitation", string(i.ID))
}

func (h *house) know(name, value string) { h.known[name] = append(h.known[name], value) }

// furnish fills the organisation with records of every kind through the API itself, so that
// generated requests find something to act on.
func (h *house) furnish() {
	h.Helper()
	h.session("security_officer")
	h.session("management")
	h.session("operator")
	post := func(who, path, body string, header ...string) string {
		r := h.call(who, "POST", h.path(path), body, header...)
		if r.StatusCode >= 300 {
			h.Fatalf("%s: %d %s", path, r.StatusCode, r.body)
		}
		var v struct {
			ID       isms.ID `json:"id"`
			Document isms.ID `json:"document"`
			Version  isms.ID `json:"version"`
			Text     isms.ID `json:"text"`
		}
		r.json(h, &v)
		for _, id := range []isms.ID{v.ID, v.Document, v.Version, v.Text} {
			if id != "" {
				h.know("id", string(id))
			}
		}
		if v.Version != "" {
			h.know("version", string(v.Version))
			h.know("text", string(v.Text))
			h.know("document", string(v.Document))
		}
		return string(v.ID)
	}
	const officer = "security_officer!"
	file := []string{"Content-Type", "application/octet-stream"}
	post(officer, "/documents?name=policy.md&language=en", samplePolicy, file...)
	post(officer, "/documents/"+h.known["document"][0]+"/versions?name=policy.md&language=en", samplePolicy+"\nVisitors must sign the book.\n", file...)
	var words struct{ Items []struct{ ID string } }
	h.want(200, h.call(officer, "GET", h.path("/clause-texts"), "")).json(h, &words)
	if len(words.Items) < 3 {
		h.Fatalf("only %d clause texts were read", len(words.Items))
	}
	for _, w := range words.Items {
		h.know("id", w.ID)
	}
	scope := post(officer, "/scopes", `{"name":{"source":"en","in":{"en":"SAMPLE hosts"}},"selector":{"kinds":["host"]}}`)
	control := post(officer, "/controls", `{"title":{"source":"en","in":{"en":"SAMPLE clocks are right"}},"purpose":{"source":"en","in":{"en":"Times agree."}},"proofs":[
		{"key":"clock","kind":"check","title":{"source":"en","in":{"en":"Clock"}},"probe":"host.clock","every":"P1D","required":true,"scope":"`+scope+`"}]}`)
	h.know("control", control)
	proof := post(officer, "/controls/"+control+"/proofs", `{"key":"look","kind":"duty","title":{"source":"en","in":{"en":"Look"}},"every":"P3M","required":true,"role":"security_officer"}`)
	h.know("proof", proof)
	post(officer, "/clause-texts/"+words.Items[0].ID+"/bindings", `{"control":"`+control+`"}`)
	h.want(200, h.call(officer, "POST", h.path("/subjects"), `{"subjects":[{"kind":"host","address":"meter-1","name":"SAMPLE meter"}]}`))
	h.want(200, h.call(officer, "POST", h.path("/texts/", h.known["text"][1], "/proposals"), ""))
	var proposed struct {
		Items []struct{ ID, Template string }
	}
	h.want(200, h.call(officer, "GET", h.path("/bindings?state=proposed"), "")).json(h, &proposed)
	if len(proposed.Items) == 0 {
		h.Fatal("nothing was proposed for the sample policy")
	}
	h.fields["template"] = []string{proposed.Items[0].Template}
	h.know("id", proposed.Items[0].ID)
	post(officer, "/controls/adoptions", `{"template":"`+proposed.Items[0].Template+`"}`)
	post(officer, "/exceptions", `{"proofs":["`+proof+`"],"reason":"SAMPLE move","ends":"2026-12-24T00:00:00Z"}`)
	post(officer, "/agents", `{"name":"SAMPLE agent","public_key":"`+base64.StdEncoding.EncodeToString(make32())+`"}`)
	post(officer, "/evidence", `{"proof":"`+proof+`","outcome":"done","note":"SAMPLE looked"}`)
}

func make32() []byte { return bytes.Repeat([]byte{7}, 32) }

const samplePolicy = `# SAMPLE Security policy

## 1 Clocks

All servers must take their time from the same source.

## 2 People

Employees must report incidents within 24 hours. Access rights are reviewed at least once a year.
`

// session signs somebody in with a fresh second factor; the name of the secret ends with "!".
func (h *house) session(name string) string {
	h.Helper()
	if s, ok := h.secrets[name+"!"]; ok {
		return s
	}
	link, err := h.people.Reset(ctx, isms.System, h.persons[name].ID, false)
	must(h, err)
	half, err := h.people.UseReset(ctx, link, "grau-Ziegel-9-Wolke", people.Source{})
	must(h, err)
	key, err := h.people.BeginTOTP(ctx, half.Cookie)
	must(h, err)
	code, err := totp.GenerateCode(key.Secret, h.clock.Now().Time())
	must(h, err)
	full, err := h.people.FinishTOTP(ctx, half.Cookie, code, people.Source{})
	must(h, err)
	h.secrets[name+"!"] = full.Cookie
	return full.Cookie
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
		req.Header.Set("Authorization", "Bearer "+h.secret(who))
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

// secret is what somebody presents: their token, their session, or the name itself as nonsense.
func (h *house) secret(who string) string {
	if s, ok := h.secrets[who]; ok {
		return s
	}
	return who
}

// elsewhere tells whether the place of somebody's token is not the operation's.
func (h *house) elsewhere(who string, op operation) bool {
	return (h.actors[who].Place == h.mine.ID) != op.inOrganisation()
}

// allowed asks the decision table; fresh tells that only a second factor is missing.
func (h *house) allowed(who string, op operation) (ok, fresh bool) {
	a := h.actors[who]
	err := people.Allow(a, people.Act(op.act()), people.Record{Place: a.Place, Owner: a.Account}, h.clock.Now())
	return !h.elsewhere(who, op) && err == nil, !h.elsewhere(who, op) && isms.KindOf(err) == isms.StepUp
}
