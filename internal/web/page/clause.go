package page

import "holdfast/internal/isms"

// Clause is the page of one clause. Forms: POST BindURL with control, period,
// parts; POST Binding.ConfirmURL and .RefuseURL.
type Clause struct {
	Base
	Document  DocumentHead
	Row       ClauseRow // with Why, which this page always shows
	Context   string    // the heading path that it stands under
	Judgement Judgement
	Parts     []Part // of the sentence
	Bindings  []Binding
	Proposals []Binding
	Controls  []Option // to bind by hand
	Chosen    string   // of Controls, when the form comes back
	Period    string
	BindURL   string // empty if the reader may not bind
	History   []Interval
	Others    []OtherText
}

// Judgement is a verdict with what led to it.
type Judgement struct {
	Verdict  isms.Verdict
	Reasons  []isms.Reason
	Covers   []Cover
	Parts    Tally  // parts of the sentence that are proven
	Function string // version of the deriving function
	Entry    *EntryLink
}

// Cover is what a proof looked at: how many of which kind are well.
type Cover struct {
	Name  string // for example "endpoints"
	Tally Tally
	URL   string
	Open  bool // nobody declared the list complete
}

// Tally is so many of so many.
type Tally struct{ Good, All int }

// Part is a piece of a sentence that needs proof of its own.
type Part struct {
	Text    string
	Proven  bool
	Control Link
}

// Binding ties the clause to a control.
type Binding struct {
	ID         isms.ID
	Control    Link
	Number     string // of the control in the catalogue
	Parameters []Parameter
	Parts      []string // the pieces of the sentence it covers; none means the whole
	Reason     isms.Reason
	By         string
	At         isms.Instant
	ConfirmURL string
	RefuseURL  string
	Warning    string // "promised every 3 months, planned every year"
}

// Parameter is a figure that the clause promises.
type Parameter struct {
	Name  string // key of parameter.*
	Value string
}

// Interval is a stretch of time with one verdict.
type Interval struct {
	Verdict   isms.Verdict
	From      isms.Instant
	Until     isms.Instant // isms.Forever while it lasts
	Reason    string
	Entry     *EntryLink
	Afterward bool // proof that arrived late showed something else
}

// EntryLink leads to an entry of the ledger.
type EntryLink struct {
	Index int
	URL   string
}

// OtherText is the same clause in another version or language.
type OtherText struct {
	Where string
	Words Words
	URL   string
}

// Controls lists the organisation's controls.
type Controls struct {
	Base
	Rows    []ControlRow
	Counts  Counts
	Chips   []Chip
	Search  string
	Columns []Column // number, name, verdict
	Pager   Pager
	CanAdd  bool
}

// ControlRow is a control as a list shows it.
type ControlRow struct {
	Link    Link
	Number  string
	Owner   *Person
	Verdict isms.Verdict
	Since   isms.Instant
	Clauses int
	Proofs  ProofCount
	Record  Days
}

// Control is the page of one control.
type Control struct {
	Base
	Name      string
	Number    string
	Words     string // what the organisation does, in its own words
	Origin    string // for example "adopted from the catalogue, version 3"
	Owner     *Person
	Deputy    *Person
	Judgement Judgement
	Since     isms.Instant
	Share     float64
	Record    Days
	Proofs    []ProofDetail
	Clauses   []ClauseRow
	Refs      []Link
	History   []Interval
	AddURL    string // where a proof is added
	EditURL   string
}

// ProofDetail is a proof with the subjects that it is about.
type ProofDetail struct {
	Proof    Proof
	Kind     string // check, duty, rule: keys of proof.kind.*
	Window   isms.Period
	Scope    string
	Complete bool // a person declared the list of subjects complete
	ScopeURL string
	Subjects []SubjectRow
	More     Link
	LookURL  string // POST: look now; empty if it cannot be asked for
}

// SubjectRow is one subject with what was last seen on it.
type SubjectRow struct {
	Name     string
	Verdict  isms.Verdict
	Saw      Saw
	At       isms.Instant
	Evidence string // address
}

func (v *Clause) clauseOver() []string {
	out := []string{v.Document.Title, v.T("clause.name", "number", v.Row.Number)}
	if v.Context != "" {
		out = append(out, v.Context)
	}
	return out
}

func (v *Control) controlOver() []string {
	var out []string
	if v.Number != "" {
		out = append(out, v.T("control.name", "number", v.Number))
	}
	if v.Origin != "" {
		out = append(out, v.Origin)
	}
	return out
}

func (v *Control) addActions() []Action {
	if v.AddURL == "" {
		return nil
	}
	return []Action{{Text: v.T("control.add_proof"), URL: v.AddURL, Main: true, Icon: "plus"}}
}
