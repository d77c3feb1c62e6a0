package ledger

import (
	"fmt"
	"sync"

	"holdfast/internal/isms"
)

// Problem is one thing that verification found wrong: where, and why as a code with parameters.
type Problem struct {
	// Place is the table, file or bundle part at fault.
	Place string `json:"place"`
	// Entry is the index of the entry at fault, or -1.
	Entry int64 `json:"entry"`
	// Subject is the record at fault, if one is.
	Subject isms.ID `json:"subject,omitzero"`
	isms.Reason
}

// String names place, entry and code for operators.
func (p Problem) String() string {
	s := p.Place
	if p.Entry >= 0 {
		s += fmt.Sprintf(" entry %d", p.Entry)
	}
	if p.Subject != "" {
		s += " " + string(p.Subject)
	}
	return s + ": " + p.Code + fmt.Sprint(p.Params)
}

// Signer says how far the signatures can be believed.
type Signer string

// What is known of who signed.
const (
	SignerUnknown    Signer = "unknown"    // the log agrees with itself: nobody vouches for its key
	SignerRemembered Signer = "remembered" // it continues what this verifier saw before
	SignerKnown      Signer = "known"      // signed by a key that the verifier was given
)

// maxProblems bounds a report; the rest is only counted.
const maxProblems = 1000

// Report is what verification found. It is part of the output of "holdfast verify --json".
type Report struct {
	OK          bool      `json:"ok"`
	Signer      Signer    `json:"signer"`
	Problems    []Problem `json:"problems"`
	More        int64     `json:"more,omitzero"` // problems beyond those listed
	Checkpoint  string    `json:"checkpoint,omitzero"`
	VerifierKey string    `json:"verifier_key,omitzero"`
	Counts      Counts    `json:"counts"`

	mu sync.Mutex // guards Problems, More and Counts
}

// Counts says how much was looked at.
type Counts struct {
	Generations int64 `json:"generations"`
	Entries     int64 `json:"entries"`
	Erased      int64 `json:"erased"`
	Lost        int64 `json:"lost"` // in restores, as the log itself says
	Tiles       int64 `json:"tiles"`
	Checkpoints int64 `json:"checkpoints"`
	Accesses    int64 `json:"accesses"`
	Segments    int64 `json:"segments"`
	Rows        int64 `json:"rows"`
	Files       int64 `json:"files"`
	Pages       int64 `json:"pages"`
}

// Add takes a problem up into the report.
func (r *Report) Add(p Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.OK = false
	if len(r.Problems) == maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, p)
}

// Wrong adds a problem by its parts; entry is -1 where none is at fault.
func (r *Report) Wrong(place string, entry int64, why isms.Reason) {
	r.Add(Problem{Place: place, Entry: entry, Reason: why})
}

// Count changes the counts; many looks may count at once.
func (r *Report) Count(fn func(*Counts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fn(&r.Counts)
}

// Codes lists the codes of the problems found, in order, for tests and exit messages.
func (r *Report) Codes() []string {
	var out []string
	for _, p := range r.Problems {
		out = append(out, p.Code)
	}
	return out
}
