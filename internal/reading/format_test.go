package reading

import (
	"path/filepath"
	"testing"
)

// sameClauses compares two readings by the words and what was read of them.
func sameClauses(t *testing.T, what string, want, got *Reading) {
	t.Helper()
	for i := range max(len(want.Clauses), len(got.Clauses)) {
		if i >= len(want.Clauses) || i >= len(got.Clauses) {
			t.Errorf("%s: %d clauses, the text has %d", what, len(got.Clauses), len(want.Clauses))
			return
		}
		w, g := want.Clauses[i], got.Clauses[i]
		if w.Text != g.Text {
			t.Errorf("%s: clause %d is %q, in the text it is %q", what, i+1, g.Text, w.Text)
			return
		}
		if w.Kind != g.Kind || w.Theme != g.Theme || w.Cadence != g.Cadence || w.Normative != g.Normative {
			t.Errorf("%s: %q is (%s %v %s %s), in the text (%s %v %s %s)", what, w.Text, g.Kind, g.Normative, g.Theme, g.Cadence, w.Kind, w.Normative, w.Theme, w.Cadence)
		}
	}
}

func readBytes(t testing.TB, name string, data []byte) *Reading {
	t.Helper()
	r, err := Read(t.Context(), name, data, Options{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

func TestFormatsGiveTheSameClauses(t *testing.T) {
	for _, p := range corpus(t, "corpus") {
		name := filepath.Base(p[1])
		want := readFile(t, p[1])
		blocks := sourceBlocks(t, p[1])
		sameClauses(t, name+" as Word", want, readBytes(t, "a.docx", asWord(t, blocks)))
		sameClauses(t, name+" as OpenDocument", want, readBytes(t, "a.odt", asODT(t, blocks)))
		sameClauses(t, name+" as HTML", want, readBytes(t, "a.html", asHTML(blocks)))
	}
}

// PDF keeps no structure, so its clauses are scored like any reading: pages
// instead of lines.
func TestPDFGivesTheClausesOfItsText(t *testing.T) {
	var all tally
	cache := t.TempDir()
	for i, p := range corpus(t, "corpus") {
		name := filepath.Base(p[1])
		if name[:2] == "sl" {
			continue // the core fonts that this test writes with lack č
		}
		if i%3 != 0 && testing.Short() {
			t.Logf("SKIPPED %s: -short sets and reads every third document as PDF", name)
			continue
		}
		r, err := Read(t.Context(), "a.pdf", asPDF(t, sourceBlocks(t, p[1])), Options{CacheDir: cache})
		if err != nil {
			t.Fatal(err)
		}
		one, _ := score(readLabels(t, p[0]), r.Clauses, true)
		t.Logf("%-20s %s", name, one)
		all.add(one)
	}
	t.Logf("%-20s %s", "all", all)
	holds(t, "PDF", all.figures(), [5]float64{0.97, 0.96, 0.9, 0.9, 0.95})
}

// The published policies reach the aims in every format.
func TestPublishedPoliciesInEveryFormat(t *testing.T) {
	shared := sharedDir(t)
	cache := t.TempDir()
	totals := map[string]*tally{}
	for i, s := range seeds {
		labels := readLabels(t, filepath.Join(shared, "seeds-gold", s[0]))
		blocks := sourceBlocks(t, filepath.Join(shared, "seeds", s[1]))
		files := map[string][]byte{"a.docx": asWord(t, blocks), "a.odt": asODT(t, blocks), "a.html": asHTML(blocks)}
		if !testing.Short() || i == len(seeds)-1 {
			files["a.pdf"] = asPDF(t, blocks)
		} else {
			t.Logf("SKIPPED %s as PDF: -short sets and reads only the last one", s[1])
		}
		for name, data := range files {
			r, err := Read(t.Context(), name, data, Options{CacheDir: cache})
			if err != nil {
				t.Fatalf("%s as %s: %v", s[1], name, err)
			}
			one, _ := score(labels, r.Clauses, true)
			if totals[name] == nil {
				totals[name] = &tally{}
			}
			totals[name].add(one)
			t.Logf("%-8s %-22s %s", name, s[1], one)
		}
	}
	for name, all := range totals {
		t.Logf("%-8s %-22s %s", name, "all", all)
		holds(t, "published policies as "+name, all.figures(), [5]float64{0.97, 0.95, 0.88, 0.92, 1})
	}
}
