package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/internal/api"
	"holdfast/internal/bundle"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/wire"
)

// Anybody may read checkpoints, tiles and leaves; the layout is that of C2SP.
func TestAnybodyReadsThePublicLog(t *testing.T) {
	each(t, func(h *house) {
		log, err := h.in.Organisation(ctx, h.mine.ID)
		must(t, err)
		for range 300 {
			must(t, log.Write(ctx, isms.System, testEntry))
		}
		s := httptest.NewServer(api.Public(h.config()))
		t.Cleanup(s.Close)
		base := "/log/holdfast/" + string(h.in.Store.Name) + "/"
		ask := func(path string, want int) []byte {
			t.Helper()
			req, err := http.NewRequest("GET", s.URL+path, nil)
			must(t, err)
			r := h.do(req)
			if r.StatusCode != want {
				t.Fatalf("%s: %d: %s", path, r.StatusCode, r.body)
			}
			return r.body
		}
		org := base + string(h.mine.ID) + "/"
		if note := ask(org+"1/checkpoint", 200); !bytes.Equal(note, log.Head().Note) {
			t.Errorf("another checkpoint: %s", note)
		}
		if tile := ask(org+"1/tile/0/000", 200); len(tile) != 256*32 {
			t.Errorf("a tile of %d bytes", len(tile))
		}
		if leaves := ask(org+"1/tile/entries/000", 200); len(leaves) != 256*(2+ledger.LeafSize) {
			t.Errorf("a bundle of %d bytes", len(leaves))
		}
		ask(base+"1/checkpoint", 200) // the instance's own
		for _, path := range []string{org + "2/checkpoint", org + "1/tile/0/007", base + "org_00000000000000000000000000/1/checkpoint", base + "org_x/1/checkpoint", "/log/other/1/checkpoint", "/log/"} {
			ask(path, 404)
		}
		r, err := http.Post(s.URL+org+"1/checkpoint", "text/plain", strings.NewReader("x"))
		must(t, err)
		must(t, r.Body.Close())
		if r.StatusCode != http.StatusMethodNotAllowed {
			t.Error(r.Status)
		}
	})
}

// A bundle that was exported through the API verifies elsewhere, and the export is noted.
func TestAnExportedBundleVerifies(t *testing.T) {
	eachEngineOnce(t, func(h *house) {
		h.furnish()
		var id string
		for _, known := range h.known["id"] {
			if isms.ID(known).Prefix() == isms.ClauseTextPrefix {
				id = known
				break
			}
		}
		r := h.want(200, h.call("security_officer!", "GET", h.path("/clause-texts/", id, "/bundle"), ""))
		if err := h.document().check(r); err != nil {
			t.Error(err)
		}
		got, err := bundle.Verify(r.body, ledger.Trust{})
		must(t, err)
		if !got.Report.OK || got.Verdict == "" {
			t.Errorf("%+v", got)
		}
		h.want(403, h.call("employee", "GET", h.path("/clause-texts/", id, "/bundle"), ""))
		log, err := h.in.Organisation(ctx, h.mine.ID)
		must(t, err)
		must(t, log.SealAccesses(ctx, true))
		var p wire.Page[map[string]any]
		h.want(200, h.call("security_officer", "GET", h.path("/access-log?act=bundle.export"), "")).json(t, &p)
		if len(p.Items) != 1 || p.Items[0]["object"] != id {
			t.Errorf("%+v", p)
		}
	})
}

// Duties are listed with their days, and to an employee only their own.
func TestDutiesAreListedToThoseWhoDoThem(t *testing.T) {
	eachEngineOnce(t, func(h *house) {
		h.furnish()
		count := func(who string) int {
			r := h.want(200, h.call(who, "GET", h.path("/duties"), ""))
			if err := h.document().check(r); err != nil {
				t.Error(err)
			}
			var p wire.Page[wire.Duty]
			r.json(t, &p)
			return len(p.Items)
		}
		if all, own := count("security_officer"), count("employee"); all == 0 || own >= all {
			t.Errorf("%d duties, %d of an employee", all, own)
		}
	})
}
