package wire

import (
	"time"

	"holdfast/internal/isms"
)

// Ledger says how far a ledger reaches and who signs it.
type Ledger struct {
	Origin      string       `json:"origin" doc:"First line of the checkpoints of the present generation."`
	VerifierKey string       `json:"verifier_key" doc:"Public key in the form of C2SP signed-note."`
	Size        int64        `json:"size" minimum:"0" doc:"Number of entries of all generations: the index that the next one gets."`
	RecordedAt  time.Time    `json:"recorded_at,omitzero" doc:"Recorded time of the last entry."`
	Checkpoint  string       `json:"checkpoint" doc:"Signed checkpoint (C2SP tlog-checkpoint) of the present generation."`
	Generations []Generation `json:"generations" nullable:"false" doc:"Every tree of the ledger, oldest first. A restore that lost entries opens a new one."`
}

// Generation is one tree of a ledger.
type Generation struct {
	Generation  int64  `json:"generation" minimum:"1"`
	Origin      string `json:"origin"`
	Start       int64  `json:"start" minimum:"0" doc:"Index of its first entry."`
	VerifierKey string `json:"verifier_key"`
}

// Entry is one record at one revision, with all that is needed to compute its leaf.
type Entry struct {
	Index             int64      `json:"index" minimum:"0"`
	RecordedAt        time.Time  `json:"recorded_at"`
	Kind              string     `json:"kind" example:"document.imported"`
	Subject           isms.ID    `json:"subject" doc:"The record."`
	Revision          int64      `json:"rev" minimum:"0" doc:"Its revision after this entry; 0 where nothing is revised."`
	Actor             string     `json:"actor" doc:"Reference of the person, agent or system that acted; no name."`
	Means             isms.Means `json:"means" enum:"session,token,agent,system"`
	Erased            bool       `json:"erased" doc:"The payload was erased; the leaf still commits to it."`
	Header            string     `json:"header" doc:"Exact bytes of the header."`
	HeaderSalt        []byte     `json:"header_salt"`
	Payload           string     `json:"payload,omitempty" doc:"Exact bytes of the after-image, JSON in canonical form (RFC 8785)."`
	PayloadSalt       []byte     `json:"payload_salt,omitempty"`
	PayloadCommitment []byte     `json:"payload_commitment" doc:"SHA-256 of the byte p, the salt and the payload."`
	LeafHash          []byte     `json:"leaf_hash" doc:"RFC 6962 hash of the leaf: the byte 1, the commitment to the header, the commitment to the payload."`
}

// Inclusion proves that an entry is in a tree of a size.
type Inclusion struct {
	Index      int64    `json:"index" minimum:"0" doc:"Index of the entry over all generations."`
	Generation int64    `json:"generation" minimum:"1"`
	Origin     string   `json:"origin"`
	LeafIndex  int64    `json:"leaf_index" minimum:"0" doc:"Index of the leaf in its generation's tree."`
	TreeSize   int64    `json:"tree_size" minimum:"1" doc:"Leaves of the tree that the proof is for."`
	LeafHash   []byte   `json:"leaf_hash"`
	Path       [][]byte `json:"path" nullable:"false" doc:"Hashes from the leaf to the root (RFC 6962 section 2.1.1)."`
	Checkpoint string   `json:"checkpoint,omitempty" doc:"Signed checkpoint of exactly this size, where one is kept."`
}

// Consistency proves that a tree continues an earlier one.
type Consistency struct {
	Generation int64    `json:"generation" minimum:"1"`
	Origin     string   `json:"origin"`
	From       int64    `json:"from" minimum:"1"`
	To         int64    `json:"to" minimum:"1"`
	Path       [][]byte `json:"path" nullable:"false" doc:"RFC 6962 section 2.1.2."`
}
