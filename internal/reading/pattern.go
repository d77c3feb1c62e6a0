package reading

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/internal/isms"
)

// A token is one word of a clause in lower case, with its place in the text.
type token struct {
	word       string
	start, end int  // byte offsets in the clause's text
	brk        bool // a comma, colon, dash or bracket stands before it
}

// tokens takes s apart into words of letters and digits. Hyphens and slashes
// separate, an apostrophe inside a word stays, and a trailing 's is dropped.
func tokens(s string) []token {
	var out []token
	brk, start := false, -1
	flush := func(end int) {
		if start < 0 {
			return
		}
		w := strings.ToLower(strings.ReplaceAll(s[start:end], "’", "'"))
		w = strings.TrimSuffix(w, "'s")
		w = strings.Trim(w, "'")
		if w != "" {
			out = append(out, token{word: w, start: start, end: end, brk: brk})
		}
		start, brk = -1, false
	}
	for i, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			if start < 0 {
				start = i
			}
		case (r == '\'' || r == '’') && start >= 0 && letterAt(s, i+utf8.RuneLen(r)):
		case (r == '.' || r == ',') && start >= 0 && digitAt(s, i-1) && digitAt(s, i+1):
			// a decimal point or a thousands separator stays inside the number
		default:
			flush(i)
			if strings.ContainsRune(",;:()–—|[]", r) {
				brk = true
			}
		}
	}
	flush(len(s))
	return out
}

func letterAt(s string, i int) bool {
	if i >= len(s) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(r)
}

func digitAt(s string, i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }

// elemKind says how one element of a pattern meets words.
type elemKind byte

const (
	elemWord   elemKind = iota // one of the alternatives
	elemNumber                 // <n>: digits or a number word
	elemUnit                   // <u>: a unit of time
	elemShort                  // ..: up to three words
	elemLong                   // ...: up to eight words
	elemStart                  // ^: nothing stands before
	elemEnd                    // $: nothing stands after
)

// wordAlt is one alternative of a word element: the text and where it may be open.
type wordAlt struct {
	text        string
	open, front bool // text*, *text
}

func (a wordAlt) meets(w string) bool {
	switch {
	case a.front && a.open:
		return strings.Contains(w, a.text)
	case a.open:
		return strings.HasPrefix(w, a.text)
	case a.front:
		return strings.HasSuffix(w, a.text)
	default:
		return w == a.text
	}
}

type elem struct {
	kind     elemKind
	alts     []wordAlt
	optional bool
}

func (e elem) meets(w string) bool {
	for _, a := range e.alts {
		if a.meets(w) {
			return true
		}
	}
	return false
}

// pattern is one line of a lexicon: a sequence of words with gaps, a weight or
// a period, and the section it stands in.
type pattern struct {
	section  string
	language isms.Language
	weight   float64
	period   string // for sections that name periods outright
	elems    []elem
	source   string
}

// hit is a pattern found in a clause; start and end count tokens, end exclusive.
type hit struct {
	*pattern
	start, end int
	n          int    // what <n> met, 0 if the pattern has none
	unit       string // what <u> met: Y, Q, M, W, D, H or MIN
}

// parsePattern reads the notation described in lexicon/README.md.
func parsePattern(section, line string) (*pattern, error) {
	p := &pattern{section: section, weight: 1, source: line}
	for _, f := range strings.Fields(strings.ToLower(line)) {
		e := elem{}
		switch f {
		case "..?", "...?":
			return nil, fmt.Errorf("pattern %q: a gap may always be empty", line)
		case "^":
			e.kind = elemStart
		case "$":
			e.kind = elemEnd
		case "..":
			e.kind = elemShort
		case "...":
			e.kind = elemLong
		case "<n>":
			e.kind = elemNumber
		case "<u>":
			e.kind = elemUnit
		default:
			f, e.optional = strings.CutSuffix(f, "?")
			for _, a := range strings.Split(f, "|") {
				w := wordAlt{}
				a, w.open = strings.CutSuffix(a, "*")
				a, w.front = strings.CutPrefix(a, "*")
				if w.text = a; a == "" && (!w.open || len(p.elems) == 0) {
					return nil, fmt.Errorf("pattern %q has an empty word", line)
				}
				e.alts = append(e.alts, w)
			}
		}
		p.elems = append(p.elems, e)
	}
	if len(p.elems) == 0 || p.elems[0].optional || p.elems[0].kind == elemShort || p.elems[0].kind == elemLong {
		return nil, fmt.Errorf("pattern %q must begin with something fixed", line)
	}
	return p, nil
}

// matcher finds all patterns of a lexicon in a clause.
type matcher struct {
	byStart map[string][]*pattern // first element is the word, or a prefix of it
	slow    []*pattern            // first element is open in front
	start   []*pattern            // begins with ^
	number  []*pattern            // begins with <n>
	units   map[string]string
	numbers map[string]int
}

