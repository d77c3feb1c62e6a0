package catalogue

import (
	"math"
	"slices"
	"sort"
	"strings"

	"holdfast/internal/isms"
)

// Query is a clause for which controls are wanted.
type Query struct {
	Text     string        // the clause's words
	Language isms.Language // isms.Unknown tries all three
	Theme    string        // of Themes; may be empty
	Headings []string      // the headings that it stands under; may be empty
	Parts    []string      // the separately provable pieces of the promise; may be empty
}

// Proposal is a control that would keep a clause. It is a suggestion with its
// reasons; only a person's confirmation makes it a binding.
type Proposal struct {
	Control string        `json:"id"`
	Score   float64       `json:"score"` // over 0, under 1; higher is surer
	Because []isms.Reason `json:"because"`
}

// Most is how many proposals a clause gets at most.
const Most = 6

// How much each witness counts.
const (
	perText     = 0.16 // a point of BM25
	mostText    = 2.2  // what the texts alone can give
	perHeading  = 0.4  // a concept of the nearest heading, against the same in the clause
	homeTheme   = 1.0  // the clause's theme is the control's first one
	besideTheme = 0.4  // it is another of the control's themes
	away        = 0.85 // what concepts say for a control outside the clause's theme
	textHome    = 1.5  // what the texts alone say, at home in the clause's theme
	textAway    = 0.45 // the same, outside its themes
	second      = 0.55 // every further concept for the same control counts this much of the one before
	halfway     = 4.0  // a weight at which the score is about 0.63
)

// homes are the controls that a theme alone speaks for, the broadest of each.
var homes = map[string]string{
	"access-identity": "access-policy", "architecture-tenancy": "secure-engineering", "assets-classification": "information-handling",
	"audit-compliance": "compliance-review", "backup-continuity": "continuity-plan", "clock": "clock-synchronisation",
	"cryptography": "crypto-rules", "governance": "role-allocation", "incident-breach": "incident-process",
	"logging-monitoring": "security-monitoring", "operations-change": "operating-procedures", "partners-customers": "partner-requirements",
	"people-training": "security-awareness", "physical-visitors": "physical-entry", "policy-documents": "security-policy",
	"privacy-rights": "data-protection-law", "risk": "risk-assessment", "suppliers": "supplier-security",
	"vulnerability-testing": "vulnerability-watch",
}

// tally collects what speaks for one control.
type tally struct {
	control int
	parts   []voice
	text    float64
	theme   float64 // homeTheme, besideTheme or 0
	themed  bool    // the clause has a theme
	learned float64
	because []isms.Reason
}

// voice is one concept's voice for a control.
type voice struct {
	by     float64
	reason isms.Reason
}

// Propose returns the controls of the embedded catalogue that would keep the clause,
// best first; boosts, which may be nil, carry what the organisation confirmed before.
func Propose(q Query, boosts *Boosts) []Proposal { return Standard().Propose(q, boosts) }

// Propose is the same on this catalogue. It is deterministic.
func (c *Catalogue) Propose(q Query, boosts *Boosts) []Proposal {
	ws := words(strings.Join(append([]string{q.Text}, q.Parts...), " \n "))
	tallies := map[int]*tally{}
	at := func(control int) *tally {
		if tallies[control] == nil {
			tallies[control] = &tally{control: control}
		}
		return tallies[control]
	}
	hits := c.lexicon.find(ws, q.Language, q.Theme)
	for _, h := range hits {
		concept := &c.lexicon.concepts[h.concept]
		reason := isms.Because("proposal.words", "words", said(ws, h.words), "concept", concept.id)
		for _, w := range concept.weights {
			t := at(w.control)
			t.parts = append(t.parts, voice{w.by * h.share, reason})
		}
	}
	c.tallyHeading(q, at)
	c.tallyTexts(ws, q.Language, at)
	boosts.tally(c, ws, hits, q.Language, at)
	c.tallyTheme(q.Theme, tallies, at)
	return c.ordered(tallies)
}

