// Package policy keeps the texts that make claims: documents, their versions and the words
// in each language, taken apart into clauses with an identity that outlives versions. It owns
// the words document, version, text, clause, clause text, alignment and correction.
//
// A document is our own policy as well as a public summary, a standard, a law, a contract, a
// partner's requirement or a questionnaire. What a person corrected in a reading survives
// every re-reading, because a correction is kept beside the words that it corrects.
//
// Floor 2.
package policy

import (
	"context"
	"embed"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/reading"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what this room keeps in an organisation's database.
var Schema = store.Schema{Room: "policy", Files: files}

// Prefixes of ids that only this room makes.
const (
	AlignmentPrefix  = "aln"
	CorrectionPrefix = "cor"
)

// Room holds the verbs over one organisation's documents.
type Room struct {
	Log *ledger.Log
	// Zone is where the organisation's days begin. Nil: UTC.
	Zone *time.Location
}

// allow asks the decision table whether the actor may do an act on a record of ours.
func (r *Room) allow(actor isms.Actor, act people.Act, rec people.Record) error {
	rec.Place = r.Log.DB.Name
	return people.Allow(actor, act, rec, r.Log.Clock.Now())
}

// allowIn is allow for a record of a document, which its owner may edit.
func (r *Room) allowIn(ctx context.Context, tx *store.Tx, actor isms.Actor, act people.Act, document isms.ID) error {
	d, err := Documents.Get(ctx, tx, document)
	if err != nil {
		return err
	}
	return r.allow(actor, act, people.Record{Owner: d.Owner})
}

func (r *Room) zone() *time.Location {
	if r.Zone == nil {
		return time.UTC
	}
	return r.Zone
}

// DocumentKind says what sort of text a document is.
type DocumentKind string

// The kinds of documents.
const (
	Policy        DocumentKind = "policy"
	Summary       DocumentKind = "summary" // public summary with a parent
	Standard      DocumentKind = "standard"
	Law           DocumentKind = "law"
	Contract      DocumentKind = "contract"
	Requirement   DocumentKind = "requirement" // of a partner
	Questionnaire DocumentKind = "questionnaire"
)

var documentKinds = map[DocumentKind]bool{Policy: true, Summary: true, Standard: true, Law: true, Contract: true, Requirement: true, Questionnaire: true}

// Document is a text that makes claims.
type Document struct {
	register.Row
	Name           isms.Text    `json:"name"`
	Kind           DocumentKind `json:"kind"`
	Parent         isms.ID      `json:"parent"`          // of a summary: the document that it sums up
	Standing       isms.ID      `json:"standing"`        // version that its Statement is about: in force, else the newest
	InForce        bool         `json:"in_force"`        // Standing is in force
	ReviewEvery    isms.Period  `json:"review_every"`    // how often it must be reviewed
	ReviewDue      isms.Date    `json:"review_due"`      // next review
	ReviewRequired bool         `json:"review_required"` // a summary whose parent changed
	Owner          isms.ID      `json:"owner"`
}

// Documents is the register of documents.
var Documents = register.Declare("policy_document", isms.DocumentPrefix, func(d *Document) []register.Column {
	return []register.Column{
		register.JSON("name", &d.Name), register.State("kind", &d.Kind), register.Ref("parent", &d.Parent),
		register.Ref("standing", &d.Standing), register.Bool("in_force", &d.InForce), register.Period("review_every", &d.ReviewEvery),
		register.Date("review_due", &d.ReviewDue), register.Bool("review_required", &d.ReviewRequired), register.Ref("owner", &d.Owner),
	}
})

// Version is one version of a document with its states and dates.
type Version struct {
	register.Row
	Document  isms.ID      `json:"document"`
	Number    int64        `json:"number"` // counts from 1 in the document
	Label     string       `json:"label"`  // as the text calls itself
	State     State        `json:"state"`
	Reason    string       `json:"reason"`    // why it was made or sent back
	Approver  string       `json:"approver"`  // as declared on adoption, else the approving account
	Adopted   bool         `json:"adopted"`   // was in force before Holdfast: its approval is declared, not observed
	Submitted isms.ID      `json:"submitted"` // account that put it to approval
	Approved  isms.Date    `json:"approved"`
	Published isms.Date    `json:"published"`
	Effective isms.Date    `json:"effective"` // first day in force
	Ended     isms.Date    `json:"ended"`     // first day no longer in force
	Recorded  isms.Instant `json:"recorded"`  // when it came in
}

// Versions is the register of versions.
var Versions = register.Declare("policy_version", isms.VersionPrefix, func(v *Version) []register.Column {
	return []register.Column{
		register.Ref("document", &v.Document), register.Int("number", &v.Number), register.Text("label", &v.Label),
		register.State("state", &v.State), register.Text("reason", &v.Reason), register.Text("approver", &v.Approver),
		register.Bool("adopted", &v.Adopted), register.Ref("submitted", &v.Submitted), register.Date("approved", &v.Approved),
		register.Date("published", &v.Published), register.Date("effective", &v.Effective), register.Date("ended", &v.Ended),
		register.Instant("recorded", &v.Recorded),
	}
})

// Text is a version's text in one language.
type Text struct {
	register.Row
	Document isms.ID       `json:"document"`
	Version  isms.ID       `json:"version"`
	Language isms.Language `json:"language"`
	Source   bool          `json:"source"` // the language that binds; others are translations
	Title    string        `json:"title"`
	File     File          `json:"file"`    // the original, as it came
	Omitted  []Omitted     `json:"omitted"` // what is no clause: headings, menus, addresses
}

// File points at kept bytes.
type File struct {
	Digest string `json:"digest"` // SHA-256, hex; empty: none
	Name   string `json:"name"`
	Size   int64  `json:"size"`
}

// Omitted is a piece of the original that is no clause, shown struck through.
type Omitted struct {
	Line    int         `json:"line"`
	Text    string      `json:"text"`
	Because isms.Reason `json:"because"`
}

// Texts is the register of texts.
var Texts = register.Declare("policy_text", isms.TextPrefix, func(t *Text) []register.Column {
	return []register.Column{
		register.Ref("document", &t.Document), register.Ref("version", &t.Version), register.Text("language", &t.Language),
		register.Bool("source", &t.Source), register.Text("title", &t.Title), register.JSON("file", &t.File), register.JSON("omitted", &t.Omitted),
	}
})

// Clause is the identity of a sentence within a document, across versions and languages.
type Clause struct {
	register.Row
	Document isms.ID `json:"document"`
	Owner    isms.ID `json:"owner"`
	Deputy   isms.ID `json:"deputy"`
}

// Clauses is the register of clauses.
var Clauses = register.Declare("policy_clause", isms.ClausePrefix, func(c *Clause) []register.Column {
	return []register.Column{register.Ref("document", &c.Document), register.Ref("owner", &c.Owner), register.Ref("deputy", &c.Deputy)}
})

// Sentence is what reading finds out about one sentence, list item or table row.
type Sentence struct {
	Line      int           `json:"line"`   // 1-based line of its first word; page for PDF
	Number    string        `json:"number"` // as the text numbers it
	Path      []string      `json:"path"`   // headings above it
	Text      string        `json:"text"`
	Kind      string        `json:"kind"`      // must, must_not, does, may or context
	Normative bool          `json:"normative"` // it binds or promises
	Theme     string        `json:"theme"`
	Cadence   string        `json:"cadence"`   // ISO 8601 duration, "event", "continuous" or empty
	Deadline  string        `json:"deadline"`  // ISO 8601 duration
	Retention string        `json:"retention"` // ISO 8601 duration
	Actor     string        `json:"actor"`
	Parts     []string      `json:"parts"` // separately provable pieces of a compound promise
	Because   []isms.Reason `json:"because"`
}

// ClauseText is a clause's words in one version and language, with its reading.
type ClauseText struct {
	register.Row
	Clause   isms.ID `json:"clause"` // empty: a translation that nobody aligned yet
	Document isms.ID `json:"document"`
	Version  isms.ID `json:"version"`
	TextID   isms.ID `json:"text_id"`
	N        int64   `json:"n"`    // place in the text, from 1, with gaps after corrections
	Hash     string  `json:"hash"` // of the words: see Hash
	Sentence
	Corrected bool `json:"corrected"` // a person corrected this reading
}

// ClauseTexts is the register of clause texts.
var ClauseTexts = register.Declare("policy_clause_text", isms.ClauseTextPrefix, func(c *ClauseText) []register.Column {
	return []register.Column{
		register.Ref("clause", &c.Clause), register.Ref("document", &c.Document), register.Ref("version", &c.Version),
		register.Ref("text_id", &c.TextID), register.Int("n", &c.N), register.Text("hash", &c.Hash),
		register.State("kind", &c.Kind), register.Bool("normative", &c.Normative), register.State("theme", &c.Theme),
		register.JSON("sentence", &c.Sentence), register.Bool("corrected", &c.Corrected),
	}
})

// Hash is the identity of words: reading.TextDigest.
func Hash(words string) string { return reading.TextDigest(words) }
