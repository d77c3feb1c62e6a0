package wire

import "holdfast/internal/isms"

// BatchType is the media type of an encoded batch.
const BatchType = "application/vnd.holdfast.batch"

// BatchVersion is the version of the batch format, for ever the first it speaks.
const BatchVersion = 1

// BatchHeader is what the looker signs: who, which batch in its sequence, and the root
// over all its observations. Fields stand in the order of their JSON names, so that
// the plain encoding is canonical (RFC 8785). Package probe makes and checks it.
type BatchHeader struct {
	Agent    isms.ID      `json:"agent"`         // who looked
	Body     string       `json:"body"`          // SHA-256 of the uncompressed body, hex
	Count    int          `json:"count"`         // number of observations
	Epoch    int64        `json:"epoch"`         // grows with each life of the agent; below 2^53
	Gaps     []Gap        `json:"gaps,omitzero"` // what the agent had to drop before this batch
	Made     isms.Instant `json:"made"`          // by the agent's clock
	Root     string       `json:"root"`          // RFC 6962 root over the salted commitments, hex
	Sequence int64        `json:"sequence"`      // 1, 2, 3 … within the epoch
	Size     int          `json:"size"`          // length of the uncompressed body in bytes
	Version  int          `json:"version"`
}

// Gap is a signed admission of loss: observations that were made and never sent.
type Gap struct {
	Check string       `json:"check"` // empty: of any check
	Count int64        `json:"count"`
	From  isms.Instant `json:"from"` // when the first and last of them occurred
	Until isms.Instant `json:"until"`
}

// BatchProof proves one observation of a batch without the others.
type BatchProof struct {
	Header      BatchHeader `json:"header"`
	Index       int         `json:"index"`
	Observation string      `json:"observation"` // its exact canonical bytes
	Path        []string    `json:"path"`        // RFC 6962 audit path, leaf to root, hex
	Salt        string      `json:"salt"`        // hex
	Signature   string      `json:"signature"`   // Ed25519 over the signed header, hex
}
