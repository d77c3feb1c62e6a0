package catalogue

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"holdfast/internal/isms"
)

// The lexicon's files are plain text:
//
//	= data-backup: backup-runs 4, backup-plan 2
//	en: backup; back up; restore point
//	de: *sicherungskopie; datensicher; backup
//	sl: varnostn kopij; varnostno kopir
//
// A concept names controls with a weight from 1 to 5 and, for each language, the
// phrases that speak of it, parted by semicolons. A word of a phrase is a stem: it
// fits every word that begins with it; words of at most three letters, and words that
// end in $, fit only whole; *stem fits anywhere inside a word, for compounds. Words of
// a phrase follow one another, at most one other word between. Groups joined by + all
// occur in the clause, in any order; a group that begins with ! must not occur; a group
// @theme asks for a clause of that theme, where plain words say enough ("@clock + drift").

// concept is one idea that promises speak of, in three languages.
type concept struct {
	id      string
	weights []weight
	phrases map[isms.Language][]phrase
}

// weight says how strongly a concept speaks for a control.
type weight struct {
	control int // index into Catalogue.Controls
	by      float64
}

// phrase is one way of saying a concept.
type phrase struct {
	groups [][]pattern // all must occur
	not    [][]pattern // none may occur
	theme  string      // the clause's theme must be this one; empty for any
}

// pattern fits words.
type pattern struct {
	stem   string
	whole  bool // fits the whole word only
	inside bool // fits anywhere in the word
}

func (p pattern) fits(folded string) bool {
	switch {
	case p.inside:
		return strings.Contains(folded, p.stem)
	case p.whole:
		return folded == p.stem
	}
	return strings.HasPrefix(folded, p.stem)
}

// lexicon is all concepts, with an index from the first word of a phrase.
type lexicon struct {
	concepts []concept
	byStart  map[isms.Language]map[string][]candidate // by the first two bytes of the first group's first stem
	inside   map[isms.Language][]candidate            // phrases that begin with *stem
}

// candidate is a phrase that may fit where its first word fits.
type candidate struct {
	concept int
	phrase  *phrase
}

var lexiconLanguages = []isms.Language{isms.English, isms.German, isms.Slovenian}

func loadLexicon(fsys fs.FS, controls map[string]int) (*lexicon, error) {
	lex := &lexicon{byStart: map[isms.Language]map[string][]candidate{}, inside: map[isms.Language][]candidate{}}
	files, err := fs.Glob(fsys, "lexicon/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list the lexicon's files: %w", err)
	}
	seen := map[string]bool{}
	for _, name := range files {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read the lexicon: %w", err)
		}
		cs, err := parseConcepts(string(b), controls)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		for _, c := range cs {
			if seen[c.id] {
				return nil, fmt.Errorf("%s: concept %s stands twice in the lexicon", path.Base(name), c.id)
			}
			seen[c.id] = true
		}
		lex.concepts = append(lex.concepts, cs...)
	}
	lex.index()
	return lex, nil
}

func (lex *lexicon) index() {
	for _, l := range lexiconLanguages {
		starts := map[string][]candidate{}
		for i := range lex.concepts {
			ps := lex.concepts[i].phrases[l]
			for j := range ps {
				first := ps[j].groups[0][0]
				c := candidate{i, &ps[j]}
				if first.inside {
					lex.inside[l] = append(lex.inside[l], c)
				} else {
					starts[start(first.stem)] = append(starts[start(first.stem)], c)
				}
			}
		}
		lex.byStart[l] = starts
	}
}

func start(stem string) string {
	if len(stem) < 2 {
		return stem
	}
	return stem[:2]
}

func parseConcepts(text string, controls map[string]int) ([]concept, error) {
	var out []concept
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var err error
		if head, ok := strings.CutPrefix(line, "= "); ok {
			var c concept
			c, err = parseConcept(head, controls)
			out = append(out, c)
		} else if len(out) == 0 {
			err = fmt.Errorf("%q stands before the first concept", line)
		} else {
			err = parsePhrases(&out[len(out)-1], line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	for _, c := range out {
		for _, l := range lexiconLanguages {
			if len(c.phrases[l]) == 0 {
				return nil, fmt.Errorf("concept %s has no words in %s", c.id, l)
			}
		}
	}
	return out, nil
}

func parseConcept(head string, controls map[string]int) (concept, error) {
	id, list, ok := strings.Cut(head, ":")
	c := concept{id: strings.TrimSpace(id), phrases: map[isms.Language][]phrase{}}
	if !ok || !slug.MatchString(c.id) {
		return c, fmt.Errorf("a concept begins with \"= slug: control weight, ...\", not %q", head)
	}
	for _, item := range strings.Split(list, ",") {
		f := strings.Fields(item)
		if len(f) != 2 {
			return c, fmt.Errorf("%q is no \"control weight\"", item)
		}
		i, ok := controls[f[0]]
		if !ok {
			return c, fmt.Errorf("concept %s names control %s, which does not exist", c.id, f[0])
		}
		by, err := strconv.ParseFloat(f[1], 64)
		if err != nil || by <= 0 || by > 5 {
			return c, fmt.Errorf("weight %q is no number over 0 up to 5", f[1])
		}
		c.weights = append(c.weights, weight{i, by})
	}
	return c, nil
}

func parsePhrases(c *concept, line string) error {
	key, rest, ok := strings.Cut(line, ":")
	l := isms.Language(strings.TrimSpace(key))
	if !ok || (l != isms.English && l != isms.German && l != isms.Slovenian) {
		return fmt.Errorf("%q does not begin with en:, de: or sl:", line)
	}
	if c.phrases[l] != nil {
		return fmt.Errorf("concept %s has %s twice", c.id, l)
	}
	for _, s := range strings.Split(rest, ";") {
		if strings.TrimSpace(s) == "" {
			continue
		}
		p, err := parsePhrase(s)
		if err != nil {
			return err
		}
		c.phrases[l] = append(c.phrases[l], p)
	}
	return nil
}

func parsePhrase(s string) (phrase, error) {
	var p phrase
	for _, g := range strings.Split(s, "+") {
		g = strings.TrimSpace(g)
		if theme, ok := strings.CutPrefix(g, "@"); ok {
			if !slices.Contains(Themes, theme) {
				return p, fmt.Errorf("phrase %q asks for theme %q, which is not known", s, theme)
			}
			p.theme = theme
			continue
		}
		g, not := strings.CutPrefix(g, "!")
		var group []pattern
		for _, f := range strings.FieldsFunc(g, func(r rune) bool { return r == ' ' || r == '-' || r == '/' || r == '.' }) {
			var w pattern
			f, w.inside = strings.CutPrefix(f, "*")
			f, w.whole = strings.CutSuffix(f, "$")
			w.stem = fold(f)
			if utf8.RuneCountInString(w.stem) <= 3 && !w.inside {
				w.whole = true
			}
			if w.stem == "" {
				return p, fmt.Errorf("phrase %q has an empty word", s)
			}
			group = append(group, w)
		}
		if len(group) == 0 {
			return p, fmt.Errorf("phrase %q has an empty group", s)
		}
		if not {
			p.not = append(p.not, group)
		} else {
			p.groups = append(p.groups, group)
		}
	}
	if len(p.groups) == 0 {
		return p, fmt.Errorf("phrase %q names no word that must occur", s)
	}
	return p, nil
}
