package page

import (
	"strings"
	"unicode/utf8"

	"holdfast/internal/isms"
)

func firstLetter(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if r == utf8.RuneError {
		return "?"
	}
	return strings.ToUpper(string(r))
}

func languageCode(l isms.Language) string { return strings.ToUpper(string(l)) }

func buttonClass(a Action) string {
	switch {
	case a.Main:
		return "btn is-solid"
	case a.Quiet:
		return "btn is-quiet"
	}
	return "btn"
}
