package catalogue

import (
	"sort"
	"strings"

	"holdfast/internal/isms"
)

// hit is a concept found in a clause, with the positions of the words that speak of it.
type hit struct {
	concept int
	words   []int   // ascending
	share   float64 // 1, less where another hit says the same more exactly or the word is borrowed
	themed  bool    // the clause's theme speaks with the words, so no longer phrase swallows it
}

// Words borrowed from English (backup, patch) are concepts in German and Slovenian
// texts too, but a stem may fit a native word by chance, so they count a little less.
const borrowed = 0.85

// A concept whose words all stand inside a longer phrase of another concept is
// probably only part of that phrase ("access" in "access card").
const subsumed = 0.45

// find returns the concepts that the words speak of, each once, by concept. The theme
// is the clause's, or empty.
func (lex *lexicon) find(ws []word, l isms.Language, theme string) []hit {
	best := map[int]hit{}
	for _, in := range readIn(l) {
		share := 1.0
		if in != l && l != isms.Unknown {
			share = borrowed
		}
		for i := range ws {
			for _, c := range lex.byStart[in][start(ws[i].folded)] {
				consider(best, c, ws, i, share, theme)
			}
			if len(ws[i].folded) == 1 {
				continue
			}
			for _, c := range lex.inside[in] {
				consider(best, c, ws, i, share, theme)
			}
		}
	}
	hits := make([]hit, 0, len(best))
	for _, h := range best {
		hits = append(hits, h)
	}
	sort.Slice(hits, func(i, j int) bool { return hits[i].concept < hits[j].concept })
	subsume(hits)
	return hits
}

// readIn lists the languages whose phrases are tried.
func readIn(l isms.Language) []isms.Language {
	switch l {
	case isms.English:
		return []isms.Language{isms.English}
	case isms.German, isms.Slovenian:
		return []isms.Language{l, isms.English}
	}
	return lexiconLanguages
}

// consider keeps a candidate if it fits with its first word at position at and says
// more than what was found of its concept before.
func consider(best map[int]hit, c candidate, ws []word, at int, share float64, theme string) {
	if c.phrase.theme != "" && c.phrase.theme != theme || !c.phrase.groups[0][0].fits(ws[at].folded) {
		return
	}
	used, ok := fitAt(c.phrase.groups[0], ws, at, nil)
	if !ok {
		return
	}
	for _, g := range c.phrase.groups[1:] {
		if used, ok = fitAnywhere(g, ws, used); !ok {
			return
		}
	}
	for _, g := range c.phrase.not {
		if _, found := fitAnywhere(g, ws, nil); found {
			return
		}
	}
	sort.Ints(used)
	old, seen := best[c.concept]
	if !seen || share > old.share || share == old.share && len(used) > len(old.words) {
		best[c.concept] = hit{c.concept, used, share, c.phrase.theme != ""}
	}
}

// fitAt tells whether the group's words follow one another from position at, with at
// most one other word between two of them.
func fitAt(group []pattern, ws []word, at int, used []int) ([]int, bool) {
	if !group[0].fits(ws[at].folded) {
		return used, false
	}
	used = append(used, at)
	for _, p := range group[1:] {
		switch {
		case at+1 < len(ws) && p.fits(ws[at+1].folded):
			at++
		case at+2 < len(ws) && p.fits(ws[at+2].folded):
			at += 2
		default:
			return used, false
		}
		used = append(used, at)
	}
	return used, true
}

func fitAnywhere(group []pattern, ws []word, used []int) ([]int, bool) {
	for i := range ws {
		if !group[0].fits(ws[i].folded) {
			continue
		}
		if now, ok := fitAt(group, ws, i, used); ok {
			return now, true
		}
	}
	return used, false
}

// subsume lowers hits whose words are a true part of another hit's words.
func subsume(hits []hit) {
	for i := range hits {
		for j := range hits {
			if i != j && !hits[i].themed && len(hits[i].words) < len(hits[j].words) && within(hits[i].words, hits[j].words) {
				hits[i].share *= subsumed
				break
			}
		}
	}
}

// within tells whether all of the ascending positions a are among b.
func within(a, b []int) bool {
	for _, x := range a {
		if i := sort.SearchInts(b, x); i == len(b) || b[i] != x {
			return false
		}
	}
	return true
}

// said returns the words of a hit as they stand in the clause.
func said(ws []word, positions []int) string {
	parts := make([]string, 0, len(positions))
	for i, p := range positions {
		if i > 0 && positions[i-1] == p {
			continue
		}
		parts = append(parts, ws[p].raw)
	}
	return strings.Join(parts, " ")
}
