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
	// Running text consists of stop words to a third; a list of bare nouns hardly.
	if most < 2 || most*20 < len(words) {
		return v.byWords(text)
	}
	return best
}

// byWords tells the language of a few words, or of a list of nouns, by how many
// of them the lexicons know; it wants a clear lead.
func (v *vocabulary) byWords(text string) isms.Language {
	ts := tokens(text)
	if len(ts) > 2000 {
		ts = ts[:2000]
	}
	best, most, second := isms.Unknown, 0, 0
	for _, l := range []isms.Language{isms.English, isms.German, isms.Slovenian} {
		known := map[string]bool{}
		for _, h := range v.lex[l].scanner().find(ts) {
			if h.language == l && h.start < len(ts) {
				known[ts[h.start].word] = true
			}
		}
		for w := range v.stop[l] {
			for _, t := range ts {
				if t.word == w {
					known[w] = true
				}
			}
		}
		if n := len(known); n > most {
			best, most, second = l, n, most
		} else {
			second = max(second, n)
		}
	}
	if most < 2 || most*10 < second*13 || most*4 < min(len(ts), 40) {
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
