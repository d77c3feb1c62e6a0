package catalogue

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The catalogue's files are plain text, made to be read and reviewed line by line:
//
//	== access-recertification 1
//	themes: access-identity
//	tags: organisational operations protect
//	en: Title | Purpose.
//	de: Title | Purpose.
//	sl: Title | Purpose.
//	refs: iso27001 A.5.18; csf2 PR.AA-05; gdpr 32; nis2 21(2)(i)
//	param: period period P6M°
//	duty: review P6M° [reviewed] | title en | title de | title sl
//	check: leavers directory.leavers P1D° supporting | en | de | sl
//	rule: complete access.reviewed P1D | en | de | sl
//
// A line that begins with # is a remark. ° after a figure says that it is ours.
// A proof is required unless it says supporting; [a b] are the parts it covers.

var (
	slug   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	engine = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)+$`)
)

// parseControls reads one file of the catalogue. An error names the line.
func parseControls(text string) ([]Control, error) {
	var out []Control
	own := OwnProbes()
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var err error
		if head, ok := strings.CutPrefix(line, "== "); ok {
			var c Control
			c, err = parseHead(head)
			out = append(out, c)
		} else if len(out) == 0 {
			err = fmt.Errorf("%q stands before the first control", line)
		} else {
			err = parseLine(&out[len(out)-1], line, own)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return out, nil
}

func parseHead(head string) (Control, error) {
	f := strings.Fields(head)
	if len(f) != 2 || !slug.MatchString(f[0]) {
		return Control{}, fmt.Errorf("a control begins with \"== slug version\", not %q", head)
	}
	v, err := strconv.Atoi(f[1])
	if err != nil || v < 1 {
		return Control{}, fmt.Errorf("version %q is no number from 1", f[1])
	}
	return Control{ID: f[0], Version: v, References: emptyReferences()}, nil
}

func emptyReferences() References {
	var r References
	for _, f := range Frameworks {
		*r.list(f) = []string{}
	}
	return r
}

func parseLine(c *Control, line string, own Engines) error {
	key, rest, ok := strings.Cut(line, ":")
	if !ok {
		return fmt.Errorf("%q has no colon", line)
	}
	rest = strings.TrimSpace(rest)
	switch key {
	case "themes":
		c.Themes = strings.Fields(rest)
	case "tags":
		f := strings.Fields(rest)
		if len(f) < 3 {
			return fmt.Errorf("tags are set, field and aims, not %q", rest)
		}
		c.Set, c.Field, c.Aims = f[0], f[1], f[2:]
	case "en":
		return parseWords(rest, &c.Title.EN, &c.Purpose.EN)
	case "de":
		return parseWords(rest, &c.Title.DE, &c.Purpose.DE)
	case "sl":
		return parseWords(rest, &c.Title.SL, &c.Purpose.SL)
	case "refs":
		return parseReferences(&c.References, rest)
	case "param":
		return parseParameter(c, rest)
	case string(Check), string(Duty), string(Rule):
		p, err := parseProof(Kind(key), rest)
		if err != nil {
			return err
		}
		if p.Kind != Duty && !Available(p, own) {
			p.Engine = Later
		}
		c.Proofs = append(c.Proofs, p)
	default:
		return fmt.Errorf("%q is no key of a control", key)
	}
	return nil
}

func parseWords(s string, title, purpose *string) error {
	t, p, ok := strings.Cut(s, "|")
	if *title != "" {
		return fmt.Errorf("title %q: the language stands twice", *title)
	}
	*title, *purpose = strings.TrimSpace(t), strings.TrimSpace(p)
	if !ok || *title == "" || *purpose == "" {
		return fmt.Errorf("%q is no \"title | purpose\"", s)
	}
	return nil
}

// parseReferences reads "framework id id; framework id". Articles of the GDPR and
// of NIS2 are written short (33, 21(2)(b)) and kept as the lists name them.
func parseReferences(r *References, s string) error {
	for _, group := range strings.Split(s, ";") {
		f := strings.Fields(group)
		if len(f) < 2 {
			return fmt.Errorf("%q is no \"framework identifier ...\"", group)
		}
		into := r.list(f[0])
		if into == nil {
			return fmt.Errorf("framework %q is not known", f[0])
		}
		for _, id := range f[1:] {
			switch f[0] {
			case "gdpr":
				id = "GDPR Art. " + id
			case "nis2":
				id = "NIS2 Art. " + id
			}
			*into = append(*into, id)
		}
	}
	return nil
}

func parseParameter(c *Control, s string) error {
	f := strings.Fields(s)
	if len(f) != 3 {
		return fmt.Errorf("a parameter is \"name kind value\", not %q", s)
	}
	v, ours := strings.CutSuffix(f[2], "°")
	c.Parameters = append(c.Parameters, Parameter{Name: f[0], Kind: ParameterKind(f[1]), Default: v, Ours: ours})
	return nil
}

func parseProof(kind Kind, s string) (Proof, error) {
	p := Proof{Kind: kind, Required: true}
	fields := strings.Split(s, "|")
	if len(fields) != 4 {
		return p, fmt.Errorf("a proof has three titles, not %d: %q", len(fields)-1, s)
	}
	p.Title = Words{EN: strings.TrimSpace(fields[1]), DE: strings.TrimSpace(fields[2]), SL: strings.TrimSpace(fields[3])}
	head, parts, ok := strings.Cut(fields[0], "[")
	if ok {
		inner, rest, closed := strings.Cut(parts, "]")
		if !closed || strings.TrimSpace(rest) != "" {
			return p, fmt.Errorf("the parts of %q are not closed at its end", fields[0])
		}
		p.Parts = strings.Fields(inner)
	}
	f := strings.Fields(head)
	if n := len(f); n > 0 && f[n-1] == "supporting" {
		p.Required, f = false, f[:n-1]
	}
	want := 3
	if kind == Duty {
		want = 2
	}
	if len(f) != want {
		return p, fmt.Errorf("a %s begins with %d words, not %q", kind, want, head)
	}
	p.Key = f[0]
	switch kind {
	case Check:
		p.Probe = f[1]
	case Rule:
		p.Rule = f[1]
	}
	p.Cadence, p.Ours = strings.CutSuffix(f[want-1], "°")
	return p, nil
}
