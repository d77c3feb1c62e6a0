package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

// eachEngineOnce runs fn on SQLite alone: for what no engine can change.
func eachEngineOnce(t *testing.T, fn func(h *house)) {
	fn(newHouse(t, housetest.Config(t, store.SQLite)))
}

// Every operation of the document gets generated requests; it grows by itself with the document.
// No answer is a fault of ours, and every answer is documented.
func TestEveryOperationAnswersAsDocumented(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := newHouse(t, cfg)
		h.furnish()
		reached := 0
		defer func() {
			// Requests that are all refused would show little: half of the operations must have done their work.
			if ops := len(h.document().ops); !t.Failed() && reached < ops/2 {
				t.Errorf("only %d of %d operations were ever reached", reached, ops)
			}
		}()
		for _, op := range endingsLast(h.document().ops) {
			t.Run(op.OperationID, func(t *testing.T) {
				seen := map[int]int{}
				defer func() {
					if seen[200]+seen[201]+seen[304] > 0 {
						reached++
					} else {
						t.Log("never reached: ", seen)
					}
				}()
				rapid.Check(t, func(t *rapid.T) {
					r := h.do(h.generate(t, op))
					seen[r.StatusCode]++
					if r.StatusCode >= 500 {
						t.Fatalf("%s %s: %d: %s", r.req.Method, r.req.URL, r.StatusCode, r.body)
					}
					if err := h.spec.check(r); err != nil {
						t.Fatal(err)
					}
				})
			})
		}
	})
}

// endingsLast puts operations that end records behind those that need them.
func endingsLast(ops []operation) []operation {
	ends := regexp.MustCompile(`(deletions|endings|retirements|strikes|merges|splits|departures|revocations|withdrawals|expirations|decisions)$`)
	last := func(op operation) int {
		if ends.MatchString(op.path) {
			return 1
		}
		return 0
	}
	out := slices.Clone(ops)
	slices.SortStableFunc(out, func(a, b operation) int { return last(a) - last(b) })
	return out
}

// rarely is true about once in n times. rapid prefers small numbers, so it counts from above.
func rarely(t *rapid.T, n uint64, label string) bool {
	return rapid.Uint64().Draw(t, label)%n == n-1
}

// generate makes a request for an operation: mostly as the document says, sometimes not.
func (h *house) generate(t *rapid.T, op operation) *http.Request {
	who := "security_officer!"
	if !op.inOrganisation() {
		who = "operator!"
	}
	if strings.HasPrefix(op.act(), "policy.approve") || rarely(t, 4, "as another") {
		who = rapid.SampledFrom([]string{"management!", "management!", "security_officer", "operator!", "employee", "auditor", "other", "", "nonsense"}).Draw(t, "who")
	}
	path, query, header := op.path, url.Values{}, http.Header{}
	params := slices.Clone(op.Parameters)
	for _, p := range params {
		v := h.value(t, op, p.Value.Name, p.Value.Schema.Value)
		skip := !p.Value.Required && !rarely(t, 4, "with "+p.Value.Name)
		if p.Value.Name == "If-Match" {
			skip = rarely(t, 10, "without If-Match")
		}
		if p.Value.Name == "Holdfast-Code" { // wrong codes soon shut out whoever shows them
			continue
		}
		switch p.Value.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(v))
		case "query":
			if !skip {
				query.Set(p.Value.Name, v)
			}
		case "header":
			if !skip {
				header.Set(p.Value.Name, clean(v))
			}
		}
	}
	var body string
	if op.RequestBody != nil {
		body = h.body(t, op.RequestBody.Value)
		header.Set("Content-Type", contentType(op))
		if rarely(t, 12, "content type") {
			header.Set("Content-Type", rapid.SampledFrom([]string{"text/plain", "application/json; charset=utf-8"}).Draw(t, "other content type"))
		}
	}
	u := h.server.URL + "/api/v1" + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	req, err := http.NewRequest(op.method, u, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+h.secret(who))
	}
	req.Header.Set("Accept-Language", rapid.SampledFrom([]string{"en", "de", "sl", "*", "x;q=zzz"}).Draw(t, "language"))
	return req
}

// clean takes out of a header value what no client can send.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

func contentType(op operation) string {
	for ct := range op.RequestBody.Value.Content {
		return ct
	}
	return "application/json"
}

