package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
)

// LeafVersion is the first byte of every leaf.
const LeafVersion = 1

// Sizes of a leaf's parts in bytes.
const (
	SaltSize       = 16
	CommitmentSize = sha256.Size
	LeafSize       = 1 + 2*CommitmentSize
)

// Domain bytes keep a header commitment from ever passing as a payload commitment.
const (
	headerDomain  = 'h'
	payloadDomain = 'p'
)

// Salt hides what a commitment commits to from guessing.
type Salt [SaltSize]byte

func newSalt() (s Salt) {
	if _, err := rand.Read(s[:]); err != nil {
		panic("ledger: no randomness: " + err.Error())
	}
	return s
}

// Commitment is SHA-256(domain || salt || bytes).
type Commitment [CommitmentSize]byte

func commit(domain byte, salt, b []byte) (c Commitment) {
	h := sha256.New()
	h.Write([]byte{domain})
	h.Write(salt)
	h.Write(b)
	h.Sum(c[:0])
	return c
}

// Entry is one aggregate at one revision.
type Entry struct {
	Index   int64
	At      isms.Instant // recorded time
	Kind    string       // room.past_tense, such as document.imported
	Subject isms.ID      // the aggregate
	Rev     int64        // its revision after this entry, from 1; 0 where nothing is revised
	Actor   string       // opaque reference of the person or agent, or "system"
	Means   isms.Means

	HeaderSalt        []byte
	PayloadCommitment []byte
	PayloadSalt       []byte // nil once erased
	Payload           []byte // exact canonical bytes; nil once erased
}

// Erased tells whether the payload was erased.
func (e *Entry) Erased() bool { return e.PayloadSalt == nil }

// Header returns the canonical bytes of the header (RFC 8785 form): no personal data.
func (e *Entry) Header() []byte { return e.appendHeader(make([]byte, 0, 192)) }

func (e *Entry) appendHeader(b []byte) []byte {
	b = append(b, `{"actor":`...)
	b = AppendString(b, e.Actor)
	b = append(b, `,"at":`...)
	b = strconv.AppendInt(b, int64(e.At), 10)
	b = append(b, `,"kind":`...)
	b = AppendString(b, e.Kind)
	b = append(b, `,"means":`...)
	b = AppendString(b, string(e.Means))
	b = append(b, `,"rev":`...)
	b = strconv.AppendInt(b, e.Rev, 10)
	b = append(b, `,"subject":`...)
	b = AppendString(b, string(e.Subject))
	return append(b, '}')
}

// Leaf returns the bytes that the tree's leaf hash is over: version, commitment to the
// header, commitment to the payload.
func (e *Entry) Leaf() []byte {
	h := commit(headerDomain, e.HeaderSalt, e.Header())
	b := make([]byte, 0, LeafSize)
	b = append(b, LeafVersion)
	b = append(b, h[:]...)
	return append(b, e.PayloadCommitment...)
}

// seal draws the salts and computes the commitments of a new entry.
func (e *Entry) seal() {
	hs, ps := newSalt(), newSalt()
	e.HeaderSalt, e.PayloadSalt = hs[:], ps[:]
	c := commit(payloadDomain, e.PayloadSalt, e.Payload)
	e.PayloadCommitment = c[:]
}

// Recommit computes the payload's commitment from payload and salt, for an entry that came from elsewhere.
func (e *Entry) Recommit() {
	c := commit(payloadDomain, e.PayloadSalt, e.Payload)
	e.PayloadCommitment = c[:]
}

// Intact tells whether an entry that was not erased still has the payload that it committed to.
func (e *Entry) Intact() bool {
	if len(e.HeaderSalt) != SaltSize || len(e.PayloadCommitment) != CommitmentSize {
		return false
	}
	if e.Erased() {
		return e.Payload == nil
	}
	return commit(payloadDomain, e.PayloadSalt, e.Payload) == Commitment(e.PayloadCommitment)
}

// hash is the RFC 6962 leaf hash.
func (e *Entry) hash() tlog.Hash { return tlog.RecordHash(e.Leaf()) }

// EntryBundle writes leaves as a C2SP tlog-tiles entry bundle: each behind its length in 16 bits.
func EntryBundle(leaves [][]byte) []byte {
	var b []byte
	for _, l := range leaves {
		b = binary.BigEndian.AppendUint16(b, uint16(len(l)))
		b = append(b, l...)
	}
	return b
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string in the form of RFC 8785.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
