package probe

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/wire"
)

// A batch is what an agent, and the built-in one, hands in. Encoded it is
//
//	header as one line of canonical JSON (wire.BatchHeader)
//	Ed25519 signature over "holdfast-batch/1\n" and that line without its end, base64
//	the body, compressed with zstd
//
// The body is one line for each observation: its salt in base64, a space and its
// canonical JSON. An observation's commitment is SHA-256('o' || salt || JSON); the
// leaves of the RFC 6962 tree are the byte 1 and the commitment. So one observation
// can be proven without showing the rest, and the rest cannot be guessed from the proof.
type Batch struct {
	Header    wire.BatchHeader
	Signature []byte
	items     []item
}

type item struct {
	salt [saltSize]byte
	json []byte
}

const (
	saltSize     = 16
	domain       = 'o' // the ledger uses 'h' and 'p': no commitment passes for another kind
	leafVersion  = 1
	signedPrefix = "holdfast-batch/1\n"

	// MaxBatch and MaxBody bound what DecodeBatch takes: observations and bytes.
	MaxBatch = 1 << 14
	MaxBody  = 32 << 20
	maxHead  = 64 << 10
)

// Seal makes and signs a batch. Of the header it takes Agent, Epoch, Sequence, Made and
// Gaps; the rest it computes.
func Seal(key ed25519.PrivateKey, header wire.BatchHeader, observations []Observation) (*Batch, error) {
	if len(observations) == 0 || len(observations) > MaxBatch {
		return nil, isms.Errorf(isms.Invalid, "probe.batch_count")
	}
	b := &Batch{Header: header, items: make([]item, len(observations))}
	for i, o := range observations {
		if _, err := rand.Read(b.items[i].salt[:]); err != nil {
			return nil, fmt.Errorf("seal batch: %w", err)
		}
		var err error
		if b.items[i].json, err = o.Canonical(); err != nil {
			return nil, fmt.Errorf("seal observation %d: %w", i, err)
		}
	}
	return b, b.seal(key)
}

// seal computes the header's sums and signs it.
func (b *Batch) seal(key ed25519.PrivateKey) error {
	body := b.body()
	if len(body) > MaxBody {
		return isms.Errorf(isms.Invalid, "probe.batch_size")
	}
	sum := sha256.Sum256(body)
	root, err := b.root()
	if err != nil {
		return err
	}
	h := &b.Header
	h.Version, h.Count, h.Size = wire.BatchVersion, len(b.items), len(body)
	h.Body, h.Root = hex.EncodeToString(sum[:]), hex.EncodeToString(root[:])
	line, err := headerLine(*h)
	if err != nil {
		return err
	}
	b.Signature = ed25519.Sign(key, signed(line))
	return nil
}

// Canonical is the observation as RFC 8785 JSON: the bytes that are committed to.
func (o Observation) Canonical() ([]byte, error) {
	if o.Facts == nil {
		o.Facts = Facts{}
	}
	return json.Marshal(o)
}

func headerLine(h wire.BatchHeader) ([]byte, error) { return json.Marshal(h) }

func signed(line []byte) []byte { return append([]byte(signedPrefix), line...) }

func (b *Batch) body() []byte {
	var out bytes.Buffer
	for _, it := range b.items {
		out.WriteString(base64.RawStdEncoding.EncodeToString(it.salt[:]))
		out.WriteByte(' ')
		out.Write(it.json)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// leaf is the hash of one observation in the tree.
func (it item) leaf() tlog.Hash {
	h := sha256.New()
	h.Write([]byte{domain})
	h.Write(it.salt[:])
	h.Write(it.json)
	return tlog.RecordHash(h.Sum([]byte{leafVersion}))
}

// hashes holds the stored hashes of a tree in memory.
type hashes []tlog.Hash

// ReadHashes serves package tlog.
func (s hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(s)) {
			return nil, errors.New("hash outside the batch")
		}
		out[i] = s[x]
	}
	return out, nil
}

func (b *Batch) tree() (hashes, error) {
	var s hashes
	for i, it := range b.items {
		more, err := tlog.StoredHashesForRecordHash(int64(i), it.leaf(), s)
		if err != nil {
			return nil, fmt.Errorf("hash batch: %w", err)
		}
		s = append(s, more...)
	}
	return s, nil
}

func (b *Batch) root() (tlog.Hash, error) {
	s, err := b.tree()
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.TreeHash(int64(len(b.items)), s)
}

// Encode writes the batch.
func (b *Batch) Encode() ([]byte, error) {
	line, err := headerLine(b.Header)
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	defer z.Close()
	out := append(line, '\n')
	out = base64.StdEncoding.AppendEncode(out, b.Signature)
	out = append(out, '\n')
	return z.EncodeAll(b.body(), out), nil
}

