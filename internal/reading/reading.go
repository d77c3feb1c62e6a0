// Package reading takes a policy apart: bytes of a text, Markdown, HTML, Word,
// OpenDocument or PDF file go in, clauses come out, each with what it binds to,
// how often, by when, for how long, and the words that decided so. It owns the
// words reading, clause text, lead-in, omitted and lexicon. It is deterministic,
// needs no network and no model, and keeps nothing.
//
// Floor 0.
package reading

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/text/unicode/norm"

	"holdfast/internal/isms"
)

// Kind says how a clause speaks.
type Kind string

// The five kinds of clauses.
const (
	Must    Kind = "must"     // an obligation
	MustNot Kind = "must_not" // a ban
	Does    Kind = "does"     // a promise in the present tense, or a bare measure
	May     Kind = "may"      // a permission; it binds only with a limit
	Context Kind = "context"  // purpose, scope, definition, reference, explanation
)

// Version is what the document says about its own version.
type Version struct {
	Label string    `json:"label"` // for example "2.1"; empty if none
	Date  isms.Date `json:"date"`  // empty if none
}

// Proposal is a control proposed for a clause.
type Proposal struct {
	ID      string      `json:"id"`
	Score   float64     `json:"score"`
	Because isms.Reason `json:"because"`
}

// Clause is one sentence, list item or table row of a document.
type Clause struct {
	N         int           `json:"n"`      // 1-based, in reading order
	Line      int           `json:"line"`   // 1-based line, paragraph (Word, OpenDocument) or page (PDF) of its first word
	Number    string        `json:"number"` // the author's own number or letter; empty if none
	Path      []string      `json:"path"`   // headings above it, outermost first
	Text      string        `json:"text"`   // its words, blanks folded, in NFC
	Kind      Kind          `json:"kind"`
	Normative bool          `json:"normative"` // binds or promises
	Because   []isms.Reason `json:"because"`   // which words decided
	Theme     string        `json:"theme"`     // one of Themes; empty for a language that is not read
	Cadence   string        `json:"cadence"`   // ISO 8601 duration, "event", "continuous" or empty
	Deadline  string        `json:"deadline"`  // ISO 8601 duration or empty
	Retention string        `json:"retention"` // ISO 8601 duration or empty
	Actor     string        `json:"actor"`     // who acts, in the clause's own words; empty if unsaid
	Parts     []string      `json:"parts"`     // separately provable pieces of a compound promise
	Controls  []Proposal    `json:"controls"`  // filled by the caller
}

// Omitted is a line that is no clause and the reason why.
type Omitted struct {
	Line    int         `json:"line"`
	Text    string      `json:"text"`
	Because isms.Reason `json:"because"`
}

// Reading is what was found in one file.
type Reading struct {
	File     string        `json:"file"`
	Language isms.Language `json:"language"`
	Title    string        `json:"title"`
	Version  Version       `json:"version"`
	Clauses  []Clause      `json:"clauses"`
	Omitted  []Omitted     `json:"omitted"`
	Warnings []isms.Reason `json:"warnings,omitempty"`
}

// Options steer a reading. The zero value detects language and format.
type Options struct {
	Language isms.Language // English, German, Slovenian; empty to detect
	MaxBytes int64         // largest file taken; DefaultMaxBytes if zero
	CacheDir string        // keeps PDFium's compiled code between readings; compiled each time if empty
}

// DefaultMaxBytes is the largest file that is taken, and the most that an
// archive may unpack to in all.
const DefaultMaxBytes = 64 << 20

// Themes are the nineteen main themes of clauses.
var Themes = []string{
	"access-identity", "architecture-tenancy", "assets-classification", "audit-compliance",
	"backup-continuity", "clock", "cryptography", "governance", "incident-breach",
	"logging-monitoring", "operations-change", "partners-customers", "people-training",
	"physical-visitors", "policy-documents", "privacy-rights", "risk", "suppliers",
	"vulnerability-testing",
}

// Read takes the file name with the given bytes apart in this process. Foreign
// files belong into ReadSandboxed. Errors are isms.Error of kind Invalid whose
// code begins with "reading.".
func Read(ctx context.Context, name string, data []byte, opt Options) (*Reading, error) {
	most := opt.MaxBytes
	if most == 0 {
		most = DefaultMaxBytes
	}
	if int64(len(data)) > most {
		return nil, tooLarge(name)
	}
	blocks, err := readBlocks(ctx, name, data, most, opt.CacheDir)
	if err != nil {
		return nil, err
	}
	return readDocument(ctx, name, blocks, opt)
}

func tooLarge(name string) error {
	return isms.Errorf(isms.Invalid, "reading.too_large", "file", name)
}

// TextDigest is the identity of a clause text: the SHA-256 in hexadecimal of
// its words in Unicode normal form C with every run of blanks folded to one.
func TextDigest(text string) string {
	sum := sha256.Sum256([]byte(fold(text)))
	return hex.EncodeToString(sum[:])
}

// fold brings text into NFC and folds blanks, soft hyphens and zero-width marks.
func fold(text string) string {
	text = strings.Map(func(r rune) rune {
		switch r {
		case '\u00ad', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff':
			return -1
		case '\u00a0', '\u202f', '\u2007', '\u2009':
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(norm.NFC.String(text)), " ")
}
