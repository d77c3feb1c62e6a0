// Package verdict says whether a promise holds, from nothing but what it is given.
//
// Derive is a pure function: the same Input gives the same Result on the server, for
// any past moment and in the hands of an outsider who reads the Input out of a bundle.
// Its rules are DESIGN.md section 3:
//
//   - Worst first: failing > stale > unproven > excepted > holding, over required
//     proofs, their subjects and the parts of the sentence.
//   - Silence is never success: a look counts for its window and no longer. A look that
//     could not look never counts as one.
//   - What nobody confirmed, what has no subject, and a list of subjects that nobody
//     declared complete prove nothing.
//   - The clause's figure binds: a promise of "quarterly" is judged at three months
//     however seldom the control is planned.
//   - An exception excuses what it names until it ends, and every one ends.
//   - Nothing recorded after Input.At plays any part.
//
// Live keeps the same verdict up to date look by look; the functions on Interval keep
// its history, which is never rewritten.
//
// Words owned: Input, Look, Result, Tally, Interval, Share, Day. Floor 0.
package verdict

import "holdfast/internal/isms"

// Version is the version of the rules in this package. It grows when any Input could
// get another Result than before; intervals and bundles carry it.
const Version = 1

// Input is all that a verdict rests on. The order of its lists does not matter. It is
// part of bundles, so its JSON is for ever: fields are added, never changed.
type Input struct {
	Version    int          `json:"version"` // of the rules it was collected for
	At         isms.Instant `json:"at"`      // the moment that is asked about, in recorded time
	Zone       string       `json:"zone"`    // IANA name; periods count civil days there
	Clause     Clause       `json:"clause"`
	Bindings   []Binding    `json:"bindings"`
	Proofs     []Proof      `json:"proofs"`
	Scopes     []Scope      `json:"scopes"`
	Looks      []Look       `json:"looks"`
	Duties     []Duty       `json:"duties,omitzero"`
	Exceptions []Exception  `json:"exceptions,omitzero"`
}

// Clause is the sentence that promises.
type Clause struct {
	ID      isms.ID  `json:"id"`               // the clause; empty when a control is judged by itself
	Text    string   `json:"text,omitzero"`    // hash of the clause text, as the policy room makes it
	Parts   []string `json:"parts,omitzero"`   // names of the parts of the sentence; none means that it is one whole
	Figures []Figure `json:"figures,omitzero"` // what the sentence promises in figures
}

// FigureKind says what a figure of a sentence is about.
type FigureKind string

// The kinds of figures.
const (
	PeriodFigure    FigureKind = "period"    // how often: tightens the window of every proof under it
	DeadlineFigure  FigureKind = "deadline"  // within how long; a Period, at most
	RetentionFigure FigureKind = "retention" // for how long; a Period, at least
	ThresholdFigure FigureKind = "threshold" // how much; a decimal number, at least or at most
)

// Bound says on which side of a figure the truth must lie.
type Bound string

// The two bounds.
const (
	AtLeast Bound = "least"
	AtMost  Bound = "most"
)

// Figure is one number of a promise or of a control's plan. Value is an ISO 8601
// period, for thresholds a decimal such as "1.2". Name tells apart figures of one
// kind ("tls_version"); Part limits the figure to one part of the sentence.
type Figure struct {
	Kind  FigureKind `json:"kind"`
	Name  string     `json:"name,omitzero"`
	Bound Bound      `json:"bound,omitzero"` // default: retention and threshold at least, others at most
	Value string     `json:"value"`
	Part  string     `json:"part,omitzero"`
}

// Binding ties the clause to one control. It counts from the moment a person confirmed it.
type Binding struct {
	ID          isms.ID      `json:"id"`
	Control     isms.ID      `json:"control"`
	Parts       []string     `json:"parts,omitzero"`   // of the sentence; none means all of it
	Figures     []Figure     `json:"figures,omitzero"` // the clause's figures as confirmed here
	Confirmed   isms.Instant `json:"confirmed,omitzero"`
	ConfirmedBy string       `json:"confirmed_by,omitzero"` // opaque actor reference
}

