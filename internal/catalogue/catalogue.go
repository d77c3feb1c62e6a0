// Package catalogue holds what Holdfast knows before any organisation has told it
// anything: the catalogue of controls in our own words (English, German,
// Slovenian), each with the proofs that would show that it holds and the
// identifiers that it answers in the frameworks; and the lexicon of concepts that
// proposes controls for a clause.
//
// It is embedded data and pure functions: no I/O, no clock, no randomness. It owns
// the words control template, default proof, parameter default, reference, concept
// and proposal. Adopting a control copies it into an organisation; nothing here
// changes what an organisation has adopted.
//
// Floor 0.
package catalogue

import (
	"embed"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"sync"

	"holdfast/internal/isms"
)

// Words are one text in the three languages of the catalogue; none is ever empty.
type Words struct {
	EN string `json:"en"`
	DE string `json:"de"`
	SL string `json:"sl"`
}

// In returns the words in l, and the English ones for any other language.
func (w Words) In(l isms.Language) string {
	switch l {
	case isms.German:
		return w.DE
	case isms.Slovenian:
		return w.SL
	}
	return w.EN
}

// Text returns the words as an organisation keeps them after adopting.
func (w Words) Text() isms.Text {
	return isms.Text{Source: isms.English, In: map[isms.Language]string{
		isms.English: w.EN, isms.German: w.DE, isms.Slovenian: w.SL}}
}

// Kind says how a proof shows that a control holds.
type Kind string

// The three kinds of proof.
const (
	Check Kind = "check" // a machine looks
	Duty  Kind = "duty"  // a person acts and seals evidence
	Rule  Kind = "rule"  // a book must satisfy it
)

// Cadences that are no ISO 8601 period.
const (
	OnEvent    = "event"      // something triggers the proof: joining, leaving, a change, an incident
	Continuous = "continuous" // looked at whenever there is something new
)

// Proof is a default proof of a control.
type Proof struct {
	Key      string   `json:"key"`              // stable within its control
	Kind     Kind     `json:"kind"`             // check, duty or rule
	Title    Words    `json:"title"`            // what is looked at or done
	Probe    string   `json:"probe,omitempty"`  // for a check: which probe looks
	Rule     string   `json:"rule,omitempty"`   // for a rule: which rule of which book
	Cadence  string   `json:"cadence"`          // an ISO 8601 period, "event" or "continuous"
	Required bool     `json:"required"`         // without it the control cannot hold; else supporting
	Parts    []string `json:"parts,omitempty"`  // the parts of a promise that it covers; none means all
	Ours     bool     `json:"ours"`             // the cadence is our default (°), no figure of a law or a standard
	Engine   string   `json:"engine,omitempty"` // "later" while no engine can run it
}

// Later marks a proof whose engine is not there yet.
const Later = "later"

// ParameterKind says what a parameter limits.
type ParameterKind string

// The four kinds of parameter, as bindings know them.
const (
	PeriodParameter    ParameterKind = "period"    // how often at least
	DeadlineParameter  ParameterKind = "deadline"  // how fast after the event
	RetentionParameter ParameterKind = "retention" // how long it is kept
	ThresholdParameter ParameterKind = "threshold" // a figure that must be met
)

// Parameter is a figure of a control with its default; the organisation may set another.
type Parameter struct {
	Name    string        `json:"name"`
	Kind    ParameterKind `json:"kind"`
	Default string        `json:"default"` // ISO 8601 duration, or a number or version for a threshold
	Ours    bool          `json:"ours"`    // our proposal (°), no figure of a law or a standard
}

// References are the identifiers that a control answers, by framework.
type References struct {
	ISO27001 []string `json:"iso27001"`
	ISO27017 []string `json:"iso27017"`
	ISO27018 []string `json:"iso27018"`
	CSF2     []string `json:"csf2"`
	SP80053  []string `json:"sp800_53"`
	GSPP     []string `json:"gspp"`
	SOC2     []string `json:"soc2"`
	GDPR     []string `json:"gdpr"`
	NIS2     []string `json:"nis2"`
}

// Frameworks names the frameworks in the order of the listing.
var Frameworks = []string{"iso27001", "iso27017", "iso27018", "csf2", "sp800_53", "gspp", "soc2", "gdpr", "nis2"}

// Of returns the identifiers in one framework, nil for one that is not known.
func (r *References) Of(framework string) []string {
	if p := r.list(framework); p != nil {
		return *p
	}
	return nil
}

