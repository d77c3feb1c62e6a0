package control_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/policy"
	"holdfast/internal/reading"
	"holdfast/internal/store"
)

// The published policies go all the way: read, adopted, bound to what the catalogue proposes,
// looked at, broken and repaired. Nothing holds before somebody declared the lists complete.
func TestPublishedPoliciesGoAllTheWay(t *testing.T) {
	files := publishedPolicies(t)
	for i, file := range files {
		engine := []store.Engine{store.SQLite, store.Postgres}[i%2]
		t.Run(filepath.Base(file)+" on "+string(engine), func(t *testing.T) {
			h := build(t, housetest.Config(t, engine))
			data, err := os.ReadFile(file)
			must(t, err)
			read, err := reading.Read(ctx, file, data, reading.Options{})
			must(t, err)
			in := policy.FromReading(read)
			in.Name, in.FileName, in.Original = "Published policy", filepath.Base(file), reader(string(data))
			h.text, err = h.docs.Import(ctx, h.ana(), in)
			must(t, err)
			must(t, h.docs.Adopt(ctx, h.ana(), h.text.Version, policy.Adoption{Approver: "M. Kos", Approved: "2026-01-15"}))
			_, err = h.ProposeAll(ctx, h.ana(), h.text.Text)
			must(t, err)
			bound, err := h.ConfirmAbove(ctx, h.ana(), h.text.Document, 500)
			must(t, err)
			h.server("here")
			h.look()
			tally := func() (n map[isms.Verdict]int) {
				h.react()
				h.see(func(tx *store.Tx) (err error) { n, err = control.Tally(ctx, tx, h.text.Document); return err })
				return n
			}
			n := tally()
			t.Logf("%d clauses, %d bound: %v", h.text.Clauses, bound, n)
			if bound < h.text.Clauses/4 || n[isms.Unproven] == 0 || n[isms.Holding] > 0 {
				t.Errorf("%d of %d clauses bound, verdicts %v", bound, h.text.Clauses, n)
			}
			h.see(func(tx *store.Tx) error {
				ss, err := control.ScopesAfter(ctx, tx, "", 100)
				for _, s := range ss {
					must(t, h.Declare(ctx, h.ana(), s.ID, s.Rev))
				}
				return err
			})
			h.clock.Pass(time.Minute)
			h.look()
			h.see(func(tx *store.Tx) error { // every duty is done once
				due, err := h.DutiesAfter(ctx, tx, "", 1000)
				for _, d := range due {
					_, serr := h.proofs.Seal(ctx, h.ana(), evidence.Record{Proof: d.Proof.ID, Subject: d.Subject, Outcome: evidence.Done})
					must(t, serr)
				}
				return err
			})
			done := tally()
			moment := h.clock.Now()
			if t.Logf("declared and done: %v", done); done[isms.Holding] == 0 {
				t.Error("nothing holds, though every duty was done")
			}
			h.clock.Pass(3 * 366 * 24 * time.Hour)
			if late := tally(); late[isms.Holding] > 0 || late[isms.Stale] == 0 {
				t.Errorf("three years of silence: %v", late)
			}
			must(t, h.Log.ReadAt(ctx, moment, func(tx *store.Tx) error {
				then, err := control.Tally(ctx, tx, h.text.Document)
				same(t, "as of then", then[isms.Holding], done[isms.Holding])
				return err
			}))
			h.verify()
		})
	}
}

func publishedPolicies(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("HOLDFAST_SHARED")
	for up, err := os.Getwd(); dir == "" && err == nil && up != filepath.Dir(up); up = filepath.Dir(up) {
		if _, err := os.Stat(filepath.Join(up, "shared", "seeds")); err == nil {
			dir = filepath.Join(up, "shared")
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "seeds", "*.*"))
	must(t, err)
	if dir == "" || len(files) == 0 {
		t.Skip("SKIPPED: the published policies lie neither beside the project nor at HOLDFAST_SHARED; they are not taken all the way")
	}
	return files
}
