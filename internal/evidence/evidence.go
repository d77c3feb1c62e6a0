// Package evidence keeps what was seen and done: signed batches of observations from agents,
// each stored once with one entry, and records of duties sealed by a person. It keeps for
// every proof and subject what was looked at when, so that the present and any past moment
// are read by the same statement. It owns the words evidence, batch, record and look page.
//
// What an observation says about a proof is not for this room: Judge answers that.
//
// Floor 2.
package evidence

import (
	"context"
	"embed"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/probe"
	"holdfast/internal/register"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what this room keeps in an organisation's database.
var Schema = store.Schema{Room: "evidence", Files: files}

// Prefixes of ids that only this room makes.
const (
	AgentPrefix   = "agt"
	FindingPrefix = "fnd"
)

// Answer is what an observation says about one proof.
type Answer struct {
	Proof    isms.ID
	Subject  isms.ID // in the organisation's list, also where the looker knew only the address
	Outcome  verdict.Outcome
	Measures []verdict.Measure
	Reasons  []isms.Reason // why it is not positive
}

// Room holds the verbs over one organisation's evidence.
type Room struct {
	Log *ledger.Log
	// Judge says which proofs each observation answers, and how. It only reads.
	Judge func(ctx context.Context, tx *store.Tx, seen []probe.Observation) ([][]Answer, error)
	// Duty says whose a proof is, for the permission to seal. It fails where the proof is no duty.
	Duty func(ctx context.Context, tx *store.Tx, actor isms.Actor, proof isms.ID) (people.Record, error)
}

// allow asks the decision table whether the actor may do an act on a record of ours.
func (r *Room) allow(actor isms.Actor, act people.Act, rec people.Record) error {
	rec.Place = r.Log.DB.Name
	return people.Allow(actor, act, rec, r.Log.Clock.Now())
}

// Outcome is how a duty ended.
type Outcome string

// The outcomes of a duty. One that could not be done proves nothing and ages.
const (
	Done            Outcome = "done"
	DoneWithFinding Outcome = "done_with_finding"
	CouldNot        Outcome = "could_not"
)

// File is a kept file that belongs to a record.
type File struct {
	Digest string `json:"digest"` // SHA-256, hex
	Name   string `json:"name"`
	Size   int64  `json:"size"`
}

// Record is a duty done, sealed by a person.
type Record struct {
	register.Row
	Proof    isms.ID      `json:"proof"`
	Subject  isms.ID      `json:"subject"` // empty: the organisation as a whole
	Outcome  Outcome      `json:"outcome"`
	Note     string       `json:"note"`
	Files    []File       `json:"files"`
	Occurred isms.Instant `json:"occurred"` // when it was done, as claimed
	Sealed   isms.Instant `json:"sealed"`
	By       isms.ID      `json:"by"` // account
}

// Records is the register of sealed records.
var Records = register.Declare("evidence_record", isms.EvidencePrefix, func(r *Record) []register.Column {
	return []register.Column{
		register.Ref("proof", &r.Proof), register.Ref("subject", &r.Subject), register.State("outcome", &r.Outcome), register.Text("note", &r.Note),
		register.JSON("files", &r.Files), register.Instant("occurred", &r.Occurred), register.Instant("sealed", &r.Sealed), register.Ref("by_account", &r.By),
	}
})
