package policy

import (
	"context"
	"sort"
	"strings"
	"unicode"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// How says why two clause texts are thought to say the same.
type How string

// The reasons for an alignment. Equal words need none: they keep their clause.
const (
	BySimilarity How = "similar"
	ByPlace      How = "place"  // same number or place in two languages
	ByPerson     How = "person" // a person said so
)

// AlignmentState is where an alignment stands.
type AlignmentState string

// The states of an alignment.
const (
	Proposed  AlignmentState = "proposed"
	Confirmed AlignmentState = "confirmed"
	Refused   AlignmentState = "refused"
)

// Alignment says that words of a new text answer words of an old one, or of another
// language. Several may concern the same clause text on either side.
type Alignment struct {
	register.Row
	Document isms.ID        `json:"document"`
	Old      isms.ID        `json:"old_words"` // clause text
	New      isms.ID        `json:"new_words"` // clause text
	NewText  isms.ID        `json:"new_text"`
	How      How            `json:"how"`
	Score    int64          `json:"score"` // of 1000
	State    AlignmentState `json:"state"`
}

// Alignments is the register of alignments.
var Alignments = register.Declare("policy_alignment", AlignmentPrefix, func(a *Alignment) []register.Column {
	return []register.Column{
		register.Ref("document", &a.Document), register.Ref("old_words", &a.Old), register.Ref("new_words", &a.New),
		register.Ref("new_text", &a.NewText), register.State("how", &a.How), register.Int("score", &a.Score), register.State("state", &a.State),
	}
})

type proposal struct {
	old   *ClauseText
	new   *ClauseText
	how   How
	score int64
}

// inherit gives equal words the clause that they had, each old one once and in order, and
// returns how many there are. What a person corrected comes along.
func inherit(before []ClauseText, now []*ClauseText) int {
	byHash := map[string][]*ClauseText{}
	for i := range before {
		byHash[before[i].Hash] = append(byHash[before[i].Hash], &before[i])
	}
	same := 0
	for _, c := range now {
		old := byHash[c.Hash]
		if len(old) == 0 {
			continue
		}
		byHash[c.Hash] = old[1:]
		c.Clause = old[0].Clause
		same++
	}
	return same
}

// least is the similarity in thousandths from which an alignment is proposed.
const least = 500

// similar proposes which old words a changed sentence continues: all that share enough
// words with it, so that splitting and joining show as several proposals.
func similar(before []ClauseText, now []*ClauseText) []proposal {
	kept := map[isms.ID]bool{}
	for _, c := range now {
		kept[c.Clause] = c.Clause != ""
	}
	var old []*ClauseText
	var bags []map[string]int
	holding := map[string][]int{} // word or pair of words → places in old
	for i := range before {
		if !kept[before[i].Clause] {
			b := bag(before[i].Text)
			for w := range b { // pairs only are asked for
				holding[w] = append(holding[w], len(old))
			}
			old, bags = append(old, &before[i]), append(bags, b)
		}
	}
	var out []proposal
	for _, c := range now {
		if c.Clause != "" {
			continue
		}
		words := bag(c.Text)
		var here []proposal
		for _, i := range nearest(words, holding, len(old)) {
			if s := likeness(words, bags[i]); s >= least {
				here = append(here, proposal{old: old[i], new: c, how: BySimilarity, score: s})
			}
		}
		sort.SliceStable(here, func(i, j int) bool { return here[i].score > here[j].score })
		out = append(out, here[:min(len(here), 3)]...)
	}
	return out
}

// nearest are the old sentences that share most pairs of words, the nearest first: only those
// are looked at closely.
func nearest(words map[string]int, holding map[string][]int, old int) []int {
	shares := make([]int, old)
	for w := range words {
		if strings.Contains(w, " ") {
			for _, i := range holding[w] {
				shares[i]++
			}
		}
	}
	var out []int
	for i, n := range shares {
		if n > 0 {
			out = append(out, i)
		}
	}
	sort.SliceStable(out, func(a, b int) bool { return shares[out[a]] > shares[out[b]] })
	return out[:min(len(out), 20)]
}

// translated proposes which source words a translation renders: by number where the text
// has numbers, else by place where both texts have equally many sentences.
func translated(source []ClauseText, now []*ClauseText) []proposal {
	byNumber := map[string]*ClauseText{}
	for i := range source {
		if n := source[i].Number; n != "" {
			if _, twice := byNumber[n]; twice {
				byNumber[n] = nil
				continue
			}
			byNumber[n] = &source[i]
		}
	}
	var out []proposal
	for i, c := range now {
		switch {
		case c.Number != "" && byNumber[c.Number] != nil:
			out = append(out, proposal{old: byNumber[c.Number], new: c, how: ByPlace, score: 900})
		case len(source) == len(now):
			out = append(out, proposal{old: &source[i], new: c, how: ByPlace, score: 700})
		}
	}
	return out
}

// bag counts the words of s and its pairs of neighbours.
func bag(s string) map[string]int {
	fields := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	out := make(map[string]int, 2*len(fields))
	for i, f := range fields {
		out[f]++
		if i > 0 {
			out[fields[i-1]+" "+f]++
		}
	}
	return out
}

// likeness is what two bags share: of both together, or nearly all of the smaller one.
func likeness(a, b map[string]int) int64 {
	shared, inA, inB := 0, 0, 0
	for w, n := range a {
		shared += min(n, b[w])
		inA += n
	}
	for _, n := range b {
		inB += n
	}
	if inA == 0 || inB == 0 {
		return 0
	}
	both := int64(2000 * shared / (inA + inB))
	part := int64(800 * shared / min(inA, inB))
	if min(inA, inB) < 6 { // a few common words say nothing
		part = 0
	}
	return max(both, part)
}

// Decide confirms or refuses a proposed alignment. Confirming gives the new words the clause
// of the old ones, unless another sentence of the same text has it already: then both stay
// clauses of their own and the alignment says how they belong together.
func (r *Room) Decide(ctx context.Context, actor isms.Actor, id isms.ID, yes bool) error {
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		a, err := Alignments.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if err := r.allowIn(ctx, tx.Tx, actor, people.PolicyEdit, a.Document); err != nil {
			return err
		}
		if a.State != Proposed {
			return isms.Errorf(isms.Conflict, "policy.already_decided")
		}
		if a.State = Refused; yes {
			a.State = Confirmed
			if err := take(ctx, tx, a); err != nil {
				return err
			}
		}
		return Alignments.Revise(ctx, tx, "alignment."+string(a.State), &a)
	})
}

