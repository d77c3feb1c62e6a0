package evidence

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
	"holdfast/internal/wire"
)

// Receipt answers a batch: from now on the sender may forget it.
type Receipt struct {
	Batch     isms.ID `json:"batch"`
	Entry     int64   `json:"entry"`
	Duplicate bool    `json:"duplicate"` // it had been taken before
}

// Taken is the payload of the entry of a batch. Its fields stand in the order of their JSON names.
type Taken struct {
	Agent    isms.ID      `json:"agent"`
	Digest   string       `json:"digest"` // SHA-256 of the batch as it came, hex
	Epoch    int64        `json:"epoch"`
	Items    int          `json:"items"`
	Lost     int64        `json:"lost"`   // observations that the agent admits to have dropped
	Proofs   []isms.ID    `json:"proofs"` // that the observations answer, sorted
	Received isms.Instant `json:"received"`
	Root     string       `json:"root"` // over the observations, hex
	Sequence int64        `json:"sequence"`
	Turned   []isms.ID    `json:"turned"` // of these, those about which something else is said than before
}

// BatchReceived is the kind of the entry of a batch.
const BatchReceived = "evidence.batch_received"

// Receive takes an encoded batch of an enrolled agent: durable when it returns. A batch that
// came before is dropped and answered as then. One with another content under the same number,
// or from an earlier life of the agent, is refused with code evidence.rolled_back, and the
// refusal is a finding. Other errors: evidence.agent_unknown, and those of package probe.
func (r *Room) Receive(ctx context.Context, raw []byte) (Receipt, error) {
	in := incoming{room: r, raw: raw, received: r.Log.Clock.Now()}
	if err := in.open(ctx); err != nil {
		return Receipt{}, err
	}
	var out Receipt
	var refused error
	actor := isms.Actor{Means: isms.ByAgent, Via: in.agent}
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) (err error) {
		out, refused, err = in.take(ctx, tx)
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	return out, refused
}

// incoming is a batch on its way in.
type incoming struct {
	room     *Room
	raw      []byte
	digest   string
	received isms.Instant
	agent    isms.ID
	header   wire.BatchHeader
	seen     []probe.Observation
}

// open decodes and checks the batch before anything is locked.
func (in *incoming) open(ctx context.Context) error {
	b, err := probe.DecodeBatch(in.raw)
	if err != nil {
		return err
	}
	in.header, in.agent = b.Header, b.Header.Agent
	var agent Agent
	err = in.room.Log.Read(ctx, func(tx *store.Tx) (err error) { agent, err = Agents.Get(ctx, tx, in.agent); return err })
	if isms.KindOf(err) == isms.NotFound || err == nil && agent.State != Active {
		return isms.Errorf(isms.Forbidden, "evidence.agent_unknown")
	}
	if err != nil {
		return err
	}
	key, err := hex.DecodeString(agent.PublicKey)
	if err != nil {
		return fmt.Errorf("key of %s: %w", agent.ID, err)
	}
	if err := b.Verify(ed25519.PublicKey(key)); err != nil {
		return err
	}
	in.seen = make([]probe.Observation, b.Len())
	for i := range in.seen {
		if in.seen[i], err = b.Observation(i); err != nil {
			return err
		}
	}
	sum := sha256.Sum256(in.raw)
	in.digest = hex.EncodeToString(sum[:])
	return nil
}

func (in *incoming) take(ctx context.Context, tx *ledger.Tx) (out Receipt, refused, err error) {
	h := in.header
	var had string
	err = tx.Row(ctx, []any{&out.Batch, &out.Entry, &had}, `SELECT id, idx, digest FROM evidence_batch WHERE agent = $1 AND epoch = $2 AND sequence = $3`,
		string(in.agent), h.Epoch, h.Sequence)
	switch {
	case err == nil && had == in.digest:
		out.Duplicate = true
		return out, nil, nil
	case err == nil:
		refused, err = in.rolledBack(ctx, tx, isms.Because("evidence.sent_twice", "sequence", strconv.FormatInt(h.Sequence, 10)))
		return Receipt{}, refused, err
	case err != store.ErrNoRow:
		return out, nil, err
	}
	var epoch int64
	if err := tx.Row(ctx, []any{&epoch}, `SELECT COALESCE(MAX(epoch), 0) FROM evidence_batch WHERE agent = $1`, string(in.agent)); err != nil {
		return out, nil, err
	}
	if h.Epoch < epoch {
		refused, err = in.rolledBack(ctx, tx, isms.Because("evidence.earlier_life", "epoch", strconv.FormatInt(h.Epoch, 10), "known", strconv.FormatInt(epoch, 10)))
		return Receipt{}, refused, err
	}
	out = Receipt{Batch: isms.NewID(isms.BatchPrefix, tx.At), Entry: tx.Next()}
	return out, nil, in.write(ctx, tx, out)
}

