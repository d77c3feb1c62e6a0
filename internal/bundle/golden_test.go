package bundle_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"holdfast/internal/bundle"
	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

var update = flag.Bool("update", false, "make the sample bundle anew; a released one never changes")

// TestThePublishedBundleStaysReadable verifies a bundle that was made once: every later
// Holdfast must read it and come to the same verdict.
func TestThePublishedBundleStaysReadable(t *testing.T) {
	file := filepath.Join("testdata", "bundle-v1.json")
	if *update {
		h := build(t, housetest.Config(t, store.SQLite))
		h.hour()
		h.review()
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, h.bundle(h.clock.Now()), 0o644))
	}
	raw, err := os.ReadFile(file)
	must(t, err)
	res, err := bundle.Verify(raw, ledger.Trust{})
	must(t, err)
	if !res.Report.OK || res.Verdict != isms.Holding {
		t.Errorf("%s: %v", res.Verdict, res.Report.Problems)
	}
	if out, code := alone(t)(file); code != 0 {
		t.Errorf("stand-alone: exit %d: %s", code, out)
	}
}
