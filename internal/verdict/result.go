package verdict

import "holdfast/internal/isms"

// Result is the verdict on a clause with everything that it rests on.
type Result struct {
	Summary
	Reasons  []isms.Reason   `json:"reasons,omitzero"`
	Parts    []PartResult    `json:"parts"`
	Bindings []BindingResult `json:"bindings"`
}

// Summary is what Live keeps up to date; Derive gives the same.
type Summary struct {
	Version    int          `json:"version"` // of the rules
	At         isms.Instant `json:"at"`
	Verdict    isms.Verdict `json:"verdict"`
	NextChange isms.Instant `json:"next_change,omitzero"` // until then nothing changes by mere passing of time; zero: never
	Subjects   Tally        `json:"subjects"`             // distinct subjects of required proofs, each at its worst
	Proofs     []ProofTally `json:"proofs"`               // in order of binding and proof
}

// ProofTally is one proof of one binding in a Summary.
type ProofTally struct {
	Binding  isms.ID      `json:"binding"`
	Proof    isms.ID      `json:"proof"`
	Verdict  isms.Verdict `json:"verdict"`
	Subjects Tally        `json:"subjects"`
}

// Tally counts subjects by verdict.
type Tally struct {
	Failing  int `json:"failing"`
	Stale    int `json:"stale"`
	Unproven int `json:"unproven"`
	Excepted int `json:"excepted"`
	Holding  int `json:"holding"`
}

// Of is the number of subjects counted: "7 of 8" is Holding of Of.
func (t Tally) Of() int { return t.Failing + t.Stale + t.Unproven + t.Excepted + t.Holding }

// Worst is the worst verdict counted, and Unproven where nothing is.
func (t Tally) Worst() isms.Verdict {
	for _, v := range isms.Verdicts {
		if *t.slot(v) > 0 {
			return v
		}
	}
	return isms.Unproven
}

// In is the number counted at v.
func (t Tally) In(v isms.Verdict) int { return *t.slot(v) }

func (t *Tally) add(v isms.Verdict, n int) { *t.slot(v) += n }

func (t *Tally) slot(v isms.Verdict) *int {
	switch v {
	case isms.Failing:
		return &t.Failing
	case isms.Stale:
		return &t.Stale
	case isms.Excepted:
		return &t.Excepted
	case isms.Holding:
		return &t.Holding
	default:
		return &t.Unproven
	}
}

// PartResult is the verdict on one part of the sentence; Part is empty for the whole.
type PartResult struct {
	Part    string       `json:"part"`
	Verdict isms.Verdict `json:"verdict"`
	Proofs  []isms.ID    `json:"proofs,omitzero"` // required proofs that cover it
}

// BindingResult is what one binding brings. One that does not count is shown with its
// proofs and plays no part.
type BindingResult struct {
	Binding isms.ID       `json:"binding"`
	Control isms.ID       `json:"control"`
	Counts  bool          `json:"counts"`
	Verdict isms.Verdict  `json:"verdict"` // over its required proofs
	Reasons []isms.Reason `json:"reasons,omitzero"`
	Proofs  []ProofResult `json:"proofs"`
}

// ProofResult is what one proof shows under one binding.
type ProofResult struct {
	Proof    isms.ID         `json:"proof"`
	Kind     ProofKind       `json:"kind"`
	Required bool            `json:"required"`
	Verdict  isms.Verdict    `json:"verdict"`
	Window   isms.Period     `json:"window,omitzero"` // how long a look counts under this promise
	Reasons  []isms.Reason   `json:"reasons,omitzero"`
	Subjects Tally           `json:"tally"`
	Items    []SubjectResult `json:"subjects"`
}

// SubjectResult is what one proof shows on one subject.
type SubjectResult struct {
	Subject   isms.ID       `json:"subject,omitzero"`
	Verdict   isms.Verdict  `json:"verdict"`
	Without   isms.Verdict  `json:"without,omitzero"`   // the verdict without the exception; empty if none excuses it
	Exception isms.ID       `json:"exception,omitzero"` // the one that excuses it longest
	Ref       *Ref          `json:"ref,omitzero"`       // the look it rests on
	Observed  isms.Instant  `json:"observed,omitzero"`  // what that look's age counts from
	Until     isms.Instant  `json:"until,omitzero"`     // when this becomes stale, or became so
	Reasons   []isms.Reason `json:"reasons,omitzero"`
}
