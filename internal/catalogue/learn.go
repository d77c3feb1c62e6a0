package catalogue

import (
	"math"
	"slices"

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
	clauses   []learned
	byTerm    map[string][]int // clauses that hold a term
	byConcept map[int][]int    // clauses that speak of a concept, the same in all languages
}

// learned is one confirmed clause, ready for comparing.
type learned struct {
	control  int
	text     string
	length   float64 // of its vector of weighted terms
	concepts int
}

// mostLearned is what the most alike confirmed clause gives, alikeAtLeast where likeness
// begins to count, byConcepts what likeness in concepts alone counts.
const (
	mostLearned  = 5.0
	alikeAtLeast = 0.3
	byConcepts   = 0.8
)

// Learn makes boosts from confirmed pairs on the embedded catalogue.
func Learn(pairs []Confirmed) *Boosts { return Standard().Learn(pairs) }

// Learn is the same on this catalogue. Pairs that name an unknown control teach nothing.
func (c *Catalogue) Learn(pairs []Confirmed) *Boosts {
	b := &Boosts{byTerm: map[string][]int{}, byConcept: map[int][]int{}}
	var vocabularies [][]string
	for _, p := range pairs {
		control, ok := c.byID[p.Control]
		if !ok {
			continue
		}
		ws, at := words(p.Text), len(b.clauses)
		vocabulary := stems(ws, p.Language)
		for _, t := range vocabulary {
			b.byTerm[t] = append(b.byTerm[t], at)
		}
		hits := c.lexicon.find(ws, p.Language, "")
		for _, h := range hits {
			b.byConcept[h.concept] = append(b.byConcept[h.concept], at)
		}
		b.clauses = append(b.clauses, learned{control: control, text: p.Text, concepts: len(hits)})
		vocabularies = append(vocabularies, vocabulary)
	}
	for i, vocabulary := range vocabularies {
		b.clauses[i].length = b.length(vocabulary)
	}
	return b
}

// tally adds what was learned: for each control the most alike confirmed clause.
func (b *Boosts) tally(c *Catalogue, ws []word, hits []hit, l isms.Language, at func(int) *tally) {
	if b == nil || len(b.clauses) == 0 {
		return
	}
	vocabulary := stems(ws, l)
	length := b.length(vocabulary)
	common := map[int]float64{} // by clause: sum over shared terms
	for _, t := range vocabulary {
		for _, i := range b.byTerm[t] {
			common[i] += b.weight(t) * b.weight(t)
		}
	}
	shared := map[int]int{} // by clause: concepts in common
	for _, h := range hits {
		for _, i := range b.byConcept[h.concept] {
			shared[i]++
		}
	}
	best := map[int]int{} // by control: its most alike clause
	alike := map[int]float64{}
	for i := range b.clauses {
		k, s := &b.clauses[i], 0.0
		if x := common[i]; x > 0 {
			s = x / (length * k.length)
		}
		if n := shared[i]; n > 0 {
			s = math.Max(s, byConcepts*float64(n)/float64(len(hits)+k.concepts-n))
		}
		if s >= alikeAtLeast && s > alike[k.control] {
			alike[k.control], best[k.control] = s, i
		}
	}
	for control, s := range alike {
		t := at(control)
		t.learned = mostLearned * s * s
		t.because = append(t.because, isms.Because("proposal.confirmed", "clause", b.clauses[best[control]].text))
	}
}

// weight says how much a term counts: rare ones more, terms never met most.
func (b *Boosts) weight(stem string) float64 {
	return math.Log(1 + float64(len(b.clauses))/float64(max(1, len(b.byTerm[stem]))))
}

func (b *Boosts) length(vocabulary []string) float64 {
	sum := 0.0
	for _, t := range vocabulary {
		sum += b.weight(t) * b.weight(t)
	}
	return math.Sqrt(sum)
}

// stems returns the different terms of a clause, sorted, so that sums of fractions
// have one order and equal input gives equal bits.
func stems(ws []word, l isms.Language) []string {
	var out []string
	for _, t := range terms(ws, l) {
		out = append(out, t.stem)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
