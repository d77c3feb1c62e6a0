package catalogue

import (
	"math"
	"sort"

	"holdfast/internal/isms"
)

// bm25 ranks the controls' own texts against the words of a clause (Robertson's
// Okapi BM25). It catches what the lexicon does not name.
type bm25 struct {
	postings map[string][]posting
	idf      map[string]float64
}

// posting is how much a term weighs in one control, length already taken into account.
type posting struct {
	control int
	by      float64
}

// The usual constants, and how much more a title says than the rest.
const (
	bm25K     = 1.2
	bm25B     = 0.75
	titleTwin = 3
)

func newBM25(controls []Control, l isms.Language) *bm25 {
	counts := make([]map[string]float64, len(controls))
	lengths := make([]float64, len(controls))
	total := 0.0
	documents := map[string]int{}
	for i := range controls {
		counts[i] = map[string]float64{}
		add := func(text string, times float64) {
			for _, t := range terms(words(text), l) {
				counts[i][t.stem] += times
				lengths[i] += times
			}
		}
		add(controls[i].Title.In(l), titleTwin)
		add(controls[i].Purpose.In(l), 1)
		for _, p := range controls[i].Proofs {
			add(p.Title.In(l), 0.5)
		}
		total += lengths[i]
		for t := range counts[i] {
			documents[t]++
		}
	}
	r := &bm25{postings: map[string][]posting{}, idf: map[string]float64{}}
	n, mean := float64(len(controls)), total/math.Max(1, float64(len(controls)))
	for t, d := range documents {
		r.idf[t] = math.Log(1 + (n-float64(d)+0.5)/(float64(d)+0.5))
	}
	for i := range controls {
		for t, f := range counts[i] {
			by := f * (bm25K + 1) / (f + bm25K*(1-bm25B+bm25B*lengths[i]/mean))
			r.postings[t] = append(r.postings[t], posting{i, by * r.idf[t]})
		}
	}
	return r
}

// ranked is what the texts say for one control, and the two words that say most.
type ranked struct {
	score float64
	words []string
}

// rank returns the score of every control whose text shares a term with the clause.
func (r *bm25) rank(ts []term) map[int]*ranked {
	type share struct {
		by  float64
		raw string
	}
	shares := map[int][]share{}
	seen := map[string]bool{}
	for _, t := range ts {
		if seen[t.stem] {
			continue
		}
		seen[t.stem] = true
		for _, p := range r.postings[t.stem] {
			shares[p.control] = append(shares[p.control], share{p.by, t.raw})
		}
	}
	out := make(map[int]*ranked, len(shares))
	for control, list := range shares {
		sort.SliceStable(list, func(i, j int) bool { return list[i].by > list[j].by })
		s := &ranked{}
		for i, x := range list {
			s.score += x.by
			if i < 2 {
				s.words = append(s.words, x.raw)
			}
		}
		out[control] = s
	}
	return out
}

// term is a word that carries meaning, as it stands and as it is compared.
type term struct{ raw, stem string }

// terms leaves out words that carry none.
func terms(ws []word, l isms.Language) []term {
	stop := stopWords[isms.English]
	if s, ok := stopWords[l]; ok {
		stop = s
	}
	out := make([]term, 0, len(ws))
	for _, w := range ws {
		if len(w.folded) > 1 && !stop[w.folded] {
			out = append(out, term{w.raw, stem(w.folded)})
		}
	}
	return out
}