func newMatcher(ps []*pattern, units map[string]string, numbers map[string]int) *matcher {
	m := &matcher{byStart: map[string][]*pattern{}, units: units, numbers: numbers}
	for _, p := range ps {
		switch e := p.elems[0]; {
		case e.kind == elemStart:
			m.start = append(m.start, p)
		case e.kind == elemNumber || e.kind == elemUnit:
			m.number = append(m.number, p)
		default:
			front := false
			for _, a := range e.alts {
				front = front || a.front
			}
			if front {
				m.slow = append(m.slow, p)
				continue
			}
			for _, a := range e.alts {
				m.byStart[a.text] = append(m.byStart[a.text], p)
			}
		}
	}
	return m
}

// scanner is a matcher with its memory of which patterns a word may begin; one
// scanner serves one reading and is not safe for several goroutines.
type scanner struct {
	*matcher
	seen map[string][]*pattern
}

func (m *matcher) scanner() *scanner { return &scanner{matcher: m, seen: map[string][]*pattern{}} }

func (s *scanner) candidates(w string) []*pattern {
	if c, ok := s.seen[w]; ok {
		return c
	}
	var c []*pattern
	had := map[*pattern]bool{}
	take := func(ps []*pattern) {
		for _, p := range ps {
			if !had[p] && p.elems[0].meets(w) {
				had[p] = true
				c = append(c, p)
			}
		}
	}
	for i := range w {
		if i > 0 {
			take(s.byStart[w[:i]])
		}
	}
	take(s.byStart[w])
	take(s.slow)
	s.seen[w] = c
	return c
}

// find returns all hits in ts, in order of their first word; of one pattern at
// one place only the shortest.
func (s *scanner) find(ts []token) []hit {
	var out []hit
	try := func(p *pattern, at int) {
		h := hit{pattern: p, start: at}
		if end, ok := s.match(p.elems, ts, at, &h, 0); ok {
			h.end = end
			out = append(out, h)
		}
	}
	for _, p := range s.start {
		try(p, 0)
	}
	for i, t := range ts {
		for _, p := range s.candidates(t.word) {
			try(p, i)
		}
		if _, ok := s.numberOf(t.word); ok {
			for _, p := range s.number {
				try(p, i)
			}
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return out[a].start < out[b].start })
	return out
}

// match tries elems at token i and returns the token after the last one met.
func (s *scanner) match(elems []elem, ts []token, i int, h *hit, depth int) (int, bool) {
	if len(elems) == 0 {
		return i, true
	}
	e, rest := elems[0], elems[1:]
	switch e.kind {
	case elemStart:
		if i != 0 {
			return 0, false
		}
		return s.match(rest, ts, i, h, depth)
	case elemEnd:
		if i != len(ts) {
			return 0, false
		}
		return s.match(rest, ts, i, h, depth)
	case elemShort, elemLong:
		most := 3
		if e.kind == elemLong {
			most = 8
		}
		for k := 0; k <= most && i+k <= len(ts); k++ {
			if end, ok := s.match(rest, ts, i+k, h, depth+1); ok {
				return end, true
			}
		}
		return 0, false
	}
	if i < len(ts) {
		if next, ok := s.meets(e, ts, i, h); ok {
			if end, ok := s.match(rest, ts, next, h, depth); ok {
				return end, true
			}
		}
	}
	if e.optional {
		return s.match(rest, ts, i, h, depth)
	}
	return 0, false
}

// meets tries one element at token i and returns the token after it.
func (s *scanner) meets(e elem, ts []token, i int, h *hit) (int, bool) {
	w := ts[i].word
	switch e.kind {
	case elemNumber:
		n, ok := s.numberOf(w)
		if !ok {
			return 0, false
		}
		h.n = n
		// "24 (twenty-four) hours" says its number twice.
		for i+1 < len(ts) && w[0] >= '0' && w[0] <= '9' {
			if _, ok := s.numbers[ts[i+1].word]; !ok {
				break
			}
			i++
		}
		return i + 1, true
	case elemUnit:
		u, ok := s.units[w]
		if !ok {
			return 0, false
		}
		h.unit = u
		return i + 1, true
	default:
		return i + 1, e.meets(w)
	}
}

// numberOf reads digits ("3", "3x", "3-mal" comes as "3") or a number word.
func (s *scanner) numberOf(w string) (int, bool) {
	if n, ok := s.numbers[w]; ok {
		return n, true
	}
	w = strings.TrimSuffix(strings.TrimSuffix(w, "x"), "×")
	if w == "" || len(w) > 6 || w[0] < '0' || w[0] > '9' {
		return 0, false
	}
	n, err := strconv.Atoi(w)
	return n, err == nil && n > 0
}
