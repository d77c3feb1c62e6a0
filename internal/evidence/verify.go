package evidence

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"slices"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Tables lists what holdfast verify compares with the ledger: the registers, each batch with
// its entry, and each look with the entry that it came from.
func Tables() []register.Verified {
	return []register.Verified{Agents, Findings, Records, batches{}, lookPages{}}
}

type batches struct{}

// Verify compares every batch with its entry, byte for byte by the digest.
func (batches) Verify(ctx context.Context, tx *store.Tx, rep *ledger.Report) error {
	type row struct {
		id   isms.ID
		idx  int64
		body []byte
	}
	for last := int64(-1); ; {
		var rows []row
		err := tx.Query(ctx, func(r *sql.Rows) error {
			var x row
			err := r.Scan(&x.id, &x.idx, &x.body)
			rows = append(rows, x)
			return err
		}, `SELECT id, idx, body FROM evidence_batch WHERE idx > $1 ORDER BY idx LIMIT 100`, last)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, x := range rows {
			last = x.idx
			rep.Count(func(c *ledger.Counts) { c.Rows++ })
			said, err := takenAt(ctx, tx, x.idx)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(x.body)
			switch {
			case said == nil || said.batch != x.id:
				rep.Wrong("evidence_batch "+string(x.id), x.idx, isms.Because("verify.row_without_entry"))
			case said.Digest != hex.EncodeToString(sum[:]):
				rep.Wrong("evidence_batch "+string(x.id), x.idx, isms.Because("verify.row_changed"))
			}
		}
	}
}

// taken is what an entry says of a batch, or that it sealed a record.
type taken struct {
	Taken
	batch  isms.ID
	record isms.ID
}

// takenAt reads an entry of evidence; nil if there is none at the index.
func takenAt(ctx context.Context, tx *store.Tx, idx int64) (*taken, error) {
	e, err := ledger.Get(ctx, tx, idx)
	if isms.KindOf(err) == isms.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	switch {
	case e.Kind == BatchReceived && !e.Erased():
		t := &taken{batch: e.Subject}
		if json.Unmarshal(e.Payload, &t.Taken) != nil {
			return nil, nil
		}
		return t, nil
	case e.Subject.Prefix() == isms.EvidencePrefix:
		return &taken{record: e.Subject}, nil
	}
	return nil, nil
}

type lookPages struct{}

// Verify compares every look with the entry that it came from: the entry is evidence, and says
// that it answered this proof.
func (lookPages) Verify(ctx context.Context, tx *store.Tx, rep *ledger.Report) error {
	type row struct {
		proof, subject isms.ID
		from           int64
		body           []byte
	}
	known := map[int64]*taken{}
	for last := (row{from: -1}); ; {
		var rows []row
		err := tx.Query(ctx, func(r *sql.Rows) error {
			var x row
			err := r.Scan(&x.proof, &x.subject, &x.from, &x.body)
			rows = append(rows, x)
			return err
		}, `SELECT proof, subject, from_idx, looks FROM evidence_look WHERE (proof, subject, from_idx) > ($1, $2, $3) ORDER BY proof, subject, from_idx LIMIT 500`,
			string(last.proof), string(last.subject), last.from)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, x := range rows {
			last = x
			rep.Count(func(c *ledger.Counts) { c.Rows++ })
			looks, err := decodePage(x.body, x.proof, x.subject)
			if err != nil {
				rep.Wrong("evidence_look "+string(x.proof)+" "+string(x.subject), x.from, isms.Because("verify.row_unreadable", "cause", err.Error()))
				continue
			}
			if err := checkLooks(ctx, tx, rep, known, looks); err != nil {
				return err
			}
		}
		if len(known) > 100_000 {
			clear(known)
		}
	}
}

func checkLooks(ctx context.Context, tx *store.Tx, rep *ledger.Report, known map[int64]*taken, looks []verdict.Look) error {
	for _, l := range looks {
		t, ok := known[l.Ref.Entry]
		if !ok {
			var err error
			if t, err = takenAt(ctx, tx, l.Ref.Entry); err != nil {
				return err
			}
			known[l.Ref.Entry] = t
		}
		if t == nil || t.batch != "" && !slices.Contains(t.Proofs, l.Proof) {
			rep.Wrong("evidence_look "+string(l.Proof)+" "+string(l.Subject), l.Ref.Entry, isms.Because("verify.row_without_entry"))
		}
	}
	return nil
}
