package page

import "holdfast/internal/isms"

// Adopt declares that a document is in force already. Form: POST URL with approver, approved.
type Adopt struct {
	Base
	Document DocumentHead
	URL      string
	Approver string
	Approved isms.Date
}

// NewControl makes a control with one check. Form: POST URL with title, purpose, check, every,
// subjects (one a line), least, complete, clause.
type NewControl struct {
	Base
	URL      string
	Name     string
	Purpose  string
	Check    string
	Checks   []Option
	Every    string
	Subjects string
	Host     string // this host's name, offered as a subject
	Complete bool
	Clause   string // bound at once; empty: none
	Sentence Words  // of that clause
}

func (v *NewControl) chosenComplete() []string {
	if v.Complete {
		return []string{"yes"}
	}
	return nil
}
