package policy

import (
	"context"
	"strconv"

	"holdfast/internal/isms"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// List returns up to limit documents after an id, in the order in which they came.
func List(ctx context.Context, tx *store.Tx, after isms.ID, limit int) ([]Document, error) {
	return Documents.Where(ctx, tx, `id > $2 ORDER BY id`, limit, string(after))
}

// VersionsOf returns the versions of a document, newest first.
func VersionsOf(ctx context.Context, tx *store.Tx, document isms.ID) ([]Version, error) {
	return Versions.Where(ctx, tx, `document = $2 ORDER BY number DESC`, 1000, string(document))
}

// TextsOf returns the texts of a version, the source first.
func TextsOf(ctx context.Context, tx *store.Tx, version isms.ID) ([]Text, error) {
	return Texts.Where(ctx, tx, `version = $2 ORDER BY source DESC, language`, 100, string(version))
}

// Filter narrows a list of clause texts; the zero value takes all.
type Filter struct {
	Theme     string
	Kind      string
	Normative bool // only those that bind
}

// ClausesOf returns up to limit clause texts of a text in its order, after a cursor from the
// previous page ("" for the first), and the cursor of the next ("" at the end).
func ClausesOf(ctx context.Context, tx *store.Tx, text isms.ID, f Filter, cursor string, limit int) ([]ClauseText, string, error) {
	n, err := strconv.ParseInt(cursor, 10, 64)
	if cursor == "" {
		n, err = -1<<62, nil
	}
	if err != nil {
		return nil, "", isms.Errorf(isms.Invalid, "list.cursor_malformed").At("cursor")
	}
	cs, err := ClauseTexts.Where(ctx, tx, `text_id = $2 AND n > $3 AND (theme = $4 OR $4 = '') AND (kind = $5 OR $5 = '') AND (normative OR NOT $6) ORDER BY n, id`,
		limit+1, string(text), n, f.Theme, f.Kind, f.Normative)
	if err != nil || len(cs) <= limit {
		return cs, "", err
	}
	return cs[:limit], strconv.FormatInt(cs[limit-1].N, 10), nil
}

// InForce returns the version whose words were in force on a day; NotFound if none was.
func InForce(ctx context.Context, tx *store.Tx, document isms.ID, day isms.Date) (Version, error) {
	vs, err := Versions.Where(ctx, tx, `document = $2 AND effective <> '' AND effective <= $3 AND (ended = '' OR ended > $3) ORDER BY effective DESC, number DESC`,
		1, string(document), string(day))
	if err != nil || len(vs) == 0 {
		if err == nil {
			err = isms.Errorf(isms.NotFound, "policy.none_in_force", "date", string(day))
		}
		return Version{}, err
	}
	return vs[0], nil
}

// Standing returns the clause text that says what a clause promises now: in the source text
// of its document's standing version. NotFound if the clause is not in it any more.
func Standing(ctx context.Context, tx *store.Tx, clause isms.ID) (ClauseText, error) {
	c, err := Clauses.Get(ctx, tx, clause)
	if err != nil {
		return ClauseText{}, err
	}
	d, err := Documents.Get(ctx, tx, c.Document)
	if err != nil {
		return ClauseText{}, err
	}
	t, err := Source(ctx, tx, d.Standing)
	if err != nil {
		return ClauseText{}, err
	}
	cs, err := ClauseTexts.Where(ctx, tx, `clause = $2 AND text_id = $3`, 1, string(clause), string(t.ID))
	if err == nil && len(cs) == 0 {
		err = isms.Errorf(isms.NotFound, "record.unknown", "id", string(clause))
	}
	if err != nil {
		return ClauseText{}, err
	}
	return cs[0], nil
}

// ChangeKind says what became of a clause between two texts.
type ChangeKind string

// What may become of a clause.
const (
	Same    ChangeKind = "same"
	Changed ChangeKind = "changed"
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
)

// Change is one line of a comparison.
type Change struct {
	Kind ChangeKind
	Old  []ClauseText // none for added
	New  []ClauseText // none for removed
}

// Compare says clause by clause what became of the words of one text in another, in the
// order of the new text; what was removed stands behind. Confirmed alignments count.
func Compare(ctx context.Context, tx *store.Tx, oldText, newText isms.ID) ([]Change, error) {
	before, err := textClauses(ctx, tx, oldText)
	if err != nil {
		return nil, err
	}
	now, err := textClauses(ctx, tx, newText)
	if err != nil {
		return nil, err
	}
	as, err := Alignments.Where(ctx, tx, `new_text = $2 AND state = $3`, maxSentences, string(newText), string(Confirmed))
	if err != nil {
		return nil, err
	}
	byID, byClause := map[isms.ID]*ClauseText{}, map[isms.ID]*ClauseText{}
	for i := range before {
		byID[before[i].ID], byClause[before[i].Clause] = &before[i], &before[i]
	}
	joined := map[isms.ID][]*ClauseText{}
	for _, a := range as {
		if o := byID[a.Old]; o != nil {
			joined[a.New] = append(joined[a.New], o)
		}
	}
	used := map[isms.ID]bool{}
	var out []Change
	for i := range now {
		c := change(&now[i], byClause[now[i].Clause], joined[now[i].ID])
		for _, o := range c.Old {
			used[o.ID] = true
		}
		out = append(out, c)
	}
	for i := range before {
		if !used[before[i].ID] {
			out = append(out, Change{Kind: Removed, Old: before[i : i+1]})
		}
	}
	return out, nil
}

func change(now, same *ClauseText, joined []*ClauseText) Change {
	c := Change{Kind: Added, New: []ClauseText{*now}}
	if same != nil && now.Clause != "" {
		c.Old = append(c.Old, *same)
	}
	for _, o := range joined {
		if same == nil || o.ID != same.ID {
			c.Old = append(c.Old, *o)
		}
	}
	switch {
	case len(c.Old) == 1 && c.Old[0].Hash == now.Hash:
		c.Kind = Same
	case len(c.Old) > 0:
		c.Kind = Changed
	}
	return c
}

// Tables lists the registers of this room, which holdfast verify compares with the ledger.
func Tables() []register.Verified {
	return []register.Verified{Documents, Versions, Texts, Clauses, ClauseTexts, Alignments, Corrections}
}

// Place counts the clauses of a text up to and with one: 1 for the first. It is what to show
// where the text itself gives no number.
func Place(ctx context.Context, tx *store.Tx, c *ClauseText) (int, error) {
	var n int
	err := tx.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM policy_clause_text WHERE text_id = $2 AND from_idx <= $1 AND until_idx > $1 AND (n < $3 OR n = $3 AND id <= $4)`,
		tx.AsOf, string(c.TextID), c.N, string(c.ID))
	return n, err
}
