package policy

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// Correction is what a person made of a reading: these words, which stand one after another
// or were left out, are in truth those sentences. It is applied again to every later reading.
type Correction struct {
	register.Row
	Document isms.ID       `json:"document"`
	Language isms.Language `json:"language"`
	Of       []string      `json:"from_words"` // hashes
	Into     []Sentence    `json:"into_words"` // none: it is no clause
}

// Corrections is the register of corrections.
var Corrections = register.Declare("policy_correction", CorrectionPrefix, func(c *Correction) []register.Column {
	return []register.Column{
		register.Ref("document", &c.Document), register.Text("language", &c.Language),
		register.JSON("from_words", &c.Of), register.JSON("into_words", &c.Into),
	}
})

func corrections(ctx context.Context, tx *store.Tx, doc isms.ID, l isms.Language) ([]Correction, error) {
	return Corrections.Where(ctx, tx, `document = $2 AND language = $3 ORDER BY from_idx`, maxSentences, string(doc), string(l))
}

// read is a sentence after corrections.
type read struct {
	Sentence
	hash      string
	corrected bool
}

// applyAll applies corrections, oldest first, to a fresh reading.
func applyAll(cs []Correction, sentences []Sentence, omitted []Omitted) []read {
	out := make([]read, len(sentences))
	for i, s := range sentences {
		out[i] = read{Sentence: s, hash: Hash(s.Text)}
	}
	for _, c := range cs {
		out = c.apply(out, omitted)
	}
	return out
}

func (c *Correction) apply(in []read, omitted []Omitted) []read {
	var out []read
	found := false
	for i := 0; i < len(in); {
		if !c.matches(in[i:]) {
			out = append(out, in[i])
			i++
			continue
		}
		found = true
		out = append(out, c.made(in[i].Line, in[i].Number, in[i].Path)...)
		i += len(c.Of)
	}
	if found || len(c.Of) != 1 {
		return out
	}
	for _, o := range omitted {
		if Hash(o.Text) == c.Of[0] {
			at := slices.IndexFunc(out, func(r read) bool { return r.Line > o.Line })
			if at < 0 {
				at = len(out)
			}
			out = slices.Insert(out, at, c.made(o.Line, "", nil)...)
		}
	}
	return out
}

func (c *Correction) matches(in []read) bool {
	if len(in) < len(c.Of) {
		return false
	}
	for i, h := range c.Of {
		if in[i].hash != h {
			return false
		}
	}
	return len(c.Of) > 0
}

// made are the corrected sentences at the place where the words stand now.
func (c *Correction) made(line int, number string, path []string) []read {
	out := make([]read, len(c.Into))
	for i, s := range c.Into {
		s.Line = line
		if path != nil {
			s.Number, s.Path = number, path
		}
		out[i] = read{Sentence: s, hash: Hash(s.Text), corrected: true}
	}
	return out
}

// Split takes a clause text apart. The pieces together are the words of the clause: nothing
// may be added or lost (code policy.words_differ). The first keeps the clause.
func (r *Room) Split(ctx context.Context, actor isms.Actor, id isms.ID, pieces []string) ([]ClauseText, error) {
	return r.correct(ctx, actor, []isms.ID{id}, func(of []ClauseText) ([]Sentence, error) {
		into := make([]Sentence, len(pieces))
		for i, p := range pieces {
			into[i] = of[0].Sentence
			into[i].Text, into[i].Parts = strings.TrimSpace(p), []string{}
			if into[i].Text == "" {
				return nil, isms.Errorf(isms.Invalid, "policy.words_differ").At("pieces")
			}
		}
		if len(pieces) < 2 || Hash(strings.Join(pieces, " ")) != of[0].Hash {
			return nil, isms.Errorf(isms.Invalid, "policy.words_differ").At("pieces")
		}
		return into, nil
	})
}

// Merge joins clause texts that follow one another into one, which keeps the first's clause.
func (r *Room) Merge(ctx context.Context, actor isms.Actor, ids []isms.ID) ([]ClauseText, error) {
	return r.correct(ctx, actor, ids, func(of []ClauseText) ([]Sentence, error) {
		if len(of) < 2 {
			return nil, isms.Errorf(isms.Invalid, "policy.merge_two").At("ids")
		}
		s := of[0].Sentence
		for _, o := range of[1:] {
			s.Text += " " + o.Text
			s.Normative = s.Normative || o.Normative
			s.Parts = append(s.Parts, o.Parts...)
		}
		return []Sentence{s}, nil
	})
}

