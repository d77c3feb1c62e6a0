package control

import (
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/policy"
	"holdfast/internal/verdict"
)

// What follows maps records to the parts of a verdict's input. It is pure, and the one place
// for it: Assemble reads the records from the rows, Rebuild from the entries of a bundle.

func clauseInput(ct *policy.ClauseText) verdict.Clause {
	return verdict.Clause{ID: ct.Clause, Text: ct.Hash, Parts: ct.Parts, Figures: figures(ct)}
}

// figures is what a sentence promises in figures, as it was read or corrected.
func figures(ct *policy.ClauseText) []verdict.Figure {
	var out []verdict.Figure
	for _, f := range []struct {
		kind  verdict.FigureKind
		value string
	}{{verdict.PeriodFigure, ct.Cadence}, {verdict.DeadlineFigure, ct.Deadline}, {verdict.RetentionFigure, ct.Retention}} {
		if p, err := isms.ParsePeriod(f.value); err == nil && !p.IsZero() {
			out = append(out, verdict.Figure{Kind: f.kind, Value: f.value})
		}
	}
	return out
}

func (b *Binding) input() verdict.Binding {
	return verdict.Binding{ID: b.ID, Control: b.Control, Parts: b.Parts, Figures: b.Figures, Confirmed: b.Confirmed, ConfirmedBy: string(b.ConfirmedBy)}
}

func (p *Proof) input() verdict.Proof {
	return verdict.Proof{ID: p.ID, Control: p.Control, Kind: p.Kind, Required: p.Required, Every: p.Every,
		Window: p.window(), Scope: p.Scope, Parts: p.Parts, Figures: p.Figures, Recorded: p.Recorded}
}

// due is when a duty of the whole organisation that was never done must be done first.
func (p *Proof) due(looks int, zone *time.Location) []verdict.Duty {
	if p.Kind != verdict.DutyProof || p.Scope != "" || looks > 0 || p.Every.IsZero() {
		return nil
	}
	return []verdict.Duty{{Proof: p.ID, Due: p.Every.After(p.Recorded, zone), Recorded: p.Recorded}}
}

func (e *Exception) input() verdict.Exception {
	return verdict.Exception{ID: e.ID, Proofs: e.Proofs, Subjects: e.Subjects, From: e.From, Until: e.Until,
		Approved: e.Decided, ApprovedBy: string(e.DecidedBy)}
}