// value makes a value for a parameter: mostly one that has a meaning there, sometimes nonsense.
func (h *house) value(t *rapid.T, op operation, name string, s *openapi3.Schema) string {
	proper := h.proper(t, op, name, s)
	if proper != "" && !rarely(t, 12, "improper "+name) {
		return proper
	}
	v := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}`), rapid.StringMatching(`-?[0-9]{1,20}`),
		rapid.SampledFrom([]string{string(h.theirs.ID), `W/"1"`, "*", "\x00"})).Draw(t, name)
	if v == "" || v == "." || v == ".." {
		v = "x" // an empty path segment is another path
	}
	return v
}

// kinds are the prefixes of the ids that lie below a path.
var kinds = map[string]string{
	"documents": "doc", "versions": "ver", "texts": "txt", "clauses": "cla", "clause-texts": "clt", "alignments": "aln", "controls": "ctl", "proofs": "prf",
	"bindings": "bnd", "subjects": "sub", "scopes": "scp", "exceptions": "exc", "failures": "fai", "evidence": "evd", "agents": "agt", "verdicts": "vrd", "days": "day",
}

// proper is a value that has a meaning for a parameter; empty if none is known.
func (h *house) proper(t *rapid.T, op operation, name string, s *openapi3.Schema) string {
	known := h.known[name]
	if name == "id" {
		noun := strings.Split(op.path, "/")[3]
		known = slices.DeleteFunc(slices.Clone(known), func(id string) bool { return isms.ID(id).Prefix() != kinds[noun] })
	}
	switch {
	case name == "organisation":
		return string(h.mine.ID)
	case len(known) > 0:
		return rapid.SampledFrom(known).Draw(t, "known "+name)
	case len(s.Enum) > 0:
		return fmt.Sprint(rapid.SampledFrom(s.Enum).Draw(t, "one of "+name))
	case s.Type.Is("integer"):
		return fmt.Sprint(rapid.Int64Range(1, 20).Draw(t, "number "+name))
	case s.Format == "date-time":
		now := int64(h.clock.Now())
		return isms.Instant(rapid.Int64Range(now-100_000_000, now).Draw(t, "time "+name)).Time().Format("2006-01-02T15:04:05.999999Z")
	case s.Format == "date":
		return "2026-11-02"
	case name == "If-Match" || name == "If-None-Match":
		return rapid.SampledFrom([]string{`"1"`, `"1"`, `"2"`, `"1", "2"`}).Draw(t, "tag")
	case s.Type.Is("array"):
		return rapid.SampledFrom([]string{"active", "proposed", "draft", "failing"}).Draw(t, "state")
	case name == "name":
		return "policy.md"
	}
	return ""
}

// body makes a body: mostly of the documented shape, sometimes broken.
func (h *house) body(t *rapid.T, rb *openapi3.RequestBody) string {
	if rarely(t, 10, "broken body") {
		return rapid.OneOf(rapid.Just(""), rapid.String(), rapid.Just(`{"unknown":1,"name":`+strings.Repeat("[", 200))).Draw(t, "body")
	}
	for _, m := range rb.Content {
		if m.Schema == nil || m.Schema.Value.Type.Is("string") {
			return rapid.StringMatching(`(# [A-Za-z ]{1,20}\n\n[A-Z][a-z ]{5,40} must [a-z ]{3,30}\.\n){0,4}`).Draw(t, "text")
		}
		b, err := json.Marshal(h.object(t, m.Schema.Value, "body", 0))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return "{}"
}

// object makes a JSON value of a schema; one time in ten it does not fit.
func (h *house) object(t *rapid.T, s *openapi3.Schema, name string, depth int) any {
	if rarely(t, 60, "misfit "+name) || depth > 6 {
		return rapid.SampledFrom([]any{nil, 1, "x", true, []any{}, map[string]any{}, -1.5, "\u0000", strings.Repeat("x", 3000)}).Draw(t, name)
	}
	switch {
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(t, name)
	case s.Type.Is("object"):
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
			p := s.Properties[key]
			if slices.Contains(s.Required, key) || rarely(t, 3, "has "+key) {
				out[key] = h.object(t, p.Value, key, depth+1)
			}
		}
		if extra := s.AdditionalProperties.Schema; extra != nil {
			for _, key := range []string{"en", "de", "sl"} {
				if rapid.Bool().Draw(t, "has "+key) {
					out[key] = h.object(t, extra.Value, key, depth+1)
				}
			}
		}
		return out
	case s.Type.Is("array"):
		n := rapid.IntRange(0, 3).Draw(t, "items of "+name)
		out := make([]any, n)
		for i := range out {
			out[i] = h.object(t, s.Items.Value, name, depth+1)
		}
		return out
	case s.Type.Is("integer"):
		return rapid.Int64Range(-3, 400).Draw(t, name)
	case s.Type.Is("number"):
		return rapid.Float64().Draw(t, name)
	case s.Type.Is("boolean"):
		return rapid.Bool().Draw(t, name)
	case s.Format == "date":
		return rapid.SampledFrom([]string{"2026-11-02", "2026-10-02", "2026-02-30", "0000-00-00", "2027-01-01"}).Draw(t, name)
	case s.Format == "date-time":
		return rapid.SampledFrom([]string{"2026-12-24T00:00:00Z", "2026-12-31T09:00:00+01:00", "2026-11-02T09:00:00Z", "never"}).Draw(t, name)
	}
	if known := append(slices.Clone(h.fields[name]), h.known[name]...); len(known) > 0 && !rarely(t, 8, "unknown "+name) {
		return rapid.SampledFrom(known).Draw(t, name)
	}
	if rarely(t, 12, "any "+name) {
		return rapid.String().Draw(t, name)
	}
	return rapid.SampledFrom(h.words(name)).Draw(t, name)
}

