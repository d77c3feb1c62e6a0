package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"holdfast/internal/control"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

func (d *door) dutyOperations() {
	handle(d, spec{
		id: "list-duties", method: http.MethodGet, path: "/organisations/{organisation}/duties", tag: "evidence", act: string(people.DutyRead),
		title: "List the duties", about: "With when each was done last and when it is due, by its plan or by what is promised, whichever is sooner. Who may see only their own sees those.",
	}, d.listDuties)
}

// duty is one proof that a person does, at all its subjects.
type duty struct {
	proof control.Proof
	dues  []control.DutyDue
}

func (y duty) wire() wire.Duty {
	out := wire.Duty{Proof: y.proof.ID, Control: y.proof.Control, Title: y.proof.Title, Role: y.proof.Role, Deputy: y.proof.Deputy}
	for _, due := range y.dues {
		out.Due = append(out.Due, wire.Due{Subject: due.Subject, Last: wire.Time(due.Last), Due: wire.Time(due.Due)})
	}
	return out
}

func (d *door) listDuties(ctx context.Context, c *call, in *Listing) (*Many[wire.Duty], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	return list(ctx, c, *in, func(y duty) []string { return []string{string(y.proof.ID)} }, duty.wire,
		func(tx *store.Tx, after []string, limit int) ([]duty, error) {
			var out []duty
			for from := isms.ID(first(after)); len(out) < limit; {
				dues, err := o.Control.DutiesAfter(ctx, tx, from, limit)
				if err != nil || len(dues) == 0 {
					return out, err
				}
				// They may stand in order of their days: pages go by proof.
				slices.SortStableFunc(dues, func(a, b control.DutyDue) int { return strings.Compare(string(a.Proof.ID), string(b.Proof.ID)) })
				last := dues[len(dues)-1].Proof.ID
				if last <= from {
					return out, nil
				}
				from = last
				mine, err := d.mine(ctx, tx, c, o.Control, dues)
				if err != nil {
					return nil, err
				}
				out = append(out, mine...)
			}
			return out[:min(limit, len(out))], nil
		})
}

// mine groups duties by proof and leaves out those that the caller may not see.
func (d *door) mine(ctx context.Context, tx *store.Tx, c *call, r *control.Room, dues []control.DutyDue) ([]duty, error) {
	var out []duty
	for _, due := range dues {
		if n := len(out); n > 0 && out[n-1].proof.ID == due.Proof.ID {
			out[n-1].dues = append(out[n-1].dues, due)
			continue
		}
		rec, err := r.Duty(ctx, tx, c.actor, due.Proof.ID)
		if err != nil {
			return nil, err
		}
		rec.Place = c.place
		if ok, _ := people.Can(c.actor, people.DutyRead, rec); ok {
			out = append(out, duty{due.Proof, []control.DutyDue{due}})
		}
	}
	return out, nil
}
