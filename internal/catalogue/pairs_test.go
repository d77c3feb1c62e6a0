package catalogue

import (
	"os"
	"slices"
	"strings"
	"testing"

	"holdfast/internal/isms"
)

// pair is a hand-labelled sentence of our own: the controls that a competent person
// would accept, the best first.
type pair struct {
	query    Query
	controls []string
}

func pairs(t testing.TB, c *Catalogue) []pair {
	t.Helper()
	b, err := os.ReadFile("testdata/pairs.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []pair
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 || !slices.Contains(Themes, f[1]) {
			t.Fatalf("%q is no language, theme, controls, sentence", line)
		}
		p := pair{Query{Text: f[3], Language: isms.Language(f[0]), Theme: f[1]}, strings.Fields(f[2])}
		for _, id := range p.controls {
			if _, ok := c.Control(id); !ok {
				t.Fatalf("%q names control %s, which does not exist", line, id)
			}
		}
		out = append(out, p)
	}
	return out
}

// figures are shares of the pairs.
type figures struct{ n, first, three, none float64 }

func measure(t *testing.T, c *Catalogue, ps []pair, l isms.Language, themed bool) figures {
	t.Helper()
	var f figures
	for _, p := range ps {
		if p.query.Language != l {
			continue
		}
		if !themed {
			p.query.Theme = ""
		}
		f.n++
		got := c.Propose(p.query, nil)
		if len(got) == 0 {
			f.none++
			t.Logf("nothing: %s", p.query.Text)
			continue
		}
		ids := make([]string, 0, 3)
		for _, g := range got[:min(3, len(got))] {
			ids = append(ids, g.Control)
		}
		if slices.Contains(p.controls, ids[0]) {
			f.first++
		} else if themed {
			t.Logf("%s: want %v, got %v", p.query.Text, p.controls, ids)
		}
		if slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(p.controls, id) }) {
			f.three++
		}
	}
	f.first, f.three, f.none = f.first/f.n, f.three/f.n, f.none/f.n
	return f
}

func TestOwnSentencesFindTheirControls(t *testing.T) {
	c := loaded(t)
	ps := pairs(t, c)
	if len(ps) < 120 {
		t.Fatalf("only %d labelled pairs", len(ps))
	}
	for _, l := range lexiconLanguages {
		with, without := measure(t, c, ps, l, true), measure(t, c, ps, l, false)
		t.Logf("%s: %.0f pairs; with the theme first %.3f, three %.3f, none %.3f; without it first %.3f, three %.3f, none %.3f",
			l, with.n, with.first, with.three, with.none, without.first, without.three, without.none)
		if with.first < 0.80 || with.three < 0.90 || with.none > 0.03 {
			t.Errorf("%s: under first 0.80, three 0.90, none 0.03", l)
		}
		if without.three < 0.75 {
			t.Errorf("%s: without the theme under three 0.75", l)
		}
	}
}