// DecodeBatch reads a batch and checks that header and body belong together. Whether
// the agent signed it, Verify says; whether (epoch, sequence) may come now, the server.
func DecodeBatch(raw []byte) (*Batch, error) {
	bad := func(err error) (*Batch, error) {
		return nil, isms.Errorf(isms.Invalid, "probe.batch_malformed").Because(err)
	}
	head, rest, ok := bytes.Cut(raw[:min(len(raw), maxHead)], []byte("\n"))
	if !ok {
		return bad(errors.New("no header"))
	}
	b := &Batch{}
	if err := json.Unmarshal(head, &b.Header, json.RejectUnknownMembers(true)); err != nil {
		return bad(err)
	}
	if again, err := headerLine(b.Header); err != nil || !bytes.Equal(again, head) {
		return bad(errors.New("header is not canonical"))
	}
	sig, _, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return bad(errors.New("no signature"))
	}
	var err error
	if b.Signature, err = base64.StdEncoding.Strict().DecodeString(string(sig)); err != nil || len(b.Signature) != ed25519.SignatureSize {
		return bad(errors.New("signature is malformed"))
	}
	h := b.Header
	if h.Version != wire.BatchVersion || h.Count < 1 || h.Count > MaxBatch || h.Size < 1 || h.Size > MaxBody || h.Epoch < 0 || h.Sequence < 1 || h.Epoch >= 1<<53 || h.Sequence >= 1<<53 {
		return bad(errors.New("header is out of range"))
	}
	body, err := inflate(raw[len(head)+1+len(sig)+1:], h.Size)
	if err != nil {
		return bad(err)
	}
	if err := b.fill(body); err != nil {
		return bad(err)
	}
	return b, nil
}

// inflate decompresses exactly size bytes.
func inflate(z []byte, size int) ([]byte, error) {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(size, 1<<20))), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	body, err := r.DecodeAll(z, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("inflate body: %w", err)
	}
	if len(body) != size {
		return nil, errors.New("body has another size than the header says")
	}
	return body, nil
}

// fill takes the observations of a body and checks them against the header.
func (b *Batch) fill(body []byte) error {
	sum := sha256.Sum256(body)
	if hex.EncodeToString(sum[:]) != b.Header.Body {
		return errors.New("body has another digest than the header says")
	}
	for len(body) > 0 {
		line, rest, ok := bytes.Cut(body, []byte("\n"))
		salt, text, sep := bytes.Cut(line, []byte(" "))
		it := item{json: text}
		n, err := base64.RawStdEncoding.Strict().Decode(it.salt[:], append(make([]byte, 0, 24), salt[:min(len(salt), 22)]...))
		if !ok || !sep || err != nil || n != saltSize || len(salt) != 22 || len(b.items) == b.Header.Count {
			return errors.New("body is malformed")
		}
		b.items, body = append(b.items, it), rest
	}
	if len(b.items) != b.Header.Count {
		return errors.New("body has another number of observations than the header says")
	}
	root, err := b.root()
	if err != nil {
		return err
	}
	if hex.EncodeToString(root[:]) != b.Header.Root {
		return errors.New("observations have another root than the header says")
	}
	return nil
}

// Verify tells whether the holder of the key signed the batch.
func (b *Batch) Verify(key ed25519.PublicKey) error {
	line, err := headerLine(b.Header)
	if err != nil {
		return fmt.Errorf("verify batch: %w", err)
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, signed(line), b.Signature) {
		return isms.Errorf(isms.Forbidden, "probe.batch_signature")
	}
	return nil
}

// Len is the number of observations.
func (b *Batch) Len() int { return len(b.items) }

// Observation reads observation i, from 0. It fails on bytes that are not canonical.
func (b *Batch) Observation(i int) (Observation, error) {
	if i < 0 || i >= len(b.items) {
		return Observation{}, isms.Errorf(isms.NotFound, "probe.batch_item")
	}
	return parseObservation(b.items[i].json)
}

func parseObservation(text []byte) (Observation, error) {
	var o Observation
	if err := json.Unmarshal(text, &o, json.RejectUnknownMembers(true)); err != nil {
		return Observation{}, isms.Errorf(isms.Invalid, "probe.observation_malformed").Because(err)
	}
	if again, err := o.Canonical(); err != nil || !bytes.Equal(again, text) {
		return Observation{}, isms.Errorf(isms.Invalid, "probe.observation_malformed").Because(errors.New("not canonical"))
	}
	return o, nil
}
