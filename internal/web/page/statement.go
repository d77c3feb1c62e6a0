package page

import (
	"strings"

	"holdfast/internal/isms"
)

// Statement is the page of one document: its clauses and their verdicts.
type Statement struct {
	Base
	Document  DocumentHead
	Counts    Counts   // of all clauses now
	History   []Counts // one a day, oldest first, at most 90
	Since     isms.Date
	Checked   isms.Instant // the newest look
	Filter    isms.Verdict // empty shows all
	Chips     []Chip
	Sections  []Section
	Excepted  isms.Date // the nearest end of an exception, if one applies
	Unclaimed int       // sentences that wait to be confirmed
	Confirm   string    // where they are confirmed
}

// DocumentHead names a document at one version.
type DocumentHead struct {
	ID        isms.ID
	Title     string
	Language  isms.Language
	Kind      string // policy, standard, law, …: a key of document.kind.*
	Version   string
	State     string // draft, in_force, …: a key of version.state.*
	InForce   isms.Date
	Languages []isms.Language
	URL       string
}

// Section is a chapter of the document.
type Section struct {
	ID       string // anchor
	Number   string
	Title    string
	Language isms.Language
	Counts   Counts
	Record   Days // the worst of its clauses, per day
	Clauses  []ClauseRow
	More     Link // the clauses that are not listed; empty if all are
	MoreText string
}

// words are the title without its number, which stands beside it.
func (s Section) words() string {
	if rest, ok := strings.CutPrefix(s.Title, s.Number); ok && s.Number != "" {
		if rest = strings.TrimLeft(rest, ". )\u00a0"); rest != "" {
			return rest
		}
	}
	return s.Title
}

// Open tells whether the section is unfolded: trouble is open, what holds is quiet.
func (s Section) Open() bool { return s.Counts.All() > s.Counts.Holding }

// ClauseRow is one clause with its verdict as a list shows it.
type ClauseRow struct {
	ID      isms.ID
	URL     string
	Number  string
	Words   Words
	Owner   *Person
	Proofs  ProofCount
	Refs    []Link
	Verdict isms.Verdict
	Since   isms.Instant // of this verdict; zero if never judged
	Remark  string       // instead of "since …", for example "12 days past its review"
	Covers  string       // what it is about, for example "7 of 8 endpoints"; "" if all is well and said
	Share   float64      // time holding / time since first bound; negative if never bound
	Record  Days
	Next    *Next
	Why     *Why // shown beneath when there is trouble
}

// ProofCount says what shows that a clause holds.
type ProofCount struct{ Checks, Duties, Rules int }

// Next is what comes next for a clause.
type Next struct {
	Text string
	Day  isms.Date
	Late bool
	Act  *Link // instead of a day
}

// Why opens a verdict: its proofs, its history and what follows.
type Why struct {
	Proofs   []Proof
	Episodes []Episode
	Follows  []Follow
	Actions  []Action
}

// Proof is one proof with what it saw.
type Proof struct {
	Name    string
	URL     string
	Verdict isms.Verdict
	Rhythm  string // for example "every 15 minutes · HR against directory"
	Saw     Saw    // a sentence
	Support bool   // supporting, not required
}

// Saw is a sentence with the names of things set apart.
type Saw []SawPart

// SawPart is a run of it.
type SawPart struct {
	Text string
	Code bool
}

// Episode is a time in which a clause did not hold.
type Episode struct {
	Verdict isms.Verdict
	From    isms.Instant
	Until   isms.Instant // isms.Forever while it lasts
	URL     string
}

// Follow is something that came of it.
type Follow struct {
	Icon string
	Link Link
	Text string
	When string
}

// Words for the numbers of proofs: "2 checks · 1 duty".
func (b *Base) proofWords(p ProofCount) string {
	var s string
	add := func(words string) {
		if s != "" {
			s += " · "
		}
		s += words
	}
	if p.Checks > 0 {
		add(b.T("proof.checks", "n", p.Checks))
	}
	if p.Duties > 0 {
		add(b.T("proof.duties", "n", p.Duties))
	}
	if p.Rules > 0 {
		add(b.T("proof.rules", "n", p.Rules))
	}
	if s == "" {
		return b.T("proof.none")
	}
	return s
}

// headline is the sentence before the chart: how many hold, in bold.
func (v *Statement) headline() string {
	all := v.Counts.All()
	switch {
	case all == 0:
		return v.T("statement.empty")
	case v.Counts.Holding == all:
		return v.T("statement.all_hold", "n", all)
	default:
		return v.T("statement.some_hold", "n", all, "holding", v.Counts.Holding)
	}
}

// trouble names what does not hold, each state in a phrase.
func (v *Statement) trouble() string {
	c := v.Counts
	c.Holding = 0
	parts := v.countPhrases(c, "sentence.")
	if len(parts) == 0 {
		return ""
	}
	return v.T("sentence.end", "parts", capital(v.List(parts...)))
}

// share is how much of what is said holds now.
func (v *Statement) share() float64 {
	if v.Counts.All() == 0 {
		return 0
	}
	return float64(v.Counts.Holding) / float64(v.Counts.All())
}

// sectionSum says a section in a few words: "6 clauses, all hold".
func (b *Base) sectionSum(s Section) string {
	n := s.Counts.All()
	switch {
	case n == 0:
		return b.T("section.none")
	case s.Counts.Holding == n:
		return b.T("section.all_hold", "n", n)
	default:
		return b.T("section.some_hold", "n", n, "holding", s.Counts.Holding)
	}
}

// since says from when the verdict is.
func (b *Base) since(c ClauseRow) string {
	switch {
	case c.Remark != "":
		return c.Remark
	case c.Verdict == isms.Unproven && c.Share < 0:
		return b.T("clause.never")
	case c.Since == 0:
		return ""
	default:
		return b.T("clause.since", "when", b.Since(c.Since, b.Now))
	}
}

// sharePercent is the figure beside a record; a dash if there never was a binding.
func (b *Base) sharePercent(share float64) string {
	if share < 0 {
		return "—"
	}
	return b.Percent(share)
}

// span writes an episode: from when until when.
func (b *Base) span(e Episode) string {
	if e.Until == isms.Forever || e.Until == 0 {
		return b.T("episode.lasting", "from", b.Since(e.From, b.Now))
	}
	return b.T("episode.past", "from", b.Since(e.From, b.Now), "until", b.Since(e.Until, b.Now))
}

// length is how long an episode was, or has been so far.
func (b *Base) length(e Episode) string {
	until := e.Until
	if until == isms.Forever || until == 0 {
		until = b.Now
	}
	return b.Duration(until.Sub(e.From))
}

// over are the facts above a document's title.
func (b *Base) over(d DocumentHead) []string {
	var out []string
	if d.Version != "" {
		out = append(out, b.T("version.name", "version", d.Version))
	}
	if d.InForce != "" {
		out = append(out, b.T("version.in_force_since", "day", b.Date(d.InForce)))
	} else if d.State != "" {
		out = append(out, b.T("version.state."+d.State))
	}
	var codes string
	for i, l := range d.Languages {
		if i > 0 {
			codes += ", "
		}
		codes += languageCode(l)
	}
	if codes != "" {
		out = append(out, codes)
	}
	return out
}
