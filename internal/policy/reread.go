package policy

import (
	"context"
	"reflect"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

// Difference is what a newer reading finds otherwise than the one that stands.
type Difference struct {
	Old *ClauseText // nil: a sentence that was not found before
	New *Sentence   // nil: what stands is not found any more
}

// Reread compares a newer reading of a text's original with what stands. Corrections of
// persons are applied to it first, and what they corrected is never touched.
func Reread(ctx context.Context, tx *store.Tx, text isms.ID, in Import) ([]Difference, error) {
	t, err := Texts.Get(ctx, tx, text)
	if err != nil {
		return nil, err
	}
	cs, err := corrections(ctx, tx, t.Document, t.Language)
	if err != nil {
		return nil, err
	}
	standing, err := textClauses(ctx, tx, text)
	if err != nil {
		return nil, err
	}
	byHash := map[string][]*ClauseText{}
	for i := range standing {
		byHash[standing[i].Hash] = append(byHash[standing[i].Hash], &standing[i])
	}
	var out []Difference
	for _, r := range applyAll(cs, in.Sentences, in.Omitted) {
		old := byHash[r.hash]
		if len(old) == 0 {
			out = append(out, Difference{New: &r.Sentence})
			continue
		}
		byHash[r.hash] = old[1:]
		if c := old[0]; !c.Corrected && !r.corrected && !sameReading(&c.Sentence, &r.Sentence) {
			out = append(out, Difference{Old: c, New: &r.Sentence})
		}
	}
	for i := range standing {
		for _, left := range byHash[standing[i].Hash] {
			if left == &standing[i] {
				out = append(out, Difference{Old: left})
			}
		}
	}
	return out, nil
}

// sameReading compares what binds a clause to time and proof; reasons and places may differ.
func sameReading(a, b *Sentence) bool {
	return a.Kind == b.Kind && a.Normative == b.Normative && a.Theme == b.Theme && a.Cadence == b.Cadence && a.Deadline == b.Deadline &&
		a.Retention == b.Retention && a.Actor == b.Actor && (len(a.Parts)+len(b.Parts) == 0 || reflect.DeepEqual(a.Parts, b.Parts))
}

// Take takes over the newer readings of sentences whose words stand already; nothing that a
// person corrected changes, and no sentence comes or goes. It returns how many were taken.
func (r *Room) Take(ctx context.Context, actor isms.Actor, text isms.ID, in Import) (int, error) {
	n := 0
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		n = 0
		t, err := Texts.Get(ctx, tx.Tx, text)
		if err != nil {
			return err
		}
		if err := r.allowIn(ctx, tx.Tx, actor, people.PolicyEdit, t.Document); err != nil {
			return err
		}
		if err := open(ctx, tx.Tx, t.Version); err != nil {
			return err
		}
		ds, err := Reread(ctx, tx.Tx, text, in)
		if err != nil {
			return err
		}
		for _, d := range ds {
			if d.Old == nil || d.New == nil {
				continue
			}
			c := *d.Old
			line, number, path := c.Line, c.Number, c.Path
			c.Sentence = *d.New
			c.Line, c.Number, c.Path = line, number, path
			if err := ClauseTexts.Revise(ctx, tx, "clause_text.read_again", &c); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}
