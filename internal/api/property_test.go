package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
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
		for _, who := range []string{"security_officer", "management", "operator"} {
			h.session(who)
		}
		for _, op := range h.document().ops {
			t.Run(op.OperationID, func(t *testing.T) {
				seen := map[int]int{}
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
				t.Log(seen)
			})
		}
	})
}

// generate makes a request for an operation: mostly as the document says, sometimes not.
func (h *house) generate(t *rapid.T, op operation) *http.Request {
	who := rapid.SampledFrom([]string{"security_officer!", "security_officer!", "management!", "security_officer", "operator!", "employee", "auditor", "other", "", "nonsense"}).Draw(t, "who")
	if !op.inOrganisation() && rapid.Bool().Draw(t, "as operator") {
		who = "operator!"
	}
	path, query, header := op.path, url.Values{}, http.Header{}
	params := slices.Clone(op.Parameters)
	for _, p := range params {
		v := h.value(t, p.Value.Name, p.Value.Schema.Value)
		skip := rapid.IntRange(0, 3).Draw(t, "skip "+p.Value.Name) == 0
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
		header.Set("Content-Type", rapid.SampledFrom([]string{contentType(op), contentType(op), contentType(op), "text/plain", "application/json; charset=utf-8"}).Draw(t, "content type"))
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

// value makes a value for a parameter: of the records that there are, as documented, or nonsense.
func (h *house) value(t *rapid.T, name string, s *openapi3.Schema) string {
	choices := []func() string{
		func() string { return rapid.String().Draw(t, name) },
		func() string { return rapid.StringMatching(`[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}`).Draw(t, name) },
	}
	if name == "organisation" {
		for range 6 {
			choices = append(choices, func() string { return string(h.mine.ID) })
		}
		choices = append(choices, func() string { return string(h.theirs.ID) })
	}
	if known := h.known[name]; len(known) > 0 {
		for range 6 {
			choices = append(choices, func() string { return rapid.SampledFrom(known).Draw(t, name) })
		}
	}
	switch {
	case s.Type.Is("integer"):
		for range 4 {
			choices = append(choices, func() string { return fmt.Sprint(rapid.Int64Range(-2, 20).Draw(t, name)) })
		}
		choices = append(choices, func() string { return fmt.Sprint(rapid.Int64().Draw(t, name)) })
	case s.Format == "date-time":
		for range 4 {
			choices = append(choices, func() string {
				return isms.Instant(rapid.Int64Range(-1e16, 2e16).Draw(t, name)).Time().Format("2006-01-02T15:04:05.999999Z")
			})
		}
	case len(s.Enum) > 0:
		for range 4 {
			choices = append(choices, func() string { return fmt.Sprint(rapid.SampledFrom(s.Enum).Draw(t, name)) })
		}
	case name == "If-Match" || name == "If-None-Match":
		for range 4 {
			choices = append(choices, func() string {
				return rapid.SampledFrom([]string{`"1"`, `"2"`, `W/"1"`, `*`, `"1", "2"`}).Draw(t, name)
			})
		}
	}
	v := choices[rapid.IntRange(0, len(choices)-1).Draw(t, "choice of "+name)]()
	if v == "" || v == "." || v == ".." {
		v = "x" // an empty path segment is another path
	}
	return v
}

// body makes a body: mostly of the documented shape, sometimes broken.
func (h *house) body(t *rapid.T, rb *openapi3.RequestBody) string {
	switch rapid.IntRange(0, 9).Draw(t, "kind of body") {
	case 0:
		return ""
	case 1:
		return rapid.String().Draw(t, "body")
	case 2:
		return `{"unknown":1,"name":` + strings.Repeat("[", rapid.IntRange(0, 200).Draw(t, "depth"))
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
	if rapid.IntRange(0, 19).Draw(t, "misfit "+name) == 0 || depth > 6 {
		return rapid.SampledFrom([]any{nil, 1, "x", true, []any{}, map[string]any{}, -1.5, "\u0000", strings.Repeat("x", 3000)}).Draw(t, name)
	}
	switch {
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(t, name)
	case s.Type.Is("object"):
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
			p := s.Properties[key]
			if slices.Contains(s.Required, key) || rapid.Bool().Draw(t, "has "+key) {
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
		return rapid.SampledFrom([]string{"2026-11-02", "2026-02-30", "0000-00-00", "2027-01-01"}).Draw(t, name)
	case s.Format == "date-time":
		return rapid.SampledFrom([]string{"2026-11-02T09:00:00Z", "2027-11-02T09:00:00+01:00", "never"}).Draw(t, name)
	}
	return rapid.OneOf(rapid.String(), rapid.SampledFrom(h.words(name))).Draw(t, name)
}

// words are texts that mean something for a field of that name.
func (h *house) words(name string) []string {
	out := []string{"SAMPLE", "UTC", "Europe/Ljubljana", "P3M", "karst.example", "someone@karst.example", "2026-11-02"}
	for _, of := range slices.Sorted(maps.Keys(h.known)) {
		out = append(out, h.known[of]...)
	}
	return append(out, h.known[name]...)
}

// Who may do what stands in the decision table; every operation keeps to it.
func TestEveryOperationKeepsToTheDecisionTable(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := newHouse(t, cfg)
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
