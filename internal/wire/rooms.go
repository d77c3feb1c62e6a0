package wire

import (
	"time"

	"holdfast/internal/isms"
)

// Imported says what came of an import.
type Imported struct {
	Document  isms.ID `json:"document"`
	Version   isms.ID `json:"version"`
	Text      isms.ID `json:"text"`
	Clauses   int     `json:"clauses"`
	Unchanged int     `json:"unchanged" doc:"Clauses whose words stood in the version before."`
	Proposed  int     `json:"proposed" doc:"Alignments that wait for a person."`
}

// Adoption is what is declared about a version that was in force before Holdfast.
type Adoption struct {
	Approver    string    `json:"approver" maxLength:"200" doc:"Who approved it, as people know them."`
	Approved    isms.Date `json:"approved" format:"date"`
	Effective   isms.Date `json:"effective,omitempty" format:"date" doc:"First day in force; the day of approval if absent."`
	ReviewEvery string    `json:"review_every,omitempty" maxLength:"40" example:"P1Y"`
}

// Publication says from when an approved version is in force.
type Publication struct {
	Effective   isms.Date `json:"effective,omitempty" format:"date" doc:"First day in force; today if absent."`
	ReviewEvery string    `json:"review_every,omitempty" maxLength:"40" example:"P1Y"`
}

// Why says why.
type Why struct {
	Reason string `json:"reason" maxLength:"4000"`
}

// Pieces are the parts into which words are taken apart.
type Pieces struct {
	Pieces []string `json:"pieces" nullable:"false" minItems:"2" maxItems:"50"`
}

// IDs name records.
type IDs struct {
	IDs []isms.ID `json:"ids" nullable:"false" minItems:"1" maxItems:"200"`
}

// Decision is yes or no, with an answer to who asked.
type Decision struct {
	Yes    bool   `json:"yes"`
	Answer string `json:"answer,omitempty" maxLength:"4000"`
}

// Figure is one number of a promise or a plan.
type Figure struct {
	Kind  string `json:"kind" enum:"period,deadline,retention,threshold"`
	Name  string `json:"name,omitempty" maxLength:"64"`
	Bound string `json:"bound,omitempty" enum:"least,most"`
	Value string `json:"value" maxLength:"64" doc:"ISO 8601 period; a decimal for thresholds."`
	Part  string `json:"part,omitempty" maxLength:"2000"`
}

// BindingNew ties a clause text to a control.
type BindingNew struct {
	Control isms.ID  `json:"control" maxLength:"64"`
	Parts   []string `json:"parts,omitempty" nullable:"false" maxItems:"50" doc:"Of the sentence; none: all of it."`
	Figures []Figure `json:"figures,omitempty" nullable:"false" maxItems:"50" doc:"The clause's own figures."`
}

// ProofNew is one way in which a control will be shown to hold.
type ProofNew struct {
	Key      string            `json:"key" maxLength:"64" doc:"Stable within the control."`
	Kind     string            `json:"kind" enum:"check,duty,rule"`
	Title    isms.Text         `json:"title"`
	Probe    string            `json:"probe,omitempty" maxLength:"64"`
	Params   map[string]string `json:"params,omitempty"`
	Rule     string            `json:"rule,omitempty" maxLength:"64"`
	Every    string            `json:"every,omitempty" maxLength:"40" example:"P1M"`
	Window   string            `json:"window,omitempty" maxLength:"40"`
	Required bool              `json:"required"`
	Scope    isms.ID           `json:"scope,omitempty" maxLength:"64"`
	Parts    []string          `json:"parts,omitempty" nullable:"false" maxItems:"50"`
	Figures  []Figure          `json:"figures,omitempty" nullable:"false" maxItems:"50"`
	Role     isms.Role         `json:"role,omitempty" maxLength:"64"`
	Deputy   isms.Role         `json:"deputy,omitempty" maxLength:"64"`
}

// ControlNew is what a control of the organisation's own needs.
type ControlNew struct {
	Title    isms.Text  `json:"title"`
	Purpose  isms.Text  `json:"purpose,omitzero"`
	Themes   []string   `json:"themes,omitempty" nullable:"false" maxItems:"20"`
	Owner    isms.ID    `json:"owner,omitempty" maxLength:"64"`
	Deputy   isms.ID    `json:"deputy,omitempty" maxLength:"64"`
	Critical bool       `json:"critical,omitempty" doc:"A failure must be answered within the hour."`
	Proofs   []ProofNew `json:"proofs,omitempty" nullable:"false" maxItems:"50"`
}

// ControlChange changes what it names and leaves the rest.
type ControlChange struct {
	Title    *isms.Text `json:"title,omitempty"`
	Purpose  *isms.Text `json:"purpose,omitempty"`
	Owner    *isms.ID   `json:"owner,omitempty" maxLength:"64"`
	Deputy   *isms.ID   `json:"deputy,omitempty" maxLength:"64"`
	Critical *bool      `json:"critical,omitempty"`
}

// ProofChange changes the plan of a proof.
type ProofChange struct {
	Title    *isms.Text `json:"title,omitempty"`
	Every    *string    `json:"every,omitempty" maxLength:"40"`
	Window   *string    `json:"window,omitempty" maxLength:"40"`
	Required *bool      `json:"required,omitempty"`
	Scope    *isms.ID   `json:"scope,omitempty" maxLength:"64"`
}

// SubjectNew is one thing that proofs will be about.
type SubjectNew struct {
	Kind    string  `json:"kind" maxLength:"64" example:"host"`
	Address string  `json:"address" maxLength:"500" doc:"Where probes find it."`
	Name    string  `json:"name,omitempty" maxLength:"200"`
	Owner   isms.ID `json:"owner,omitempty" maxLength:"64"`
}