// Align says that two clause texts of a document belong together, without a proposal.
func (r *Room) Align(ctx context.Context, actor isms.Actor, oldWords, newWords isms.ID) (Alignment, error) {
	var a Alignment
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		from, err := ClauseTexts.Get(ctx, tx.Tx, oldWords)
		if err != nil {
			return err
		}
		to, err := ClauseTexts.Get(ctx, tx.Tx, newWords)
		if err != nil {
			return err
		}
		if err := r.allowIn(ctx, tx.Tx, actor, people.PolicyEdit, to.Document); err != nil {
			return err
		}
		if from.Document != to.Document || from.TextID == to.TextID {
			return isms.Errorf(isms.Invalid, "policy.align_elsewhere")
		}
		a = Alignment{Document: to.Document, Old: oldWords, New: newWords, NewText: to.TextID, How: ByPerson, Score: 1000, State: Confirmed}
		if err := take(ctx, tx, a); err != nil {
			return err
		}
		return Alignments.Add(ctx, tx, "alignment.confirmed", &a)
	})
	return a, err
}

// take gives the new words of a confirmed alignment the clause of the old ones.
func take(ctx context.Context, tx *ledger.Tx, a Alignment) error {
	from, err := ClauseTexts.Get(ctx, tx.Tx, a.Old)
	if err != nil {
		return err
	}
	to, err := ClauseTexts.Get(ctx, tx.Tx, a.New)
	if err != nil {
		return err
	}
	if from.Clause == "" || to.Clause == from.Clause {
		return nil
	}
	has, err := ClauseTexts.Where(ctx, tx.Tx, `text_id = $2 AND clause = $3`, 1, string(to.TextID), string(from.Clause))
	if err != nil || len(has) > 0 {
		return err
	}
	own := to.Clause
	to.Clause = from.Clause
	if err := ClauseTexts.Revise(ctx, tx, "clause_text.aligned", &to); err != nil || own == "" {
		return err
	}
	others, err := ClauseTexts.Where(ctx, tx.Tx, `clause = $2`, 1, string(own))
	if err != nil || len(others) > 0 {
		return err
	}
	left, err := Clauses.Get(ctx, tx.Tx, own)
	if err != nil {
		return err
	}
	return Clauses.Remove(ctx, tx, "clause.merged", &left)
}

// AlignmentsOf lists the alignments of a new text, in order of id after the given one.
func AlignmentsOf(ctx context.Context, tx *store.Tx, text, after isms.ID, limit int) ([]Alignment, error) {
	return Alignments.Where(ctx, tx, `new_text = $2 AND id > $3 ORDER BY id`, limit, string(text), string(after))
}
