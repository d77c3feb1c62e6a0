package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/api"
	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

func each(t *testing.T, fn func(h *house)) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) { fn(newHouse(t, cfg)) })
}

func (h *house) path(parts ...string) string {
	return "/api/v1/organisations/" + string(h.mine.ID) + strings.Join(parts, "")
}

func TestRevisionsGuardAgainstLostUpdates(t *testing.T) {
	each(t, func(h *house) {
		r := h.want(200, h.call("security_officer", "GET", h.path(), ""))
		if r.Header.Get("ETag") != `"1"` || r.Header.Get("Entry-Index") == "" {
			t.Fatal(r.Header)
		}
		r = h.want(304, h.call("security_officer", "GET", h.path(), "", "If-None-Match", `"1"`))
		if len(r.body) != 0 {
			t.Errorf("304 with a body: %s", r.body)
		}
		change := `{"name":"SAMPLE Karst Metering d.o.o."}`
		h.want(428, h.call("security_officer", "PATCH", h.path(), change))
		h.want(412, h.call("security_officer", "PATCH", h.path(), change, "If-Match", `"7"`))
		h.want(412, h.call("security_officer", "PATCH", h.path(), change, "If-Match", `W/"1"`))
		r = h.want(200, h.call("security_officer", "PATCH", h.path(), change, "If-Match", `"1"`))
		var o wire.Organisation
		r.json(t, &o)
		if o.Revision != 2 || r.Header.Get("ETag") != `"2"` || o.Zone != "Europe/Ljubljana" || len(o.Domains) != 1 {
			t.Errorf("%+v", o)
		}
		h.want(412, h.call("security_officer", "PATCH", h.path(), change, "If-Match", `"1"`))
		h.want(200, h.call("security_officer", "GET", h.path(), "", "If-None-Match", `"1"`))
	})
}

func TestTheStateOfThePastIsReadAsItWas(t *testing.T) {
	each(t, func(h *house) {
		before := h.clock.Now()
		h.clock.Pass(time.Hour)
		h.want(200, h.call("security_officer", "PATCH", h.path(), `{"name":"SAMPLE Renamed"}`, "If-Match", `"1"`))
		read := func(at isms.Instant) (o wire.Organisation) {
			h.want(200, h.call("security_officer", "GET", h.path("?as_of=", at.Time().Format(time.RFC3339)), "")).json(t, &o)
			return o
		}
		if o := read(before); o.Revision != 1 || o.Name != "SAMPLE Karst Metering" {
			t.Errorf("then: %+v", o)
		}
		if o := read(h.clock.Now()); o.Revision != 2 {
			t.Errorf("now: %+v", o)
		}
		h.want(404, h.call("security_officer", "GET", h.path("?as_of=2001-01-01T00:00:00Z"), ""))
		h.want(422, h.call("security_officer", "GET", h.path("?as_of=yesterday"), ""))
	})
}

func TestARequestWithAKeyIsDoneOnce(t *testing.T) {
	each(t, func(h *house) {
		const orgs = "/api/v1/organisations"
		body := `{"name":"SAMPLE Third","zone":"Europe/Berlin"}`
		var wg sync.WaitGroup
		statuses := make([]int, 8)
		for i := range statuses {
			wg.Go(func() { statuses[i] = h.call("operator", "POST", orgs, body, "Idempotency-Key", "k1").StatusCode })
		}
		wg.Wait()
		for _, s := range statuses {
			if s != 201 && s != 409 { // the same answer, or: it is being done
				t.Errorf("statuses %v", statuses)
			}
		}
		first := h.want(201, h.call("operator", "POST", orgs, body, "Idempotency-Key", "k1"))
		again := h.want(201, h.call("operator", "POST", orgs, body, "Idempotency-Key", "k1"))
		if string(first.body) != string(again.body) || again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("Location") != first.Header.Get("Location") {
			t.Errorf("%s\n%s\n%v", first.body, again.body, again.Header)
		}
		if err := h.document().check(again); err != nil {
			t.Error(err)
		}
		h.want(422, h.call("operator", "POST", orgs, `{"name":"SAMPLE Fourth"}`, "Idempotency-Key", "k1"))
		list, err := h.in.List(ctx)
		must(t, err)
		if len(list) != 3 {
			t.Errorf("%d organisations instead of 3", len(list))
		}
		// What was refused was not done: the key is free again.
		h.want(422, h.call("operator", "POST", orgs, `{"name":" ","zone":"Nowhere"}`, "Idempotency-Key", "k2"))
		h.want(201, h.call("operator", "POST", orgs, `{"name":"SAMPLE Fifth"}`, "Idempotency-Key", "k2"))
		h.clock.Pass(25 * time.Hour)
		r := h.want(201, h.call("operator", "POST", orgs, body, "Idempotency-Key", "k1"))
		if r.Header.Get("Idempotency-Replayed") != "" {
			t.Error("an answer is kept for longer than a day")
		}
	})
}