// write keeps the batch, its looks and its one entry.
func (in *incoming) write(ctx context.Context, tx *ledger.Tx, out Receipt) error {
	h := in.header
	p := Taken{Agent: in.agent, Digest: in.digest, Epoch: h.Epoch, Items: len(in.seen), Received: in.received, Root: h.Root, Sequence: h.Sequence, Proofs: []isms.ID{}, Turned: []isms.ID{}}
	for _, g := range h.Gaps {
		p.Lost += g.Count
	}
	answers := make([][]Answer, len(in.seen))
	if in.room.Judge != nil {
		var err error
		if answers, err = in.room.Judge(ctx, tx.Tx, in.seen); err != nil {
			return err
		}
	}
	var pairs []pair
	for _, as := range answers {
		for _, a := range as {
			pairs = append(pairs, pair{a.Proof, a.Subject})
		}
	}
	pages, err := newTaking(ctx, tx, pairs)
	if err != nil {
		return err
	}
	for i, o := range in.seen {
		for _, a := range answers[i] {
			p.Proofs = append(p.Proofs, a.Proof)
			if pages.add(a.Look(&o, in.received, tx.At, verdict.Ref{Entry: out.Entry, Item: i})) {
				p.Turned = append(p.Turned, a.Proof)
			}
		}
	}
	if err := pages.write(ctx); err != nil {
		return err
	}
	slices.Sort(p.Proofs)
	slices.Sort(p.Turned)
	p.Proofs, p.Turned = slices.Compact(p.Proofs), slices.Compact(p.Turned)
	payload, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("entry of batch: %w", err)
	}
	if idx := tx.Append(BatchReceived, out.Batch, 1, payload); idx != out.Entry {
		return isms.Errorf(isms.Internal, "evidence.entry_moved")
	}
	_, err = tx.Exec(ctx, `INSERT INTO evidence_batch (id, idx, agent, epoch, sequence, received, items, digest, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(out.Batch), out.Entry, string(in.agent), h.Epoch, h.Sequence, int64(in.received), len(in.seen), in.digest, in.raw)
	return err
}

// Look is the look that an answer to an observation of a batch makes.
func (a Answer) Look(o *probe.Observation, received, recorded isms.Instant, ref verdict.Ref) verdict.Look {
	return verdict.Look{Proof: a.Proof, Subject: a.Subject, Outcome: a.Outcome, Measures: a.Measures, Reasons: a.Reasons,
		Observed: max(o.Occurred, 1), Received: received, Recorded: recorded, Ref: ref}
}

// rolledBack writes the finding that the agent's state was set back or copied.
func (in *incoming) rolledBack(ctx context.Context, tx *ledger.Tx, why isms.Reason) (refused, err error) {
	refused = isms.Errorf(isms.Conflict, "evidence.rolled_back")
	known, err := Findings.Where(ctx, tx.Tx, `agent = $2 AND digest = $3`, 1, string(in.agent), in.digest)
	if err != nil || len(known) > 0 {
		return refused, err
	}
	return refused, Findings.Add(ctx, tx, "evidence.rollback_found", &Finding{
		Agent: in.agent, Epoch: in.header.Epoch, Sequence: in.header.Sequence, Digest: in.digest, Because: why, Found: tx.At,
	})
}

// BatchAt returns the batch that an entry took, as it came.
func BatchAt(ctx context.Context, tx *store.Tx, entry int64) (*probe.Batch, error) {
	var raw []byte
	err := tx.Row(ctx, []any{&raw}, `SELECT body FROM evidence_batch WHERE idx = $1`, entry)
	if err == store.ErrNoRow {
		return nil, isms.Errorf(isms.NotFound, "evidence.no_batch")
	}
	if err != nil {
		return nil, err
	}
	return probe.DecodeBatch(raw)
}

// ObservationAt returns one observation of the batch that an entry took.
func ObservationAt(ctx context.Context, tx *store.Tx, ref verdict.Ref) (probe.Observation, error) {
	b, err := BatchAt(ctx, tx, ref.Entry)
	if err != nil {
		return probe.Observation{}, err
	}
	return b.Observation(ref.Item)
}

// BatchRow is one batch in a list.
type BatchRow struct {
	ID       isms.ID
	Entry    int64
	Agent    isms.ID
	Received isms.Instant
	Items    int
}

// Batches returns up to limit batches taken before an entry, newest first.
func Batches(ctx context.Context, tx *store.Tx, before int64, limit int) ([]BatchRow, error) {
	var out []BatchRow
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var b BatchRow
		err := r.Scan(&b.ID, &b.Entry, &b.Agent, (*int64)(&b.Received), &b.Items)
		out = append(out, b)
		return err
	}, `SELECT id, idx, agent, received, items FROM evidence_batch WHERE idx < $1 AND idx <= $2 ORDER BY idx DESC LIMIT $3`, before, tx.AsOf, limit)
	return out, err
}
