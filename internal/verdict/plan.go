package verdict

import (
	"slices"
	"time"

	"holdfast/internal/isms"
)

// model is an Input made ready for judging: what does not depend on looks.
type model struct {
	in       *Input
	zone     *time.Location
	parts    []string // of the sentence; one empty name for a sentence in one piece
	bindings []bound
	plans    []plan // in order of binding and proof
	flaws    []isms.Reason
}

// bound is one binding with what no proof under it judges.
type bound struct {
	*Binding
	unjudged []isms.Reason // figures that no required proof judges
}

// plan is one proof under one binding.
type plan struct {
	*Proof
	binding int
	parts   []string // of the sentence, that the proof covers here
	window  isms.Period
	shorter []isms.Reason // "promised P3M, planned P1Y"
	figures []judgedAs
	weak    []isms.Reason // by figure: why a look without a measure does not show it; code empty if it does
	scope   *Scope        // nil where there is none
	whole   bool          // about the organisation as a whole: one unnamed subject
	wide    []*Exception  // exceptions for all subjects
	narrow  map[isms.ID][]*Exception
}

// newModel prepares in, which must be sorted.
func newModel(in *Input) *model {
	m := &model{in: in, parts: in.Clause.Parts, zone: time.UTC}
	if len(m.parts) == 0 {
		m.parts = []string{""}
	}
	zone, err := time.LoadLocation(in.Zone)
	if err != nil || in.Zone == "" || in.Zone == "Local" {
		m.flaws = append(m.flaws, isms.Because("verdict.zone_unknown", "zone", in.Zone))
	} else {
		m.zone = zone
	}
	scopes := make(map[isms.ID]*Scope, len(in.Scopes))
	for i := range in.Scopes {
		scopes[in.Scopes[i].ID] = &in.Scopes[i]
	}
	for i := range in.Bindings {
		m.bind(i, scopes)
	}
	return m
}

// bind adds one binding and the plans under it.
func (m *model) bind(i int, scopes map[isms.ID]*Scope) {
	b := bound{Binding: &m.in.Bindings[i]}
	var own []judgedAs
	from := len(m.plans)
	for j := range m.in.Proofs {
		if m.in.Proofs[j].Control == b.Control {
			m.plans = append(m.plans, m.plan(i, &m.in.Proofs[j], scopes))
		}
	}
	own = promised(m.in.Clause, *b.Binding, func(part string) bool { return covers(b.Parts, part) })
	for _, f := range own {
		if f.Kind == PeriodFigure {
			continue
		}
		judged := slices.ContainsFunc(m.plans[from:], func(p plan) bool {
			_, ok := planned(*p.Proof, f)
			return ok && p.Required
		})
		if !judged {
			b.unjudged = append(b.unjudged, isms.Because("verdict.figure_not_planned", "kind", string(f.Kind), "name", f.Name, "promised", f.Value))
		}
	}
	m.bindings = append(m.bindings, b)
}

func covers(parts []string, part string) bool {
	return len(parts) == 0 || slices.Contains(parts, part)
}

// plan prepares proof p under binding i.
func (m *model) plan(i int, p *Proof, scopes map[isms.ID]*Scope) plan {
	b := &m.in.Bindings[i]
	out := plan{Proof: p, binding: i, scope: scopes[p.Scope], whole: p.Scope == "" && p.Kind != CheckProof}
	for _, part := range m.parts {
		if covers(b.Parts, part) && covers(p.Parts, part) {
			out.parts = append(out.parts, part)
		}
	}
	out.window = p.Window
	if out.window.IsZero() {
		out.window = p.Every
	}
	for _, f := range promised(m.in.Clause, *b, func(part string) bool { return slices.Contains(out.parts, part) }) {
		if f.Kind == PeriodFigure {
			out.tighten(f)
			continue
		}
		out.figures = append(out.figures, f)
		out.weak = append(out.weak, weakness(p, f))
	}
	for k := range m.in.Exceptions {
		out.except(&m.in.Exceptions[k])
	}
	return out
}

// tighten takes the promised period where it is shorter than what the control plans.
func (p *plan) tighten(f judgedAs) {
	period, err := isms.ParsePeriod(f.Value)
	if err != nil || period.IsZero() || !p.window.IsZero() && !p.window.Longer(period) {
		return
	}
	plan := p.window
	if p.Every.Longer(period) {
		plan = p.Every
	}
	p.window = period
	if !plan.IsZero() {
		p.shorter = []isms.Reason{isms.Because("verdict.promised_shorter", "promised", period.String(), "planned", plan.String())}
	}
}

// weakness says why a look of p that measured nothing does not show that f is met:
// the control plans less than what is promised. A proof that does not plan f at all
// shows nothing about it and is not blamed for that.
func weakness(p *Proof, f judgedAs) isms.Reason {
	g, ok := planned(*p, f)
	if !ok || g.Value == f.Value || f.meets(g.Value) {
		return isms.Reason{}
	}
	return isms.Because("verdict.figure_not_judged", "kind", string(f.Kind), "name", f.Name, "promised", f.Value, "planned", g.Value)
}

func (p *plan) except(e *Exception) {
	if len(e.Proofs) > 0 && !slices.Contains(e.Proofs, p.ID) {
		return
	}
	switch {
	case len(e.Subjects) > 0:
		if p.narrow == nil {
			p.narrow = map[isms.ID][]*Exception{}
		}
		for _, s := range e.Subjects {
			p.narrow[s] = append(p.narrow[s], e)
		}
	case len(e.Proofs) > 0:
		p.wide = append(p.wide, e)
	}
}

// counts tells whether a person had confirmed the binding at the given moment.
func (b bound) counts(at isms.Instant) bool { return b.Confirmed != 0 && b.Confirmed <= at }

// known tells whether the control had the proof then.
func (p *plan) known(at isms.Instant) bool { return p.Recorded <= at }

// required tells whether the proof's verdict bears on the clause then.
func (m *model) required(p *plan, at isms.Instant) bool {
	return p.Required && p.known(at) && m.bindings[p.binding].counts(at)
}

// ends tells whether the exception has an end, as every exception must.
func (e *Exception) ends() bool { return e.Until > 0 && e.Until < endless }

// endless is the first instant that no exception may reach: the year 10000.
const endless isms.Instant = 253_402_300_800_000_000

func (e *Exception) approved(at isms.Instant) bool {
	return e.Approved != 0 && e.Approved <= at && e.ends()
}

func (e *Exception) valid(at isms.Instant) bool {
	return e.approved(at) && e.From <= at && at < e.Until
}

// present tells whether the subject was in its scope then.
func (s Subject) present(at isms.Instant) bool {
	return s.Added <= at && (s.Retired == 0 || at < s.Retired)
}