func TestListsPageToTheirEnd(t *testing.T) {
	each(t, func(h *house) {
		for range 7 {
			h.want(201, h.call("operator", "POST", "/api/v1/organisations", `{"name":"SAMPLE"}`))
		}
		entries := "/api/v1/instance/ledger/entries"
		for _, order := range []string{"oldest", "newest"} {
			var all []int64
			next := entries + "?limit=3&order=" + order
			for next != "" {
				r := h.want(200, h.call("operator", "GET", next, ""))
				if err := h.document().check(r); err != nil {
					t.Fatal(err)
				}
				var p wire.Page[wire.Entry]
				r.json(t, &p)
				for _, e := range p.Items {
					all = append(all, e.Index)
				}
				if (p.Next == "") != (r.Header.Get("Link") == "") {
					t.Error("next and Link disagree")
				}
				next = strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Link"), "<"), `>; rel="next"`)
				// What comes meanwhile is not in this list: it shows one moment.
				h.want(201, h.call("operator", "POST", "/api/v1/organisations", `{"name":"SAMPLE later"}`))
			}
			for i := range all {
				want := int64(i)
				if order == "newest" {
					want = all[0] - int64(i)
				}
				if all[i] != want {
					t.Fatalf("%s: %v", order, all)
				}
			}
			if len(all) < 9 {
				t.Errorf("%s: only %v", order, all)
			}
		}
	})
}

func TestACursorServesItsOwnListOnly(t *testing.T) {
	eachEngineOnce(t, func(h *house) {
		var p wire.Page[wire.Entry]
		h.want(200, h.call("operator", "GET", "/api/v1/instance/ledger/entries?limit=1", "")).json(t, &p)
		use := func(query string) int {
			return h.call("operator", "GET", "/api/v1/instance/ledger/entries?"+query+"after="+p.Next, "").StatusCode
		}
		if use("") != 200 || use("limit=7&") != 200 {
			t.Error("a cursor must serve its list with any limit")
		}
		if use("order=newest&") != 422 || use("subject=x&") != 422 {
			t.Error("a cursor served a list with other filters")
		}
		h.want(422, h.call("operator", "GET", "/api/v1/organisations?after="+p.Next, ""))
		flipped := []byte(p.Next)
		flipped[len(flipped)/2] ^= 1
		p.Next = string(flipped)
		if use("") != 422 {
			t.Error("a changed cursor was taken")
		}
	})
}

func TestProblemsSpeakTheCallersLanguage(t *testing.T) {
	eachEngineOnce(t, func(h *house) {
		ask := func(language string) (p wire.Problem) {
			r := h.want(422, h.call("operator", "POST", "/api/v1/organisations", `{"name":"","zone":3,"language":"fr","extra":1}`, "Accept-Language", language))
			if ct := r.Header.Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("content type %s", ct)
			}
			r.json(t, &p)
			return p
		}
		en, de, sl := ask("en"), ask("de-AT,de;q=0.9"), ask("sl")
		if en.Type != "/api/v1/problems/api.invalid" || en.Type != de.Type || en.Title == de.Title || de.Detail == sl.Detail || en.Status != 422 {
			t.Errorf("%+v\n%+v", en, de)
		}
		codes := map[string]string{}
		for i, f := range en.Errors {
			codes[f.Location] = f.Code
			if f.Detail == "" || f.Detail == de.Errors[i].Detail || f.Code != de.Errors[i].Code {
				t.Errorf("%+v\n%+v", f, de.Errors[i])
			}
		}
		want := map[string]string{"/body/name": "field.too_short", "/body/zone": "field.not_a_text", "/body/language": "field.not_in_list", "/body/extra": "field.unexpected"}
		if fmt.Sprint(codes) != fmt.Sprint(want) {
			t.Errorf("%v", codes)
		}
		var explained wire.ProblemType
		h.want(200, h.call("", "GET", "/api/v1/problems/record.changed", "", "Accept-Language", "de")).json(t, &explained)
		if !strings.Contains(explained.Detail, " ") {
			t.Errorf("%+v", explained)
		}
	})
}

