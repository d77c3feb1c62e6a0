package control

import (
	"context"
	"slices"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/register"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Day is the sealed record of one civil day of a document: the worst verdict of each clause on
// that day. The public bars are drawn from it.
type Day struct {
	register.Row
	Document isms.ID                  `json:"document"`
	Date     isms.Date                `json:"date"`
	Verdicts map[isms.ID]isms.Verdict `json:"verdicts"` // by clause
}

// Days is the register of sealed days.
var Days = register.Declare("control_day", DayPrefix, func(d *Day) []register.Column {
	return []register.Column{register.Ref("document", &d.Document), register.Date("date", &d.Date), register.JSON("verdicts", &d.Verdicts)}
})

// maxCatchUp is how many missed days are sealed afterwards: after a longer pause the
// intervals still tell, and nothing is sealed that nobody watched over.
const maxCatchUp = 400

// SealDays seals each document's verdicts of the days that are over and not sealed yet. What
// is sealed never changes; verdicts must have been brought up to date by React before.
func (r *Room) SealDays(ctx context.Context) (sealed int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	today := r.zoneDay(r.Log.Clock.Now())
	if r.sealed == today {
		return 0, nil
	}
	var due []Day
	err = r.Log.Read(ctx, func(tx *store.Tx) error {
		ds, err := policy.List(ctx, tx, "", 100_000)
		for i := 0; err == nil && i < len(ds); i++ {
			var some []Day
			some, err = r.unsealed(ctx, tx, ds[i].ID, today)
			due = append(due, some...)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	if len(due) > 0 {
		err = r.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			for _, d := range due {
				had, err := Days.Where(ctx, tx.Tx, `document = $2 AND date = $3`, 1, string(d.Document), string(d.Date))
				if err != nil {
					return err
				}
				if len(had) > 0 {
					continue // another server was faster
				}
				if err := Days.Add(ctx, tx, "day.sealed", &d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		r.sealed = today
	}
	return len(due), err
}

// unsealed works out the days of a document that are over and not sealed.
func (r *Room) unsealed(ctx context.Context, tx *store.Tx, document isms.ID, today isms.Date) ([]Day, error) {
	vs, err := Verdicts.Where(ctx, tx, `document = $2`, 100_000, string(document))
	if err != nil || len(vs) == 0 {
		return nil, err
	}
	last, err := Days.Where(ctx, tx, `document = $2 ORDER BY date DESC`, 1, string(document))
	if err != nil {
		return nil, err
	}
	first := today
	for _, v := range vs {
		first = min(first, r.zoneDay(v.Bound))
	}
	if len(last) > 0 {
		first = last[0].Date.AddDays(1)
	}
	first = max(first, today.AddDays(-maxCatchUp))
	var out []Day
	for d := first; d < today; d = d.AddDays(1) {
		out = append(out, Day{Document: document, Date: d, Verdicts: map[isms.ID]isms.Verdict{}})
	}
	if len(out) == 0 {
		return nil, nil
	}
	for _, v := range vs {
		is, _, err := Intervals(ctx, tx, v.About)
		if err != nil {
			return nil, err
		}
		for i, day := range verdict.Days(is, nil, r.zone(), today.Start(r.zone())-1, len(out)) {
			if day.Verdict != "" {
				out[i].Verdicts[v.About] = day.Verdict
			}
		}
	}
	return slices.DeleteFunc(out, func(d Day) bool { return len(d.Verdicts) == 0 }), nil
}

// DaysOf returns the sealed days of a document from a day on, oldest first, at most limit.
func DaysOf(ctx context.Context, tx *store.Tx, document isms.ID, from isms.Date, limit int) ([]Day, error) {
	return Days.Where(ctx, tx, `document = $2 AND date >= $3 ORDER BY date`, limit, string(document), string(from))
}
