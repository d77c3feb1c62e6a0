package page

import "holdfast/internal/isms"

// Evidence is the page of one observation or sealed record: what was seen, when,
// and the proof that the record was not changed since.
type Evidence struct {
	Base
	What        string // name of the proof
	Subject     string
	Kind        string // observation, record, book: keys of evidence.kind.*
	Verdict     isms.Verdict
	Reasons     []isms.Reason
	Facts       []Fact
	Source      []Fact // probe, command, exit code
	Digest      string // of the raw output, SHA-256
	RawSize     int64
	RawURL      string // where the raw output can be fetched; empty if it was not kept
	Times       Times
	By          string // the agent or the person
	SealedBy    string // the person who sealed it with a fresh second factor
	Files       []File
	Clauses     []ClauseRef // that rest on it
	Entry       EntryLink
	LeafHash    string
	Item        int // within a batch; -1 if the entry is this record alone
	Inclusion   Inclusion
	BundleURL   string
	VerifyLines []string // commands that verify the bundle elsewhere
}

// Fact is a named value as the probe yielded it.
type Fact struct {
	Name  string
	Value string
	Odd   bool // the one that decided against the verdict
}

// Times are the three times that every record has.
type Times struct{ Observed, Received, Recorded isms.Instant }

// File is an attachment of a record.
type File struct {
	Name   string
	Size   int64
	Digest string
	URL    string
}

// ClauseRef is a clause that rests on the evidence.
type ClauseRef struct {
	Number  string
	Text    Words
	URL     string
	Verdict isms.Verdict
}

// Inclusion is the Merkle proof (RFC 6962 section 2.1.1) for the entry's leaf.
type Inclusion struct {
	Index      int
	Size       int // of the tree
	Path       []string
	Root       string
	Checkpoint string // signed note, verbatim
}

// EvidenceList is what was seen lately, newest first.
type EvidenceList struct {
	Base
	Rows   []EvidenceRow
	Chips  []Chip
	Search string
	Pager  Pager
}

// EvidenceRow is one row of it.
type EvidenceRow struct {
	What    string
	Subject string
	Kind    string
	Verdict isms.Verdict
	At      isms.Instant
	Entry   EntryLink
	URL     string
}

func (v *Evidence) evidenceOver() []string {
	out := []string{v.T("evidence.kind." + v.Kind)}
	if v.Subject != "" {
		out = append(out, v.Subject)
	}
	return out
}