func TestWhatIsNoOperationIsAProblemToo(t *testing.T) {
	eachEngineOnce(t, func(h *house) {
		r := h.want(404, h.call("", "GET", "/api/v1/nothing", ""))
		if r.Header.Get("Content-Type") != "application/problem+json" {
			t.Error(r.Header)
		}
		r = h.want(405, h.call("", "DELETE", "/api/v1/organisations", ""))
		if fmt.Sprint(r.Header.Values("Allow")) != "[GET HEAD POST]" {
			t.Error(r.Header.Values("Allow"))
		}
		h.want(413, h.call("operator", "POST", "/api/v1/organisations", `{"name":"`+strings.Repeat("x", 1<<20)+`"}`))
		h.want(400, h.call("operator", "POST", "/api/v1/organisations", `{"name":"a","name":"b"}`))
		h.want(415, h.call("operator", "POST", "/api/v1/organisations", `{"name":"a"}`, "Content-Type", "application/xml"))
		h.want(422, h.call("operator", "GET", "/api/v1/organisations?limit=0", ""))
		h.want(422, h.call("operator", "GET", "/api/v1/organisations?limit=201", ""))
		h.want(422, h.call("operator", "GET", "/api/v1/organisations?sort=name", ""))
		for _, name := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Cache-Control", "Referrer-Policy", "RateLimit", "RateLimit-Policy"} {
			if r := h.call("operator", "GET", "/api/v1/self", ""); r.Header.Get(name) == "" {
				t.Errorf("no header %s", name)
			}
		}
	})
}

func TestWhoAsksTooOftenWaits(t *testing.T) {
	eachEngineOnce(t, func(h *house) {
		cfg := h.config()
		cfg.PerMin = 3
		h.server.Config.Handler = api.New(cfg)
		for range 3 {
			h.want(200, h.call("operator", "GET", "/api/v1/self", ""))
		}
		r := h.want(429, h.call("operator", "GET", "/api/v1/self", ""))
		if r.Header.Get("Retry-After") != "20" {
			t.Error(r.Header)
		}
		h.want(200, h.call("security_officer", "GET", "/api/v1/self", "")) // others need not wait
	})
}

func TestProofsVerifyOutside(t *testing.T) {
	each(t, func(h *house) {
		for range 300 {
			must(t, h.in.Log.Write(ctx, isms.System, testEntry))
		}
		var l wire.Ledger
		h.want(200, h.call("operator", "GET", "/api/v1/instance/ledger", "")).json(t, &l)
		var p wire.Inclusion
		h.want(200, h.call("operator", "GET", "/api/v1/instance/ledger/entries/5/proof", "")).json(t, &p)
		if err := verifyInclusion(l, p); err != nil {
			t.Error(err)
		}
		var c wire.Consistency
		h.want(200, h.call("operator", "GET", "/api/v1/instance/ledger/consistency?from=7", "")).json(t, &c)
		if c.To != l.Size || len(c.Path) == 0 {
			t.Errorf("%+v", c)
		}
		h.want(422, h.call("operator", "GET", "/api/v1/instance/ledger/entries/5/proof?size=5", ""))
		h.want(422, h.call("operator", "GET", "/api/v1/instance/ledger/entries/5/proof?size=100000", ""))
		h.want(404, h.call("operator", "GET", "/api/v1/instance/ledger/entries/100000", ""))
		var e wire.Entry
		h.want(200, h.call("operator", "GET", "/api/v1/instance/ledger/entries/5", "")).json(t, &e)
		if err := verifyLeaf(e); err != nil {
			t.Error(err)
		}
	})
}

func TestTheDocumentIsTheSameTwice(t *testing.T) {
	eachEngineOnce(t, func(h *house) {
		a := h.want(200, h.call("", "GET", "/api/v1/openapi.json", "")).body
		b := h.want(200, h.call("", "GET", "/api/v1/openapi.json", "")).body
		if string(a) != string(b) || !json.Valid(a) {
			t.Error("the document changes")
		}
		if y := h.want(http.StatusOK, h.call("", "GET", "/api/v1/openapi.yaml", "")); !strings.Contains(string(y.body), "openapi: 3.1.0") {
			t.Error("no YAML")
		}
	})
}