// tallyHeading lets the nearest heading speak, more quietly: a bare list item often
// says little without it.
func (c *Catalogue) tallyHeading(q Query, at func(int) *tally) {
	if len(q.Headings) == 0 {
		return
	}
	ws := words(q.Headings[len(q.Headings)-1])
	for _, h := range c.lexicon.find(ws, q.Language, q.Theme) {
		reason := isms.Because("proposal.heading", "words", said(ws, h.words))
		for _, w := range c.lexicon.concepts[h.concept].weights {
			t := at(w.control)
			t.parts = append(t.parts, voice{w.by * h.share * perHeading, reason})
		}
	}
}

// tallyTexts lets the controls' own words speak.
func (c *Catalogue) tallyTexts(ws []word, l isms.Language, at func(int) *tally) {
	r, ok := c.ranking[l]
	if !ok {
		r = c.ranking[isms.English]
	}
	for control, s := range r.rank(terms(ws, l)) {
		t := at(control)
		t.text = math.Min(mostText, perText*s.score)
		if len(t.parts) == 0 && t.text > 0.5 {
			t.because = append(t.because, isms.Because("proposal.text", "words", strings.Join(s.words, ", ")))
		}
	}
}

// tallyTheme prefers controls at home in the clause's theme. Where nothing else
// speaks, the theme alone gives its broadest control, with a very low score.
func (c *Catalogue) tallyTheme(theme string, tallies map[int]*tally, at func(int) *tally) {
	if theme == "" {
		return
	}
	strong := false
	for _, t := range tallies {
		t.themed = true
		strong = strong || len(t.parts) > 0 || t.learned > 0 || t.text > 0.5
	}
	for i := range c.Controls {
		n := slices.Index(c.Controls[i].Themes, theme)
		if n < 0 {
			continue
		}
		t := tallies[i]
		if t == nil && (strong || c.Controls[i].ID != homes[theme]) {
			continue
		}
		t = at(i)
		if n == 0 {
			t.theme = homeTheme
		} else {
			t.theme = besideTheme
		}
		if len(t.parts) == 0 && len(t.because) == 0 {
			t.because = append(t.because, isms.Because("proposal.theme", "theme", theme))
		}
	}
}

// weigh sums a tally: every further concept says less, since clauses often say one
// thing in several ways.
func (t *tally) weigh() float64 {
	sort.SliceStable(t.parts, func(i, j int) bool { return t.parts[i].by > t.parts[j].by })
	sum, share := 0.0, 1.0
	for _, p := range t.parts {
		sum += p.by * share
		share *= second
	}
	if t.themed && t.theme == 0 {
		sum *= away
	}
	text := t.text
	if t.themed && len(t.parts) == 0 && t.learned == 0 {
		switch t.theme {
		case homeTheme:
			text *= textHome
		case 0:
			text *= textAway
		}
	}
	sum += text + t.learned
	if sum > 0 {
		// A theme alone proves nothing; it counts as much as there is to support.
		return sum + t.theme*math.Min(1, 0.15+sum/3)
	}
	return 0.1 * t.theme
}

func (c *Catalogue) ordered(tallies map[int]*tally) []Proposal {
	type weighed struct {
		t  *tally
		by float64
	}
	list := make([]weighed, 0, len(tallies))
	for _, t := range tallies {
		if by := t.weigh(); by > 0 {
			list = append(list, weighed{t, by})
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].by != list[j].by {
			return list[i].by > list[j].by
		}
		return c.Controls[list[i].t.control].ID < c.Controls[list[j].t.control].ID
	})
	var out []Proposal
	for i, w := range list {
		if i == Most || i >= 3 && w.by < list[0].by/4 {
			break
		}
		out = append(out, Proposal{
			Control: c.Controls[w.t.control].ID,
			Score:   math.Round((1-math.Exp(-w.by/halfway))*1000) / 1000,
			Because: w.t.reasons(),
		})
	}
	return out
}

// reasons gives the strongest three voices, each once.
func (t *tally) reasons() []isms.Reason {
	out := slices.Clone(t.because)
	for _, p := range t.parts {
		if len(out) == 3 {
			break
		}
		out = append(out, p.reason)
	}
	if len(out) == 0 {
		out = append(out, isms.Because("proposal.faint"))
	}
	return out
}
