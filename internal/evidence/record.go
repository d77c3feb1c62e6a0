package evidence

import (
	"context"
	"slices"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Seal keeps that a duty was done, or that it could not be done, with note and files. The
// files were kept with the store's PutFile beforehand. Proof is the duty; Occurred is when it
// was done (zero: now) and may not lie ahead.
// Errors: evidence.outcome_unknown, evidence.note_missing, evidence.in_future,
// evidence.person_needed, file.missing, and those of people.Allow for EvidenceSeal.
func (r *Room) Seal(ctx context.Context, actor isms.Actor, rec Record) (Record, error) {
	if actor.Account == "" {
		return rec, isms.Errorf(isms.Forbidden, "evidence.person_needed")
	}
	if err := rec.check(); err != nil {
		return rec, err
	}
	for _, f := range rec.Files {
		rd, err := r.Log.DB.OpenFile(ctx, f.Digest)
		if err != nil {
			return rec, err
		}
		if err := rd.Close(); err != nil {
			return rec, err
		}
	}
	in := rec
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		rec = in
		var whose people.Record
		if r.Duty != nil {
			var err error
			if whose, err = r.Duty(ctx, tx.Tx, actor, rec.Proof); err != nil {
				return err
			}
		}
		if err := r.allow(actor, people.EvidenceSeal, whose); err != nil {
			return err
		}
		rec.By, rec.Sealed = actor.Account, tx.At
		if rec.Occurred == 0 {
			rec.Occurred = tx.At
		}
		if rec.Occurred > tx.At {
			return isms.Errorf(isms.Invalid, "evidence.in_future").At("occurred")
		}
		if err := Records.Add(ctx, tx, "evidence.sealed", &rec); err != nil {
			return err
		}
		for _, f := range rec.Files {
			if err := tx.UseFile(ctx, f.Digest, rec.ID, f.Size); err != nil {
				return err
			}
		}
		t, err := newTaking(ctx, tx, []pair{{rec.Proof, rec.Subject}})
		if err != nil {
			return err
		}
		t.add(rec.Look())
		return t.write(ctx)
	})
	return rec, err
}

func (rec *Record) check() error {
	if !slices.Contains([]Outcome{Done, DoneWithFinding, CouldNot}, rec.Outcome) {
		return isms.Errorf(isms.Invalid, "evidence.outcome_unknown", "value", string(rec.Outcome)).At("outcome")
	}
	rec.Note = strings.TrimSpace(rec.Note)
	if rec.Outcome != Done && rec.Note == "" {
		return isms.Errorf(isms.Invalid, "evidence.note_missing").At("note")
	}
	if rec.Files == nil {
		rec.Files = []File{}
	}
	return nil
}

// Look is what the record says about its duty. A finding does not undo that the duty was done.
func (rec *Record) Look() verdict.Look {
	l := verdict.Look{Proof: rec.Proof, Subject: rec.Subject, Outcome: verdict.Positive,
		Observed: rec.Occurred, Received: rec.Sealed, Recorded: rec.Sealed, Ref: verdict.Ref{Entry: rec.From}}
	if rec.Outcome == CouldNot {
		l.Outcome, l.Reasons = verdict.Error, []isms.Reason{isms.Because("evidence.could_not")}
	}
	return l
}

// RecordsOf returns up to limit records of a proof, newest first, sealed before an instant;
// an empty proof takes all.
func RecordsOf(ctx context.Context, tx *store.Tx, proof isms.ID, before isms.Instant, limit int) ([]Record, error) {
	return Records.Where(ctx, tx, `(proof = $2 OR $2 = '') AND sealed < $3 ORDER BY sealed DESC, id DESC`, limit, string(proof), int64(before))
}

// RecordAt returns the record that an entry sealed; NotFound if the entry sealed none.
func RecordAt(ctx context.Context, tx *store.Tx, entry int64) (Record, error) {
	e, err := ledger.Get(ctx, tx, entry)
	if err != nil {
		return Record{}, err
	}
	rec, err := Records.Get(ctx, tx, e.Subject)
	if err == nil && rec.From != entry {
		err = isms.Errorf(isms.NotFound, "record.unknown", "id", string(e.Subject))
	}
	return rec, err
}