// SubjectsNew are subjects to take in; those that are there already are passed over.
type SubjectsNew struct {
	Subjects []SubjectNew `json:"subjects" nullable:"false" minItems:"1" maxItems:"1000"`
}

// Selector says which subjects a scope takes: all of some kinds, and some by name.
type Selector struct {
	Kinds    []string  `json:"kinds,omitempty" nullable:"false" maxItems:"20"`
	Subjects []isms.ID `json:"subjects,omitempty" nullable:"false" maxItems:"10000"`
}

// ScopeNew is a new scope.
type ScopeNew struct {
	Name     isms.Text `json:"name"`
	Selector Selector  `json:"selector"`
}

// ScopeChange replaces which subjects a scope takes.
type ScopeChange struct {
	Selector Selector `json:"selector"`
}

// ExceptionNew asks for an exception.
type ExceptionNew struct {
	Proofs   []isms.ID `json:"proofs,omitempty" nullable:"false" maxItems:"1000"`
	Subjects []isms.ID `json:"subjects,omitempty" nullable:"false" maxItems:"1000"`
	Reason   string    `json:"reason" maxLength:"4000"`
	Instead  string    `json:"instead,omitempty" maxLength:"4000" doc:"What is done meanwhile."`
	From     time.Time `json:"begins,omitzero" doc:"Now if absent."`
	Until    time.Time `json:"ends" doc:"An exception always ends."`
}

// Measure is what keeps a cause from coming back.
type Measure struct {
	What  string    `json:"what" maxLength:"2000"`
	Owner isms.ID   `json:"owner" maxLength:"64"`
	Due   isms.Date `json:"due" format:"date"`
}

// StepNew is the next step of a failure.
type StepNew struct {
	State    string    `json:"state" enum:"restored,cause_found,exposure_checked,prevented"`
	Note     string    `json:"note,omitempty" maxLength:"8000"`
	Category string    `json:"category,omitempty" maxLength:"64"`
	Measures []Measure `json:"measures,omitempty" nullable:"false" maxItems:"50"`
}

// WatchNew begins the watching of a failure.
type WatchNew struct {
	Until time.Time `json:"until,omitzero" doc:"Thirty days if absent."`
	Every string    `json:"every,omitempty" maxLength:"40" doc:"Half the plan if absent."`
}

// RecordNew seals that a duty was done.
type RecordNew struct {
	Proof    isms.ID   `json:"proof" maxLength:"64" doc:"The duty."`
	Subject  isms.ID   `json:"subject,omitempty" maxLength:"64"`
	Outcome  string    `json:"outcome" enum:"done,done_with_finding,could_not"`
	Note     string    `json:"note,omitempty" maxLength:"8000"`
	Files    []File    `json:"files,omitempty" nullable:"false" maxItems:"50"`
	Occurred time.Time `json:"occurred,omitzero" doc:"When it was done; now if absent."`
}

// File names kept bytes.
type File struct {
	Digest string `json:"digest" minLength:"64" maxLength:"64" doc:"SHA-256 in hexadecimal, as the upload answered."`
	Name   string `json:"name" maxLength:"200"`
	Size   int64  `json:"size" minimum:"0"`
}

// AgentNew enrols an agent.
type AgentNew struct {
	Name      string `json:"name" minLength:"1" maxLength:"100"`
	PublicKey []byte `json:"public_key" doc:"Ed25519, 32 bytes."`
}

// Tally counts the verdicts on the clauses of a document.
type Tally struct {
	Failing  int `json:"failing"`
	Stale    int `json:"stale"`
	Unproven int `json:"unproven"`
	Excepted int `json:"excepted"`
	Holding  int `json:"holding"`
}

// Statement is one clause with what it promises and whether it holds.
type Statement struct {
	Clause  isms.ID      `json:"clause"`
	Words   isms.ID      `json:"words" doc:"The clause text."`
	Number  string       `json:"number"`
	Text    string       `json:"text"`
	Kind    string       `json:"kind"`
	Theme   string       `json:"theme"`
	Verdict isms.Verdict `json:"verdict" enum:"failing,stale,unproven,excepted,holding"`
	Since   time.Time    `json:"since,omitzero"`
}

// Receipt answers a batch of observations: the sender may forget it.
type Receipt struct {
	Batch     isms.ID `json:"batch"`
	Entry     int64   `json:"entry"`
	Duplicate bool    `json:"duplicate" doc:"It had been taken before."`
}

// Template names a control of the catalogue.
type Template struct {
	Template string `json:"template" maxLength:"64" example:"clock-source"`
}

// Threshold is the least score of proposals, in thousandths.
type Threshold struct {
	Least int64 `json:"least" minimum:"1" maximum:"1000"`
}

// Count says how many records an act concerned.
type Count struct {
	Count int `json:"count"`
}

// Duty is a proof that a person does.
type Duty struct {
	Proof   isms.ID   `json:"proof"`
	Control isms.ID   `json:"control"`
	Title   isms.Text `json:"title"`
	Role    isms.Role `json:"role" doc:"Who does it."`
	Deputy  isms.Role `json:"deputy"`
	Due     []Due     `json:"due" nullable:"false" doc:"One a subject; one without for the organisation as a whole."`
}

// Due says when a duty is due at a subject.
type Due struct {
	Subject isms.ID   `json:"subject,omitempty"`
	Last    time.Time `json:"last,omitzero" doc:"When it was done last."`
	Due     time.Time `json:"due,omitzero"`
}
