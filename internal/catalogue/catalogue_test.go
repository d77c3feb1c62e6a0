package catalogue

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// loaded returns the embedded catalogue or ends the test.
func loaded(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheCatalogueIsSound(t *testing.T) {
	c := loaded(t)
	faults, err := c.Check()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
	t.Logf("%d controls, %d concepts", len(c.Controls), len(c.lexicon.concepts))
}

// capability is a row of testdata/capabilities.tsv.
type capability struct {
	theme, name string
	promises    []string
	controls    []string
}

func capabilities(t *testing.T) []capability {
	t.Helper()
	b, err := os.ReadFile("testdata/capabilities.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []capability
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 {
			t.Fatalf("%q is no theme, capability, promises, controls", line)
		}
		out = append(out, capability{f[0], f[1], strings.Fields(f[2]), strings.Fields(f[3])})
	}
	return out
}

func TestEveryCapabilityHasControls(t *testing.T) {
	c := loaded(t)
	themes, rows := map[string]int{}, capabilities(t)
	for _, k := range rows {
		themes[k.theme]++
		home := false
		for _, id := range k.controls {
			control, ok := c.Control(id)
			if !ok {
				t.Errorf("%s: control %s does not exist", k.name, id)
				continue
			}
			home = home || slices.Contains(control.Themes, k.theme)
		}
		if !home {
			t.Errorf("%s: none of %v has the theme %s", k.name, k.controls, k.theme)
		}
	}
	if len(rows) < 72 {
		t.Errorf("only %d capabilities", len(rows))
	}
	for _, theme := range Themes {
		if themes[theme] == 0 {
			t.Errorf("no capability of theme %s", theme)
		}
		if _, ok := c.Control(homes[theme]); !ok {
			t.Errorf("theme %s has no control of its own", theme)
		}
	}
}

func TestEveryPromiseOfTheSpecificationHasAControl(t *testing.T) {
	f, err := os.Open(filepath.Join(sharedFolder(t), "spec", "clauses.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	c := loaded(t)
	covered := map[string][]string{}
	for _, k := range capabilities(t) {
		for _, p := range k.promises {
			covered[p] = append(covered[p], k.controls...)
		}
	}
	themes := map[string]bool{}
	for i := range c.Controls {
		for _, theme := range c.Controls[i].Themes {
			themes[theme] = true
		}
	}
	for _, row := range rows[1:] {
		if id := row[0]; len(covered[id]) == 0 {
			t.Errorf("promise %s of theme %s has no control", id, row[5])
		}
		if !themes[row[5]] {
			t.Errorf("promise %s: no control has the theme %s", row[0], row[5])
		}
	}
	t.Logf("%d promises are covered", len(rows)-1)
}

// sharedFolder finds the specification beside the project.
func sharedFolder(t *testing.T) string {
	t.Helper()
	if d := os.Getenv("HOLDFAST_SHARED"); d != "" {
		return d
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "shared", "spec", "clauses.csv")); err == nil {
			return filepath.Join(dir, "shared")
		}
	}
	t.Skip("SKIPPED: the specification (shared/spec/clauses.csv) lies neither beside the project nor at HOLDFAST_SHARED; coverage of its promises is not checked")
	return ""
}

func TestNothingIsProposedThatCannotRun(t *testing.T) {
	c := loaded(t)
	for i := range c.Controls {
		for _, p := range c.Controls[i].Proofs {
			if Available(p, nil) != (p.Kind == Duty) {
				t.Errorf("%s %s: without engines only duties can be chosen", c.Controls[i].ID, p.Key)
			}
			if p.Kind == Check && !Available(p, Engines{p.Probe: true}) {
				t.Errorf("%s %s: its probe is there, and it cannot be chosen", c.Controls[i].ID, p.Key)
			}
		}
	}
}

func TestAnsweringFindsControlsByIdentifier(t *testing.T) {
	c := loaded(t)
	ids, err := Identifiers("iso27001")
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != 116 {
		t.Errorf("%d identifiers of ISO/IEC 27001, want 23 clauses and 93 controls", len(ids))
	}
	for _, id := range ids {
		if len(c.Answering("iso27001", id)) == 0 {
			t.Errorf("no control answers ISO/IEC 27001 %s", id)
		}
	}
	if got := c.Answering("gdpr", "GDPR Art. 33"); !slices.Contains(got, "breach-authority-notice") {
		t.Errorf("GDPR Art. 33 is answered by %v", got)
	}
}

func TestFaultsAreFound(t *testing.T) {
	good := `== good 1
themes: risk
tags: organisational operations protect
en: A | B.
de: C | D.
sl: E | F.
refs: iso27001 6.1
duty: do P1Y | A | B | C
`
	if _, err := parseControls(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"no colon":           {"themes: risk", "themes risk"},
		"unknown key":        {"themes:", "theme:"},
		"two tags":           {"tags: organisational operations protect", "tags: organisational operations"},
		"no purpose":         {"en: A | B.", "en: A"},
		"unknown framework":  {"refs: iso27001 6.1", "refs: iso9001 6.1"},
		"a proof of no word": {"duty: do P1Y | A | B | C", "duty: do P1Y | A | B"},
		"no version":         {"== good 1", "== good"},
		"language twice":     {"de: C | D.", "en: C | D."},
	} {
		if _, err := parseControls(strings.Replace(good, change[0], change[1], 1)); err == nil {
			t.Errorf("%s: not noticed when reading", name)
		}
	}
	for name, change := range map[string][2]string{
		"unknown theme":      {"themes: risk", "themes: risks"},
		"unknown identifier": {"refs: iso27001 6.1", "refs: iso27001 A.9.9"},
		"identifier twice":   {"refs: iso27001 6.1", "refs: iso27001 6.1 6.1"},
		"no cadence":         {"duty: do P1Y", "duty: do yearly"},
		"missing language":   {"sl: E | F.\n", ""},
		"no proof":           {"duty: do P1Y | A | B | C\n", ""},
		"no proof today":     {"duty: do P1Y", "check: do later.probe P1D"},
		"unknown set":        {"organisational operations", "moral operations"},
	} {
		controls, err := parseControls(strings.Replace(good, change[0], change[1], 1))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		faults, err := (&Catalogue{Controls: controls}).Check()
		if err != nil || len(faults) == 0 {
			t.Errorf("%s: no fault found (%v)", name, err)
		}
	}
}

func TestTheDocumentTellsTheRightNumbers(t *testing.T) {
	b, err := os.ReadFile("../../docs/catalogue.md")
	if err != nil {
		t.Fatal(err)
	}
	doc, c := string(b), loaded(t)
	n := c.Count()
	want := []string{
		fmt.Sprintf("| controls | %d |", n.Controls),
		fmt.Sprintf("| proofs: checks, duties, rules | %d = %d + %d + %d |", n.Proofs, n.Checks, n.Duties, n.Rules),
		fmt.Sprintf("| parameters with a default | %d |", n.Parameters),
		fmt.Sprintf("| links to identifiers of frameworks | %d |", n.References),
		fmt.Sprintf("| concepts of the lexicon, phrases in three languages | %d, %d |", n.Concepts, n.Phrases),
		fmt.Sprintf("| own labelled sentences | %d |", len(pairs(t, c))),
	}
	for framework, name := range map[string]string{"iso27001": "ISO/IEC 27001:2022", "iso27017": "ISO/IEC 27017:2015", "iso27018": "ISO/IEC 27018:2019",
		"csf2": "NIST CSF 2.0", "sp800_53": "NIST SP 800-53 r5", "gspp": "Grundschutz++", "soc2": "SOC 2 (2017)", "gdpr": "GDPR", "nis2": "NIS2"} {
		found := false
		for _, line := range strings.Split(doc, "\n") {
			f := strings.Split(line, "|")
			if len(f) == 6 && strings.TrimSpace(f[1]) == name {
				found = strings.TrimSpace(f[3]) == fmt.Sprint(n.ByFramework[framework])
			}
		}
		if !found {
			t.Errorf("docs/catalogue.md does not say that %d identifiers of %s are answered", n.ByFramework[framework], name)
		}
	}
	for _, line := range want {
		if !strings.Contains(doc, line) {
			t.Errorf("docs/catalogue.md lacks %q", line)
		}
	}
}
