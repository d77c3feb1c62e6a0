package control

import (
	"context"
	"database/sql"
	"errors"

	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Verdict is the verdict on a clause or a control. Each revision is one interval of its
// history: from Since until the next revision's Since.
type Verdict struct {
	register.Row
	About    isms.ID       `json:"about"`    // clause or control
	Document isms.ID       `json:"document"` // of a clause
	Words    isms.ID       `json:"words"`    // clause text that was judged
	Verdict  isms.Verdict  `json:"verdict"`
	Since    isms.Instant  `json:"since"`   // computed: staleness begins when the window ends
	Version  int64         `json:"version"` // of the rules
	Cause    int64         `json:"cause_entry"`
	Item     int64         `json:"cause_item"`
	Subjects verdict.Tally `json:"subjects"` // when the interval began
	Bound    isms.Instant  `json:"bound"`    // first judged with something bound: shares count from here
}

// Verdicts is the register of verdicts.
var Verdicts = register.Declare("control_verdict", VerdictPrefix, func(v *Verdict) []register.Column {
	return []register.Column{
		register.Ref("about", &v.About), register.Ref("document", &v.Document), register.Ref("words", &v.Words), register.State("verdict", &v.Verdict),
		register.Instant("since", &v.Since), register.Int("version", &v.Version), register.Int("cause_entry", &v.Cause), register.Int("cause_item", &v.Item),
		register.JSON("subjects", &v.Subjects), register.Instant("bound", &v.Bound),
	}
})

// VerdictOf returns the verdict on a clause or control as of the transaction's moment, and
// unproven where nothing was ever bound or planned.
func VerdictOf(ctx context.Context, tx *store.Tx, about isms.ID) (Verdict, error) {
	return verdictRow(ctx, tx, about)
}

func verdictRow(ctx context.Context, tx *store.Tx, about isms.ID) (Verdict, error) {
	vs, err := Verdicts.Where(ctx, tx, `about = $2`, 1, string(about))
	if err != nil || len(vs) == 0 {
		return Verdict{About: about, Verdict: isms.Unproven}, err
	}
	return vs[0], nil
}

// VerdictsOf returns the verdicts on several clauses or controls at once, by whom they are about.
func VerdictsOf(ctx context.Context, tx *store.Tx, about []isms.ID) (map[isms.ID]Verdict, error) {
	out := make(map[isms.ID]Verdict, len(about))
	for len(about) > 0 {
		n := min(len(about), 200)
		args := make([]any, n)
		for i, id := range about[:n] {
			args[i] = string(id)
			out[id] = Verdict{About: id, Verdict: isms.Unproven}
		}
		vs, err := Verdicts.Where(ctx, tx, `about IN `+store.In(2, n), n, args...)
		if err != nil {
			return nil, err
		}
		for _, v := range vs {
			out[v.About] = v
		}
		about = about[n:]
	}
	return out, nil
}

// Tally counts the verdicts on the clauses of a document; clauses that nothing was ever bound
// to are not in it.
func Tally(ctx context.Context, tx *store.Tx, document isms.ID) (map[isms.Verdict]int, error) {
	out := map[isms.Verdict]int{}
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var v string
		var n int
		err := r.Scan(&v, &n)
		out[isms.Verdict(v)] = n
		return err
	}, `SELECT verdict, COUNT(*) FROM control_verdict WHERE document = $2 AND from_idx <= $1 AND until_idx > $1 GROUP BY verdict`, tx.AsOf, string(document))
	return out, err
}

// Intervals returns the history of a verdict, oldest first, and since when shares count.
func Intervals(ctx context.Context, tx *store.Tx, about isms.ID) (all []verdict.Interval, bound isms.Instant, err error) {
	err = tx.Query(ctx, func(r *sql.Rows) error {
		var i verdict.Interval
		var v string
		if err := r.Scan(&v, (*int64)(&i.From), &i.Version, &i.Cause.Entry, &i.Cause.Item, (*int64)(&bound)); err != nil {
			return err
		}
		i.Verdict = isms.Verdict(v)
		if n := len(all); n > 0 {
			all[n-1].Until = i.From
		}
		all = append(all, i)
		return nil
	}, `SELECT verdict, since, version, cause_entry, cause_item, bound FROM control_verdict WHERE about = $2 AND from_idx <= $1 ORDER BY from_idx`, tx.AsOf, string(about))
	return all, bound, err
}

// ShownAfterwards says which stretches of a clause's past, recorded as stale or unproven, are
// shown in a better light by evidence that came late. The record itself never changes.
func (r *Room) ShownAfterwards(ctx context.Context, tx *store.Tx, clauseText isms.ID, at isms.Instant) ([]verdict.Afterwards, error) {
	in, _, err := Assemble(ctx, tx, clauseText, at, r.zone())
	if err != nil {
		return nil, err
	}
	all, _, err := Intervals(ctx, tx, in.Clause.ID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	in.Looks = nil
	for _, p := range in.Proofs {
		looks, err := evidence.AllLooks(ctx, tx, p.ID, 0)
		if err != nil {
			return nil, err
		}
		in.Looks = append(in.Looks, looks...)
	}
	return verdict.ShownAfterwards(all, in)
}

// setWake notes when time alone will change something about a record; 0: never.
func setWake(ctx context.Context, tx *ledger.Tx, about isms.ID, next isms.Instant) error {
	if next == 0 {
		_, err := tx.Exec(ctx, `DELETE FROM control_wake WHERE about = $1`, string(about))
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO control_wake (about, next) VALUES ($1, $2) ON CONFLICT (about) DO UPDATE SET next = excluded.next`, string(about), int64(next))
	return err
}

func wakeOf(ctx context.Context, tx *store.Tx, about isms.ID) (isms.Instant, error) {
	var next int64
	err := tx.Row(ctx, []any{&next}, `SELECT next FROM control_wake WHERE about = $1`, string(about))
	if errors.Is(err, store.ErrNoRow) {
		return 0, nil
	}
	return isms.Instant(next), err
}

// NextWake is the next instant at which time alone may change something; 0: never. It is for
// the instance, which wakes closed organisations.
func NextWake(ctx context.Context, tx *store.Tx) (isms.Instant, error) {
	var next int64
	err := tx.Row(ctx, []any{&next}, `SELECT next FROM control_wake ORDER BY next LIMIT 1`)
	if errors.Is(err, store.ErrNoRow) {
		return 0, nil
	}
	return isms.Instant(next), err
}
