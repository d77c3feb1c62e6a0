package catalogue

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"holdfast/internal/isms"
)

// lists says in which file the identifiers of a framework stand.
var lists = map[string]string{
	"iso27001": "ids/iso-27001-2022.txt",
	"iso27017": "ids/iso-27017-27018.txt",
	"iso27018": "ids/iso-27017-27018.txt",
	"csf2":     "ids/nist-csf-2.0.tsv",
	"sp800_53": "ids/nist-800-53-r5.tsv",
	"gspp":     "ids/bsi/grundschutz-pp.tsv",
	"soc2":     "ids/soc2-tsc-2017.txt",
	"gdpr":     "ids/gdpr-nis2.txt",
	"nis2":     "ids/gdpr-nis2.txt",
}

// Identifiers returns the identifiers of a framework that exist, in the order of its list.
func Identifiers(framework string) ([]string, error) { return identifiers(data, framework) }

func identifiers(fsys fs.FS, framework string) ([]string, error) {
	name, ok := lists[framework]
	if !ok {
		return nil, fmt.Errorf("framework %q is not known", framework)
	}
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read the identifiers of %s: %w", framework, err)
	}
	var out []string
	s := bufio.NewScanner(bytes.NewReader(b))
	for s.Scan() {
		id, _, _ := strings.Cut(s.Text(), "\t")
		if id == "" || strings.HasPrefix(id, "#") || !belongs(framework, id) {
			continue
		}
		out = append(out, id)
	}
	return out, s.Err()
}

// belongs parts the lists that two frameworks share.
func belongs(framework, id string) bool {
	cloud := strings.HasPrefix(id, "CLD.")
	switch framework {
	case "iso27017":
		return cloud
	case "iso27018":
		return !cloud
	case "gdpr":
		return strings.HasPrefix(id, "GDPR ")
	case "nis2":
		return strings.HasPrefix(id, "NIS2 ")
	}
	return true
}

// Fault is something wrong in the catalogue's data.
type Fault struct {
	Control string // id of the control
	What    string // one sentence for whoever edits the data
}

// String names control and fault.
func (f Fault) String() string { return f.Control + ": " + f.What }

// Check validates the catalogue: all languages there, words of the closed lists,
// references that exist and stand once, cadences and figures in ISO 8601, at least
// one proof that can be chosen today. It returns what is wrong, nothing if all is well.
func (c *Catalogue) Check() ([]Fault, error) {
	known := map[string]map[string]bool{}
	for _, f := range Frameworks {
		ids, err := Identifiers(f)
		if err != nil {
			return nil, err
		}
		known[f] = map[string]bool{}
		for _, id := range ids {
			known[f][id] = true
		}
	}
	var faults []Fault
	engines := OwnProbes()
	for i := range c.Controls {
		k := &c.Controls[i]
		say := func(format string, args ...any) {
			faults = append(faults, Fault{k.ID, fmt.Sprintf(format, args...)})
		}
		checkWords(k, say)
		checkTags(k, say)
		checkReferences(k, known, say)
		checkProofs(k, engines, say)
	}
	return faults, nil
}

func checkWords(k *Control, say func(string, ...any)) {
	whole := func(what string, w Words) {
		for _, l := range lexiconLanguages {
			if strings.TrimSpace(w.In(l)) == "" {
				say("%s has no words in %s", what, l)
			}
		}
		if w.EN == w.DE && w.EN == w.SL {
			say("%s %q reads the same in all languages", what, w.EN)
		}
	}
	whole("the title", k.Title)
	whole("the purpose", k.Purpose)
	for _, p := range k.Proofs {
		whole("proof "+p.Key, p.Title)
	}
	for _, l := range lexiconLanguages {
		if t := k.Purpose.In(l); !strings.HasSuffix(t, ".") {
			say("the purpose in %s does not end in a full stop", l)
		}
		if t := k.Title.In(l); strings.HasSuffix(t, ".") {
			say("the title in %s ends in a full stop", l)
		}
	}
}

func checkTags(k *Control, say func(string, ...any)) {
	if !slug.MatchString(k.ID) {
		say("the id is no slug")
	}
	if len(k.Themes) == 0 {
		say("it has no theme")
	}
	for _, t := range k.Themes {
		if !slices.Contains(Themes, t) {
			say("theme %q is not known", t)
		}
	}
	if !slices.Contains(Sets, k.Set) {
		say("set %q is not known", k.Set)
	}
	if !slices.Contains(Fields, k.Field) {
		say("field %q is not known", k.Field)
	}
	if len(k.Aims) == 0 {
		say("it has no aim")
	}
	for _, a := range k.Aims {
		if !slices.Contains(Aims, a) {
			say("aim %q is not known", a)
		}
	}
}

func checkReferences(k *Control, known map[string]map[string]bool, say func(string, ...any)) {
	if len(k.References.ISO27001) == 0 {
		say("it answers no identifier of ISO/IEC 27001")
	}
	for _, f := range Frameworks {
		seen := map[string]bool{}
		for _, id := range k.References.Of(f) {
			if !known[f][id] {
				say("%s has no identifier %q", f, id)
			}
			if seen[id] {
				say("%s %s stands twice", f, id)
			}
			seen[id] = true
		}
	}
}

func checkProofs(k *Control, engines Engines, say func(string, ...any)) {
	seen, available := map[string]bool{}, false
	for _, p := range k.Proofs {
		if seen[p.Key] || !slug.MatchString(p.Key) {
			say("proof key %q is no slug of its own", p.Key)
		}
		seen[p.Key] = true
		available = available || p.Required && Available(p, engines)
		if p.Cadence != OnEvent && p.Cadence != Continuous {
			if period, err := isms.ParsePeriod(p.Cadence); err != nil || period.IsZero() {
				say("proof %s: cadence %q is no period", p.Key, p.Cadence)
			}
		}
		if p.Kind == Duty && p.Cadence == Continuous {
			say("proof %s: nobody does a duty continuously", p.Key)
		}
		if name := p.Probe + p.Rule; p.Kind != Duty && !engine.MatchString(name) {
			say("proof %s: engine %q has not the form room.name", p.Key, name)
		}
		if later := p.Engine == Later; p.Kind != Duty && later == Available(p, engines) {
			say("proof %s: its mark %q does not fit the engines", p.Key, p.Engine)
		}
	}
	if len(k.Proofs) == 0 {
		say("it has no proof")
	} else if !available {
		say("it has no required proof that can be chosen today")
	}
	for _, p := range k.Parameters {
		if !slug.MatchString(p.Name) {
			say("parameter %q is no slug", p.Name)
		}
		switch p.Kind {
		case PeriodParameter, DeadlineParameter, RetentionParameter:
			if _, err := isms.ParsePeriod(p.Default); err != nil {
				say("parameter %s: %q is no period", p.Name, p.Default)
			}
		case ThresholdParameter:
			if p.Default == "" {
				say("parameter %s has no figure", p.Name)
			}
		default:
			say("parameter %s: kind %q is not known", p.Name, p.Kind)
		}
	}
}
