package lang

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/isms"
)

//go:embed messages/*.json
var files embed.FS

// table holds every message of the interface, compiled on first use. The files
// are part of the binary and read by a test, so a mistake in them cannot reach
// anybody; it panics at the first page rather than showing half a sentence.
var table = sync.OnceValue(func() map[string]message {
	all, _, err := load()
	return isms.Must(all, err)
})

// message is one thing that the interface says, in all its languages.
type message struct {
	in map[isms.Language]words
}

// words are one message in one language: by plural form, or one text for all.
type words struct {
	plain  text
	plural map[Form]text
}

// text is a compiled sentence: literal parts and placeholders in turn.
type text []part

// part is a literal, or the placeholder called name.
type part struct {
	literal string
	name    string
	style   string // "", "words" or "Words": small numbers written out
}

// load reads and compiles the message files. A key should stand in one file only;
// those that stand in two are returned as well, and the first one counts.
func load() (all map[string]message, twice []string, err error) {
	entries, err := files.ReadDir("messages")
	if err != nil {
		return nil, nil, fmt.Errorf("read messages: %w", err)
	}
	all = make(map[string]message)
	for _, e := range entries {
		raw, err := files.ReadFile("messages/" + e.Name())
		if err != nil {
			return nil, nil, fmt.Errorf("read messages: %w", err)
		}
		more, err := compileFile(all, raw)
		if err != nil {
			return nil, nil, fmt.Errorf("messages/%s: %w", e.Name(), err)
		}
		twice = append(twice, more...)
	}
	return all, twice, nil
}

// compileFile adds the messages of one file: {"key": {"en": "…", "de": {"one": "…"}}}.
func compileFile(all map[string]message, raw []byte) (twice []string, err error) {
	var keys map[string]map[isms.Language]jsontext.Value
	if err := json.Unmarshal(raw, &keys); err != nil { // also refuses a key that stands twice in it
		return nil, err
	}
	for key, byLanguage := range keys {
		if _, ok := all[key]; ok {
			twice = append(twice, key)
			continue
		}
		m := message{in: make(map[isms.Language]words, len(Languages))}
		for l, v := range byLanguage {
			w, err := compileWords(v)
			if err != nil {
				return nil, fmt.Errorf("%s in %s: %w", key, l, err)
			}
			m.in[l] = w
		}
		all[key] = m
	}
	return twice, nil
}

func compileWords(v jsontext.Value) (words, error) {
	if v.Kind() == '"' {
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			return words{}, err
		}
		t, err := compile(s)
		return words{plain: t}, err
	}
	var forms map[Form]string
	if err := json.Unmarshal(v, &forms); err != nil {
		return words{}, err
	}
	w := words{plural: make(map[Form]text, len(forms))}
	for f, s := range forms {
		t, err := compile(s)
		if err != nil {
			return words{}, err
		}
		w.plural[f] = t
	}
	return w, nil
}

// compile reads "{name}" and "{name:style}" placeholders.
func compile(s string) (text, error) {
	var t text
	for s != "" {
		i := strings.IndexByte(s, '{')
		if i < 0 {
			return append(t, part{literal: s}), nil
		}
		if i > 0 {
			t = append(t, part{literal: s[:i]})
		}
		j := strings.IndexByte(s[i:], '}')
		if j < 0 {
			return nil, errors.New("a { without its }")
		}
		name, style, _ := strings.Cut(s[i+1:i+j], ":")
		if name == "" || strings.ContainsAny(name, " {") {
			return nil, fmt.Errorf("not a placeholder: {%s}", name)
		}
		if style != "" && style != "words" && style != "Words" {
			return nil, fmt.Errorf("unknown style %q", style)
		}
		t = append(t, part{name: name, style: style})
		s = s[i+j+1:]
	}
	return t, nil
}

// say fills the placeholders. One that was not given stays visible.
func (w words) say(p *Printer, kv []any) string {
	t := w.plain
	if w.plural != nil {
		n, _ := lookup(kv, "n").(int)
		t = w.plural[FormOf(p.lang, n)]
	}
	if len(t) == 1 && t[0].name == "" {
		return t[0].literal
	}
	var b strings.Builder
	for _, part := range t {
		if part.name == "" {
			b.WriteString(part.literal)
			continue
		}
		switch v := lookup(kv, part.name).(type) {
		case nil:
			b.WriteString("{" + part.name + "}")
		case string:
			b.WriteString(v)
		case int:
			b.WriteString(p.numberIn(v, part.style))
		default:
			fmt.Fprint(&b, v)
		}
	}
	return b.String()
}

// placeholders lists the names that a message uses in one language, sorted.
func (w words) placeholders() []string {
	seen := make(map[string]bool)
	texts := append(slices.Collect(maps.Values(w.plural)), w.plain)
	for _, t := range texts {
		for _, part := range t {
			if part.name != "" {
				seen[part.name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func lookup(kv []any, name string) any {
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == name {
			return kv[i+1]
		}
	}
	return nil
}

func paramsOf(err error) map[string]string {
	var e *isms.Error
	if errors.As(err, &e) {
		return e.Params
	}
	return nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