// Reclassify replaces what was read about a sentence: kind, theme, periods, parts. Its words,
// line, number and path stay.
func (r *Room) Reclassify(ctx context.Context, actor isms.Actor, id isms.ID, as Sentence) ([]ClauseText, error) {
	return r.correct(ctx, actor, []isms.ID{id}, func(of []ClauseText) ([]Sentence, error) {
		as.Text, as.Line, as.Number, as.Path = of[0].Text, of[0].Line, of[0].Number, of[0].Path
		return []Sentence{as}, as.check()
	})
}

// Strike says that a sentence is no clause; it then stands among what is omitted.
func (r *Room) Strike(ctx context.Context, actor isms.Actor, id isms.ID) error {
	_, err := r.correct(ctx, actor, []isms.ID{id}, func([]ClauseText) ([]Sentence, error) { return nil, nil })
	return err
}

// Restore makes a clause of the n-th omitted piece of a text.
func (r *Room) Restore(ctx context.Context, actor isms.Actor, text isms.ID, n int, as Sentence) (ClauseText, error) {
	var c ClauseText
	if err := as.check(); err != nil {
		return c, err
	}
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		t, err := Texts.Get(ctx, tx.Tx, text)
		if err != nil {
			return err
		}
		if err := r.allowIn(ctx, tx.Tx, actor, people.PolicyEdit, t.Document); err != nil {
			return err
		}
		if n < 0 || n >= len(t.Omitted) {
			return isms.Errorf(isms.NotFound, "record.unknown", "id", strconv.Itoa(n))
		}
		if err := open(ctx, tx.Tx, t.Version); err != nil {
			return err
		}
		o := t.Omitted[n]
		s := as
		s.Text, s.Line = o.Text, o.Line
		t.Omitted = slices.Delete(slices.Clone(t.Omitted), n, n+1)
		if err := Texts.Revise(ctx, tx, "text.restored", &t); err != nil {
			return err
		}
		if err := Corrections.Add(ctx, tx, "correction.made", &Correction{Document: t.Document, Language: t.Language, Of: []string{Hash(o.Text)}, Into: []Sentence{s}}); err != nil {
			return err
		}
		place, err := placeOf(ctx, tx.Tx, text, o.Line)
		if err != nil {
			return err
		}
		id := Clause{Document: t.Document}
		if err := Clauses.Add(ctx, tx, "clause.made", &id); err != nil {
			return err
		}
		c = ClauseText{Clause: id.ID, Document: t.Document, Version: t.Version, TextID: t.ID, N: place, Hash: Hash(s.Text), Sentence: s, Corrected: true}
		return ClauseTexts.Add(ctx, tx, "clause_text.restored", &c)
	})
	return c, err
}

// placeOf is a place behind the last clause that begins on or before a line.
func placeOf(ctx context.Context, tx *store.Tx, text isms.ID, line int) (int64, error) {
	all, err := textClauses(ctx, tx, text)
	if err != nil {
		return 0, err
	}
	at := slices.IndexFunc(all, func(c ClauseText) bool { return c.Line > line })
	switch {
	case at < 0 && len(all) == 0:
		return gap, nil
	case at < 0:
		return all[len(all)-1].N + gap, nil
	case at == 0:
		return all[0].N - gap/2, nil
	}
	return (all[at-1].N + all[at].N) / 2, nil
}

// correct replaces clause texts that follow one another by what make says.
func (r *Room) correct(ctx context.Context, actor isms.Actor, ids []isms.ID, make func([]ClauseText) ([]Sentence, error)) ([]ClauseText, error) {
	if len(ids) == 0 {
		return nil, isms.Errorf(isms.Invalid, "policy.merge_two").At("ids")
	}
	var out []ClauseText
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		of, text, after, err := neighbours(ctx, tx.Tx, ids)
		if err != nil {
			return err
		}
		if err := r.allowIn(ctx, tx.Tx, actor, people.PolicyEdit, text.Document); err != nil {
			return err
		}
		if err := open(ctx, tx.Tx, text.Version); err != nil {
			return err
		}
		into, err := make(of)
		if err != nil {
			return err
		}
		k := Correction{Document: text.Document, Language: text.Language, Into: into}
		for _, o := range of {
			k.Of = append(k.Of, o.Hash)
		}
		if err := Corrections.Add(ctx, tx, "correction.made", &k); err != nil {
			return err
		}
		out, err = replace(ctx, tx, of, into, after)
		if err != nil || len(into) > 0 {
			return err
		}
		text.Omitted = append(text.Omitted, Omitted{Line: of[0].Line, Text: of[0].Text, Because: isms.Because("policy.struck_by_person")})
		return Texts.Revise(ctx, tx, "text.struck", &text)
	})
	return out, err
}

