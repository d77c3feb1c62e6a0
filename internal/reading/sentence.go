package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a sentence's place in a text, in bytes.
type span struct{ start, end int }

// sentences splits text after full stops, question and exclamation marks that
// end a sentence. Abbreviations come from the lexicon; ordinals before lower-case
// words or months, decimals, initials and dots inside brackets do not split.
func (lx *lexicon) sentences(text string) []span {
	var out []span
	start, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '(', '[':
			depth++
		case ')', ']':
			depth = max(0, depth-1)
		case '.', '!', '?':
			end := closing(text, i+1)
			if !lx.endsAt(text, start, i, end, depth) {
				continue
			}
			out = append(out, span{start, end})
			start, depth, i = skipBlank(text, end), 0, end-1
		}
	}
	if start < len(text) {
		out = append(out, span{start, len(text)})
	}
	return out
}

// closing returns the offset behind quotation marks, brackets and further full
// stops that close what ends at i.
func closing(text string, i int) int {
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !strings.ContainsRune("\"”“'’»«)].!?…", r) {
			break
		}
		i += n
	}
	return i
}

func skipBlank(text string, i int) int {
	for i < len(text) && text[i] == ' ' {
		i++
	}
	return i
}

// endsAt decides whether the mark at i ends the sentence that began at start;
// what closes it ends at end.
func (lx *lexicon) endsAt(text string, start, i, end, depth int) bool {
	if end >= len(text) || text[end] != ' ' || end-start < 3 {
		return false
	}
	next := firstRune(text[skipBlank(text, end):])
	if isLower(next) || strings.ContainsRune(",;:)|–", next) {
		return false
	}
	if text[i] != '.' {
		return depth == 0 || isUpper(next)
	}
	if depth > 0 && !strings.ContainsAny(text[i:end], ")]") {
		return false
	}
	if strings.HasPrefix(text[i:], "...") && !isUpper(next) {
		return false
	}
	return !lx.abbreviation(text[start:i], text[skipBlank(text, end):])
}

// abbreviation tells whether the full stop behind before belongs to its last
// word rather than to the sentence that after would begin.
func (lx *lexicon) abbreviation(before, after string) bool {
	cut := strings.LastIndexAny(before, " (/\"„“»[")
	word := strings.ToLower(strings.TrimLeft(before[cut+1:], "("))
	next, _, _ := strings.Cut(after, " ")
	if word == "" {
		return false
	}
	if isNumber(word) {
		return lx.ordinal(before[:cut+1], word, next)
	}
	if utf8.RuneCountInString(word) == 1 && unicode.IsLetter(firstRune(word)) {
		// "z. B.", "t. i.", an initial; but "Plan B." or "level A." may end a sentence.
		return !isUpper(firstRune(before[cut+1:])) || lx.words["abbreviations"][word] && !lx.words["stop"][strings.ToLower(next)]
	}
	if strings.Contains(word, ".") {
		// "e.g", "d.o.o", "8.2.1" as a reference before a new sentence
		if isNumber(strings.ReplaceAll(word, ".", "")) {
			return false
		}
		if strings.ContainsAny(word, ")]@") || !shortPieces(word) {
			return false
		}
		return !lx.words["stop"][strings.ToLower(next)] || lx.words["abbreviations"][word] && !endsLegalForm(word)
	}
	if !lx.words["abbreviations"][word] {
		return false
	}
	// "etc. The ..." ends a sentence, "Art. 33" and "ca. 30" do not.
	switch word {
	case "etc", "usw", "itd", "ipd", "inc", "ltd", "co", "corp", "gmbh":
		return !isUpper(firstRune(next))
	}
	return true
}

// shortPieces tells whether a word with dots consists of a letter or two each
// time, as abbreviations do and addresses of sites do not.
func shortPieces(word string) bool {
	for _, p := range strings.Split(word, ".") {
		if utf8.RuneCountInString(p) > 2 {
			return false
		}
	}
	return true
}

// endsLegalForm knows company forms written with dots that often end a sentence.
func endsLegalForm(word string) bool {
	return word == "d.o.o" || word == "d.d" || word == "e.v" || word == "s.p"
}

// ordinal tells whether a number before a full stop is an ordinal: German and
// Slovenian write "6. September", "5. člen", "1. stopnje".
func (lx *lexicon) ordinal(before, word, next string) bool {
	low := strings.ToLower(strings.Trim(next, ".,;:)"))
	words := strings.Fields(strings.ToLower(before))
	switch {
	case len(words) == 0, lx.words["before ordinals"][words[len(words)-1]]:
		return true
	case lx.words["months"][low] || isNumber(low):
		return true
	case len(word) > 2:
		return false
	}
	return lx.language != "en" && !lx.words["stop"][low] && isLower(firstRune(next))
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
