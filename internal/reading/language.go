package reading

import (
	"strings"

	"holdfast/internal/isms"
)

// detect tells the language of a text by its stop words and letters: one of the
// three that are read, or Unknown if another fits better or too little is said.
func (v *vocabulary) detect(text string) isms.Language {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r < 0x41 || r == '|' || strings.ContainsRune("„“”»«–—•", r)
	})
	if len(words) > 20000 {
		words = words[:20000]
	}
	score := map[isms.Language]int{}
	other := map[string]int{}
	for _, w := range words {
		for l, stop := range v.stop {
			if stop[w] {
				score[l]++
			}
		}
		for l, stop := range v.foreign {
			if stop[w] {
				other[l]++
			}
		}
	}
	best, most := isms.Unknown, 0
	for _, l := range []isms.Language{isms.English, isms.German, isms.Slovenian} {
		if score[l] > most {
			best, most = l, score[l]
		}
	}
	for _, n := range other {
		if n > most {
			return isms.Unknown
		}
	}
	// Running text consists of stop words to a third; a list of nouns to less.
	if most < 2 || most*20 < len(words) {
		return isms.Unknown
	}
	return best
}

// clauseLanguage returns the lexicon for one clause of a document in l: another
// language's only if the clause speaks it beyond doubt.
func (v *vocabulary) clauseLanguage(l isms.Language, ts []token) *lexicon {
	if len(ts) < 6 {
		return v.lex[l]
	}
	score := map[isms.Language]int{}
	for _, t := range ts {
		for k, stop := range v.stop {
			if stop[t.word] {
				score[k]++
			}
		}
	}
	for _, k := range []isms.Language{isms.English, isms.German, isms.Slovenian} {
		if k != l && score[k] >= 3 && score[k] >= 4*max(score[l], 1)-1 {
			return v.lex[k]
		}
	}
	return v.lex[l]
}