func (r *References) list(framework string) *[]string {
	switch framework {
	case "iso27001":
		return &r.ISO27001
	case "iso27017":
		return &r.ISO27017
	case "iso27018":
		return &r.ISO27018
	case "csf2":
		return &r.CSF2
	case "sp800_53":
		return &r.SP80053
	case "gspp":
		return &r.GSPP
	case "soc2":
		return &r.SOC2
	case "gdpr":
		return &r.GDPR
	case "nis2":
		return &r.NIS2
	}
	return nil
}

// Control is one control of the catalogue.
type Control struct {
	ID         string      `json:"id"`      // stable slug, for example access-recertification
	Version    int         `json:"version"` // grows whenever words, proofs or parameters change
	Title      Words       `json:"title"`
	Purpose    Words       `json:"purpose"`
	Themes     []string    `json:"themes"` // of Themes; the first is its home
	Set        string      `json:"set"`    // of Sets
	Field      string      `json:"field"`  // of Fields
	Aims       []string    `json:"aims"`   // of Aims
	Parameters []Parameter `json:"parameters,omitempty"`
	Proofs     []Proof     `json:"proofs"`
	References References  `json:"references"`
}

// Themes are the nineteen themes of clauses and controls.
var Themes = []string{"access-identity", "architecture-tenancy", "assets-classification", "audit-compliance",
	"backup-continuity", "clock", "cryptography", "governance", "incident-breach", "logging-monitoring",
	"operations-change", "partners-customers", "people-training", "physical-visitors", "policy-documents",
	"privacy-rights", "risk", "suppliers", "vulnerability-testing"}

// Sets are the four sets of security measures, Fields the five fields in which they
// work, Aims what they do: protect what is valuable, defend against who attacks it.
var (
	Sets   = []string{"organisational", "personnel", "physical", "technical"}
	Fields = []string{"technical", "physical", "communications", "operations", "human-resources"}
	Aims   = []string{"protect", "defend"}
)

// Catalogue is the whole: controls and what is needed to propose them.
type Catalogue struct {
	Controls []Control // by id
	byID     map[string]int
	lexicon  *lexicon
	ranking  map[isms.Language]*bm25
}

//go:embed controls/*.txt lexicon/*.txt ids/*.txt ids/*.tsv ids/bsi/*.tsv
var data embed.FS

// Load reads the embedded catalogue and lexicon. An error names file and line; the
// tests keep the embedded data free of errors.
func Load() (*Catalogue, error) { return load(data) }

// Standard returns the embedded catalogue, read once and shared: nobody may change it.
var Standard = sync.OnceValue(func() *Catalogue { return isms.Must(Load()) })

func load(fsys fs.FS) (*Catalogue, error) {
	c := &Catalogue{byID: map[string]int{}}
	files, err := fs.Glob(fsys, "controls/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list the catalogue's files: %w", err)
	}
	for _, name := range files {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
		cs, err := parseControls(string(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.Controls = append(c.Controls, cs...)
	}
	sort.Slice(c.Controls, func(i, j int) bool { return c.Controls[i].ID < c.Controls[j].ID })
	for i := range c.Controls {
		id := c.Controls[i].ID
		if _, ok := c.byID[id]; ok {
			return nil, fmt.Errorf("control %s stands twice in the catalogue", id)
		}
		c.byID[id] = i
	}
	if c.lexicon, err = loadLexicon(fsys, c.byID); err != nil {
		return nil, err
	}
	c.ranking = map[isms.Language]*bm25{}
	for _, l := range []isms.Language{isms.English, isms.German, isms.Slovenian} {
		c.ranking[l] = newBM25(c.Controls, l)
	}
	return c, nil
}

// Control returns the control with this id.
func (c *Catalogue) Control(id string) (Control, bool) {
	i, ok := c.byID[id]
	if !ok {
		return Control{}, false
	}
	return c.Controls[i], true
}

// Answering returns the ids of the controls that answer an identifier of a
// framework, in order: Answering("iso27001", "A.8.13").
func (c *Catalogue) Answering(framework, identifier string) []string {
	var ids []string
	for i := range c.Controls {
		for _, r := range c.Controls[i].References.Of(framework) {
			if strings.EqualFold(r, identifier) {
				ids = append(ids, c.Controls[i].ID)
			}
		}
	}
	return ids
}
