package reading

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"holdfast/internal/isms"
)

//go:embed lexicon/*.txt
var lexiconFiles embed.FS

// lexicon is everything that the reader knows about one language.
type lexicon struct {
	*matcher
	language isms.Language
	words    map[string]map[string]bool // plain word lists by section
}

// lexicons are loaded once; they are constant data.
var lexicons = sync.OnceValues(loadLexicons)

// foreign holds stop words of languages that the reader recognises only to
// refuse them.
type vocabulary struct {
	lex     map[isms.Language]*lexicon
	stop    map[isms.Language]map[string]bool
	foreign map[string]map[string]bool
}

// wordSections are lists of plain words, not patterns.
var wordSections = map[string]bool{"stop": true, "abbreviations": true, "units": true, "numbers": true, "months": true,
	"joints": true, "subordinate": true, "triggers": true, "before ordinals": true, "acts": true, "no acts": true, "act endings": true}

func loadLexicons() (*vocabulary, error) {
	v := &vocabulary{
		lex:     map[isms.Language]*lexicon{},
		stop:    map[isms.Language]map[string]bool{},
		foreign: map[string]map[string]bool{},
	}
	var english []*pattern
	for _, l := range []isms.Language{isms.English, isms.German, isms.Slovenian} {
		lx, ps, err := loadLexicon(l, english)
		if err != nil {
			return nil, err
		}
		if l == isms.English {
			// German and Slovenian policies use English terms; themes carry over.
			for _, p := range ps {
				if strings.HasPrefix(p.section, "theme ") {
					english = append(english, p)
				}
			}
		}
		v.lex[l], v.stop[l] = lx, lx.words["stop"]
	}
	b, err := lexiconFiles.ReadFile("lexicon/foreign.txt")
	if err != nil {
		return nil, fmt.Errorf("read foreign stop words: %w", err)
	}
	err = sections(string(b), func(section, line string) error {
		if v.foreign[section] == nil {
			v.foreign[section] = map[string]bool{}
		}
		for _, w := range strings.Fields(line) {
			v.foreign[section][w] = true
		}
		return nil
	})
	return v, err
}

// sections calls f for every line of a lexicon file with the section it stands in.
func sections(text string, f func(section, line string) error) error {
	section := ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, ";"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[] ")
		default:
			if err := f(section, line); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
		}
	}
	return nil
}

func loadLexicon(l isms.Language, extra []*pattern) (*lexicon, []*pattern, error) {
	lx := &lexicon{language: l, words: map[string]map[string]bool{}}
	units, numbers := map[string]string{}, map[string]int{}
	var ps []*pattern
	take := func(section, line string) error {
		if wordSections[section] {
			return lx.takeWords(section, line, units, numbers)
		}
		p, err := parseLine(section, line)
		ps = append(ps, p)
		return err
	}
	for _, name := range []string{string(l), string(l) + "-themes"} {
		b, err := lexiconFiles.ReadFile("lexicon/" + name + ".txt")
		if err != nil {
			return nil, nil, fmt.Errorf("read lexicon %s: %w", name, err)
		}
		if err := sections(string(b), take); err != nil {
			return nil, nil, fmt.Errorf("lexicon %s: %w", name, err)
		}
	}
	for _, p := range ps {
		p.language = l
	}
	lx.matcher = newMatcher(append(ps[:len(ps):len(ps)], extra...), units, numbers)
	return lx, ps, nil
}

// takeWords reads a line of a word list. Units are "D day days", numbers "2 two twice".
func (lx *lexicon) takeWords(section, line string, units map[string]string, numbers map[string]int) error {
	if lx.words[section] == nil {
		lx.words[section] = map[string]bool{}
	}
	f := strings.Fields(line)
	switch section {
	case "units":
		for _, w := range f[1:] {
			units[w] = f[0]
		}
	case "numbers":
		n, err := strconv.Atoi(f[0])
		if err != nil {
			return fmt.Errorf("number words: %w", err)
		}
		for _, w := range f[1:] {
			numbers[w] = n
		}
	default:
		for _, w := range f {
			lx.words[section][w] = true
		}
	}
	return nil
}

// parseLine reads a pattern with the weight or period that its section asks for.
func parseLine(section, line string) (*pattern, error) {
	first, rest, _ := strings.Cut(line, " ")
	weight, period := 1.0, ""
	switch {
	case strings.HasPrefix(section, "theme "):
		if w, err := strconv.ParseFloat(first, 64); err == nil {
			weight, line = w, rest
		}
	case strings.HasPrefix(section, "period "):
		period, line = first, rest
		if period != "=" && period != "/" {
			if _, err := isms.ParsePeriod(period); err != nil {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
		}
	}
	p, err := parsePattern(section, line)
	if err != nil {
		return nil, err
	}
	p.weight, p.period = weight, period
	return p, nil
}