// words are texts that mean something for a field of that name.
func (h *house) words(name string) []string {
	out := []string{"SAMPLE", "UTC", "Europe/Ljubljana", "P3M", "karst.example", "someone@karst.example", "2026-11-02"}
	for _, of := range slices.Sorted(maps.Keys(h.known)) {
		out = append(out, h.known[of]...)
	}
	return out
}

// Who may do what stands in the decision table; every operation keeps to it.
func TestEveryOperationKeepsToTheDecisionTable(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := newHouse(t, cfg)
		h.furnish()
		for _, op := range h.document().ops {
			t.Run(op.OperationID, func(t *testing.T) {
				h := *h
				h.T = t
				h.checkRights(op)
			})
		}
	})
}

func (h *house) checkRights(op operation) {
	h.Helper()
	path := "/api/v1" + op.path
	for _, p := range op.Parameters {
		v := string(h.mine.ID)
		if p.Value.Name != "organisation" {
			if v = "0"; len(h.known[p.Value.Name]) > 0 {
				v = h.known[p.Value.Name][0]
			}
		}
		path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", v)
	}
	ask := func(who, path string) reply {
		r := h.call(who, op.method, path, "")
		if err := h.spec.check(r); err != nil {
			h.Error(err)
		}
		return r
	}
	if op.act() == "open" {
		if r := ask("", path); r.StatusCode == 401 || r.StatusCode == 403 {
			h.Errorf("open, but %d", r.StatusCode)
		}
		return
	}
	for _, who := range []string{"", "nonsense", "ended"} {
		if r := ask(who, path); r.StatusCode != http.StatusUnauthorized || r.Header.Get("WWW-Authenticate") == "" {
			h.Errorf("as %q: %d: %s", who, r.StatusCode, r.body)
		}
	}
	if op.act() == "signed_in" || op.act() == "signing_in" {
		return
	}
	if op.inOrganisation() {
		for _, place := range []string{string(h.theirs.ID), "org_00000000000000000000000000", "nonsense"} {
			away := strings.ReplaceAll(path, string(h.mine.ID), place)
			if r := ask("security_officer", away); r.StatusCode != http.StatusNotFound {
				h.Errorf("in another organisation: %d: %s", r.StatusCode, r.body)
			}
		}
		if r := ask("operator", path); r.StatusCode != http.StatusNotFound {
			h.Errorf("as operator, who is nothing here: %d: %s", r.StatusCode, r.body)
		}
	}
	names := append([]string{"operator", "reader"}, asStrings(roles)...)
	for _, who := range names {
		r := ask(who, path)
		ok, fresh := h.allowed(who, op)
		var p wire.Problem
		if r.StatusCode >= 400 {
			r.json(h, &p)
		}
		if p.Code == "can.not_yours" && (ok || fresh) { // the record is another's: the table allows their own
			continue
		}
		byTable := strings.HasPrefix(p.Code, "can.") || strings.HasPrefix(p.Code, "step_up.") || p.Code == "api.not_here"
		switch {
		case fresh && (r.StatusCode != http.StatusForbidden || !strings.HasPrefix(p.Code, "step_up.")):
			h.Errorf("%s: needs a second factor, but %d: %s", who, r.StatusCode, r.body)
		case ok && (byTable || r.StatusCode == http.StatusUnauthorized):
			h.Errorf("%s: is allowed, but %d: %s", who, r.StatusCode, r.body)
		case !ok && !fresh && (!byTable || r.StatusCode != http.StatusForbidden && r.StatusCode != http.StatusNotFound):
			h.Errorf("%s: is not allowed, but %d: %s", who, r.StatusCode, r.body)
		}
	}
}

func asStrings(rs []isms.Role) []string {
	var out []string
	for _, r := range rs {
		out = append(out, string(r))
	}
	return out
}