// ProofKind says how a control is shown to hold.
type ProofKind string

// The three kinds of proofs.
const (
	CheckProof ProofKind = "check" // a machine looks
	DutyProof  ProofKind = "duty"  // a person acts and seals evidence
	RuleProof  ProofKind = "rule"  // a book must satisfy it
)

// Proof is one way in which a control is shown to hold.
type Proof struct {
	ID       isms.ID      `json:"id"`
	Control  isms.ID      `json:"control"`
	Kind     ProofKind    `json:"kind"`
	Required bool         `json:"required"`          // a supporting proof never worsens and never proves
	Every    isms.Period  `json:"every,omitzero"`    // how often the control plans it
	Window   isms.Period  `json:"window,omitzero"`   // how long a look counts; empty means Every
	Scope    isms.ID      `json:"scope,omitzero"`    // empty: the organisation as a whole (duties and rules only)
	Parts    []string     `json:"parts,omitzero"`    // of the sentence; none means those of the binding
	Figures  []Figure     `json:"figures,omitzero"`  // what the control plans and the proof judges
	Recorded isms.Instant `json:"recorded,omitzero"` // since when the control has it
}

// Scope is the list of subjects that a proof is about.
type Scope struct {
	ID         isms.ID      `json:"id"`
	Subjects   []Subject    `json:"subjects"`
	Declared   isms.Instant `json:"declared,omitzero"` // when a person declared the list complete; zero: never
	DeclaredBy string       `json:"declared_by,omitzero"`
}

// Subject is one thing in a scope, there from Added until Retired (zero: still there).
type Subject struct {
	ID      isms.ID      `json:"id"`
	Added   isms.Instant `json:"added,omitzero"`
	Retired isms.Instant `json:"retired,omitzero"`
}

// Outcome is what a look came to.
type Outcome string

// The three outcomes.
const (
	Positive Outcome = "positive"
	Negative Outcome = "negative"
	Error    Outcome = "error" // it could not look: never a pass, and it ages into stale
)

// Ref points at the evidence: an entry of the ledger and, in a batch, the item.
type Ref struct {
	Entry int64 `json:"entry"`
	Item  int   `json:"item,omitzero"`
}

// Look is what one proof saw on one subject. Its age counts from the earliest of its
// three times, so a claimed time in the future makes nothing younger.
type Look struct {
	Proof    isms.ID       `json:"proof"`
	Subject  isms.ID       `json:"subject,omitzero"` // empty: the organisation as a whole
	Outcome  Outcome       `json:"outcome"`
	Observed isms.Instant  `json:"observed"`
	Received isms.Instant  `json:"received,omitzero"`
	Recorded isms.Instant  `json:"recorded"`
	Ref      Ref           `json:"ref"`
	Measures []Measure     `json:"measures,omitzero"` // figures seen, judged against the promised ones
	Reasons  []isms.Reason `json:"reasons,omitzero"`  // why it is not positive
}

// Measure is a figure that a look saw.
type Measure struct {
	Kind  FigureKind `json:"kind"`
	Name  string     `json:"name,omitzero"`
	Value string     `json:"value"`
}

// Duty is when a duty must be done next on a subject. Due already contains the time
// that the plan allows for doing it.
type Duty struct {
	Proof    isms.ID      `json:"proof"`
	Subject  isms.ID      `json:"subject,omitzero"`
	Due      isms.Instant `json:"due"`
	Recorded isms.Instant `json:"recorded,omitzero"`
}

// Exception permits named proofs or subjects not to hold. With proofs and subjects it
// covers those proofs on those subjects; with one of the two, all of the other; with
// neither, nothing. It counts from its approval (or From, if later) until Until; one
// without an end counts for nothing.
type Exception struct {
	ID         isms.ID      `json:"id"`
	Proofs     []isms.ID    `json:"proofs,omitzero"`
	Subjects   []isms.ID    `json:"subjects,omitzero"`
	From       isms.Instant `json:"from,omitzero"`
	Until      isms.Instant `json:"until"`
	Approved   isms.Instant `json:"approved,omitzero"`
	ApprovedBy string       `json:"approved_by,omitzero"`
}
