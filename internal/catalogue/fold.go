package catalogue

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// word is one word of a clause: as it stands there, and folded for comparing.
type word struct{ raw, folded string }

// words takes a text apart into words: letters and digits that stand together.
// Hyphens, slashes and dots part words, a soft hyphen does not.
func words(text string) []word {
	var out []word
	text = norm.NFC.String(strings.ReplaceAll(text, "\u00ad", ""))
	start := -1
	for i, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			out = append(out, word{text[start:i], fold(text[start:i])})
			start = -1
		}
	}
	if start >= 0 {
		out = append(out, word{text[start:], fold(text[start:])})
	}
	return out
}

// fold makes spellings comparable: lower case, no accents (č is c, ü is u, ß is ss).
func fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ß':
			b.WriteString("ss")
		case r == 'đ':
			b.WriteByte('d')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// stem cuts a folded word for ranking by text: seven letters carry the meaning of
// most English, German and Slovenian words and leave their endings behind.
func stem(folded string) string {
	n := 0
	for i := range folded {
		if n == 7 {
			return folded[:i]
		}
		n++
	}
	if n > 4 {
		return strings.TrimRight(folded, "aeious")
	}
	return folded
}