// neighbours returns clause texts in the order of their text, which must follow one another,
// and the place of what comes behind them.
func neighbours(ctx context.Context, tx *store.Tx, ids []isms.ID) (of []ClauseText, t Text, after int64, err error) {
	first, err := ClauseTexts.Get(ctx, tx, ids[0])
	if err != nil {
		return nil, t, 0, err
	}
	if t, err = Texts.Get(ctx, tx, first.TextID); err != nil {
		return nil, t, 0, err
	}
	all, err := textClauses(ctx, tx, t.ID)
	if err != nil {
		return nil, t, 0, err
	}
	for _, c := range all {
		switch in := slices.Contains(ids, c.ID); {
		case in && after != 0:
			return nil, t, 0, isms.Errorf(isms.Invalid, "policy.not_neighbours").At("ids")
		case in:
			of = append(of, c)
		case len(of) > 0 && after == 0:
			after = c.N
		}
	}
	if len(of) != len(ids) {
		return nil, t, 0, isms.Errorf(isms.Invalid, "policy.not_neighbours").At("ids")
	}
	if after == 0 {
		after = of[len(of)-1].N + gap
	}
	return of, t, after, nil
}

// replace writes the new clause texts in the place of the old ones. One for one is a
// revision; otherwise the first new one takes over the first old one's clause.
func replace(ctx context.Context, tx *ledger.Tx, of []ClauseText, into []Sentence, after int64) ([]ClauseText, error) {
	var out []ClauseText
	for i, s := range into {
		c := ClauseText{Document: of[0].Document, Version: of[0].Version, TextID: of[0].TextID, N: of[0].N, Clause: of[0].Clause}
		if i < len(of) {
			c = of[i]
		}
		if i > 0 {
			c.N = of[0].N + int64(i)*max((after-of[0].N)/int64(len(into)), 1)
		}
		c.Sentence, c.Hash, c.Corrected = s, Hash(s.Text), true
		if i < len(of) {
			if err := ClauseTexts.Revise(ctx, tx, "clause_text.corrected", &c); err != nil {
				return nil, err
			}
		} else {
			if of[0].Clause != "" {
				id := Clause{Document: c.Document}
				if err := Clauses.Add(ctx, tx, "clause.made", &id); err != nil {
					return nil, err
				}
				c.Clause = id.ID
			}
			if err := ClauseTexts.Add(ctx, tx, "clause_text.corrected", &c); err != nil {
				return nil, err
			}
		}
		out = append(out, c)
	}
	for i := len(into); i < len(of); i++ {
		if err := ClauseTexts.Remove(ctx, tx, "clause_text.merged", &of[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// open tells whether readings of a version may still be corrected.
func open(ctx context.Context, tx *store.Tx, version isms.ID) error {
	v, err := Versions.Get(ctx, tx, version)
	if err == nil {
		_, err = v.State.next(correct)
	}
	return err
}

var sentenceKinds = []string{"must", "must_not", "does", "may", "context"}

func (s *Sentence) check() error {
	if !slices.Contains(sentenceKinds, s.Kind) {
		return isms.Errorf(isms.Invalid, "policy.kind_unknown", "value", s.Kind).At("kind")
	}
	for _, p := range []struct{ field, value string }{{"cadence", s.Cadence}, {"deadline", s.Deadline}, {"retention", s.Retention}} {
		if p.value == "" || p.field == "cadence" && (p.value == "event" || p.value == "continuous") {
			continue
		}
		if q, err := isms.ParsePeriod(p.value); err != nil || q.IsZero() {
			return isms.Errorf(isms.Invalid, "period.malformed", "value", p.value).At(p.field)
		}
	}
	seen := map[string]bool{}
	for _, p := range s.Parts {
		if strings.TrimSpace(p) == "" || seen[p] {
			return isms.Errorf(isms.Invalid, "policy.part_twice", "value", p).At("parts")
		}
		seen[p] = true
	}
	return nil
}
