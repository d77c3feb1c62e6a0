package catalogue

import (
	"math"
	"sort"

	"holdfast/internal/isms"
)

// Confirmed is a person's confirmation in an organisation: this clause is kept by
// this control. Controls of the organisation's own are left out by the caller.
type Confirmed struct {
	Text     string
	Language isms.Language
	Control  string // id in the catalogue
}

// Boosts is what an organisation's confirmations teach: clauses like one that was
// confirmed get its control sooner. It is a pure function of the confirmed pairs,
// belongs to one organisation and is safe for concurrent use.
type Boosts struct {
	clauses []learned
	idf     map[string]float64
}

// learned is one confirmed clause, ready for comparing.
type learned struct {
	control int
	text    string
	terms   map[string]bool
	hits    map[int]bool // concepts, the same in all languages
}

// mostLearned is what the most alike confirmed clause gives.
const mostLearned = 5.0

// Learn makes boosts from confirmed pairs on the embedded catalogue.
func Learn(pairs []Confirmed) *Boosts { return Standard().Learn(pairs) }

// Learn is the same on this catalogue. Pairs that name an unknown control teach nothing.
func (c *Catalogue) Learn(pairs []Confirmed) *Boosts {
	b := &Boosts{idf: map[string]float64{}}
	documents := map[string]int{}
	for _, p := range pairs {
		i, ok := c.byID[p.Control]
		if !ok {
			continue
		}
		ws := words(p.Text)
		l := learned{control: i, text: p.Text, terms: map[string]bool{}, hits: map[int]bool{}}
		for _, t := range terms(ws, p.Language) {
			l.terms[t.stem] = true
		}
		for t := range l.terms {
			documents[t]++
		}
		for _, h := range c.lexicon.find(ws, p.Language, "") {
			l.hits[h.concept] = true
		}
		b.clauses = append(b.clauses, l)
	}
	for t, n := range documents {
		b.idf[t] = math.Log(1 + float64(len(b.clauses))/float64(n))
	}
	return b
}

// tally adds what was learned: for each control the most alike confirmed clause.
func (b *Boosts) tally(c *Catalogue, ws []word, hits []hit, l isms.Language, at func(int) *tally) {
	if b == nil || len(b.clauses) == 0 {
		return
	}
	mine := map[string]bool{}
	for _, t := range terms(ws, l) {
		mine[t.stem] = true
	}
	said := map[int]bool{}
	for _, h := range hits {
		said[h.concept] = true
	}
	alike := map[int]float64{}
	text := map[int]string{}
	for _, k := range b.clauses {
		if s := math.Max(b.cosine(mine, k.terms), 0.8*overlap(said, k.hits)); s > alike[k.control] {
			alike[k.control], text[k.control] = s, k.text
		}
	}
	controls := make([]int, 0, len(alike))
	for control := range alike {
		controls = append(controls, control)
	}
	sort.Ints(controls)
	for _, control := range controls {
		if s := alike[control]; s >= 0.3 {
			t := at(control)
			t.learned = mostLearned * s * s
			t.because = append(t.because, isms.Because("proposal.confirmed", "clause", text[control]))
		}
	}
}

// cosine compares two sets of terms, rare ones counting more.
func (b *Boosts) cosine(x, y map[string]bool) float64 {
	weigh := func(t string) float64 {
		if w, ok := b.idf[t]; ok {
			return w
		}
		return math.Log(1 + float64(len(b.clauses)))
	}
	var both, xs, ys float64
	for _, t := range sorted(x) {
		w := weigh(t)
		xs += w * w
		if y[t] {
			both += w * w
		}
	}
	for _, t := range sorted(y) {
		w := weigh(t)
		ys += w * w
	}
	if xs == 0 || ys == 0 {
		return 0
	}
	return both / math.Sqrt(xs*ys)
}

// sorted keeps sums of fractions in one order, so that equal input gives equal bits.
func sorted(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for t := range m {
		out = append(out, t)
	}
	sort.Strings(out)
	return out
}

// overlap is the share of concepts that two clauses have in common.
func overlap(x, y map[int]bool) float64 {
	both := 0
	for k := range x {
		if y[k] {
			both++
		}
	}
	if all := len(x) + len(y) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}
