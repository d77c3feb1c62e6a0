package verdict

import (
	"strconv"

	"holdfast/internal/isms"
)

// Derive says whether the clause holds at in.At. It does no I/O apart from reading the
// time zone, looks at nothing recorded after in.At, and the order of in's lists does not
// matter. Input that Check refuses still gets a Result, never a better one.
func Derive(in Input) Result {
	in = in.sorted()
	m := newModel(&in)
	facts := m.gather()
	out := Result{Summary: Summary{Version: Version, At: in.At}}
	next := boundary{at: in.At}
	for i := range in.Exceptions {
		next.exception(&in.Exceptions[i])
	}
	worst := map[isms.ID]isms.Verdict{}
	results := make([]ProofResult, len(m.plans))
	verdicts := make([]isms.Verdict, len(m.plans))
	for i := range m.plans {
		p := &m.plans[i]
		if !p.known(in.At) {
			continue
		}
		results[i] = m.deriveProof(p, facts[i], &next)
		verdicts[i] = results[i].Verdict
		if !m.required(p, in.At) || p.whole {
			continue
		}
		for _, s := range results[i].Items {
			if v, ok := worst[s.Subject]; !ok || s.Verdict.Rank() < v.Rank() {
				worst[s.Subject] = s.Verdict
			}
		}
	}
	for _, v := range worst {
		out.Subjects.add(v, 1)
	}
	for i := range results {
		if !m.plans[i].known(in.At) {
			continue
		}
		out.Proofs = append(out.Proofs, ProofTally{
			Binding: m.bindings[m.plans[i].binding].ID, Proof: results[i].Proof,
			Verdict: results[i].Verdict, Subjects: results[i].Subjects,
		})
	}
	out.NextChange = next.is
	out.Verdict, out.Parts = m.clause(verdicts, in.At)
	out.Bindings = m.results(results)
	out.Reasons = m.reasons(out)
	return out
}

// facts is what was seen of one plan's subjects.
type facts map[isms.ID]*fact

type fact struct {
	seen
	due            isms.Instant
	dueRecorded    isms.Instant
	look, couldNot int // the look that counts and the latest that could not look, plus one; zero: none
}

// gather sorts the looks and due dates that were recorded by the moment asked about
// under each plan.
func (m *model) gather() []facts {
	out := make([]facts, len(m.plans))
	byProof := map[isms.ID][]int{}
	for i := range m.plans {
		out[i] = facts{}
		byProof[m.plans[i].ID] = append(byProof[m.plans[i].ID], i)
	}
	for k := range m.in.Looks {
		l := &m.in.Looks[k]
		if l.Recorded > m.in.At {
			continue
		}
		for _, i := range byProof[l.Proof] {
			f := out[i].of(l.Subject)
			if f.take(l, m.plans[i].shows(l)) {
				f.look = k + 1
			}
			if l.Outcome == Error && (f.couldNot == 0 || l.when() >= m.in.Looks[f.couldNot-1].when()) {
				f.couldNot = k + 1
			}
		}
	}
	for _, d := range m.in.Duties {
		if d.Recorded > m.in.At {
			continue
		}
		for _, i := range byProof[d.Proof] {
			if f := out[i].of(d.Subject); f.due == 0 || d.Recorded >= f.dueRecorded {
				f.due, f.dueRecorded = d.Due, d.Recorded
			}
		}
	}
	return out
}

func (f facts) of(subject isms.ID) *fact {
	if f[subject] == nil {
		f[subject] = &fact{}
	}
	return f[subject]
}

// subjects lists whom the proof is about at a moment.
func (m *model) subjects(p *plan, at isms.Instant) []isms.ID {
	if p.whole {
		return []isms.ID{""}
	}
	if p.scope == nil {
		return nil
	}
	out := make([]isms.ID, 0, len(p.scope.Subjects))
	for _, s := range p.scope.Subjects {
		if s.present(at) {
			out = append(out, s.ID)
		}
	}
	return out
}

// deriveProof judges one proof under one binding, subject by subject.
func (m *model) deriveProof(p *plan, seen facts, next *boundary) ProofResult {
	out := ProofResult{Proof: p.ID, Kind: p.Kind, Required: p.Required, Window: p.window}
	for _, subject := range m.subjects(p, m.in.At) {
		f := seen[subject]
		if f == nil {
			f = &fact{}
		}
		c, until := m.stand(p, &f.seen, f.due, m.in.At)
		next.add(until)
		s := SubjectResult{Subject: subject, Verdict: c.verdict(), Until: until}
		s.Reasons = m.explain(p, f, c, until)
		if f.look > 0 {
			ref := m.in.Looks[f.look-1].Ref
			s.Ref, s.Observed = &ref, f.last
		}
		if e := p.excuse(subject, m.in.At); e != nil && c < excepted {
			s.Without, s.Verdict, s.Exception = s.Verdict, isms.Excepted, e.ID
			s.Reasons = append(s.Reasons, isms.Because("verdict.excepted", "exception", string(e.ID), "until", e.Until.String()))
		}
		out.Subjects.add(s.Verdict, 1)
		out.Items = append(out.Items, s)
	}
	var lacks []isms.Reason
	out.Verdict, lacks = m.whole(p, out.Subjects, m.in.At)
	out.Reasons = append(append(out.Reasons, p.shorter...), lacks...)
	return out
}

// explain gives the reasons why a subject stands as it does.
func (m *model) explain(p *plan, f *fact, c code, until isms.Instant) []isms.Reason {
	var out []isms.Reason
	switch {
	case c == failing:
		out = append(out, isms.Because("verdict.negative", "observed", f.last.String()))
		l := &m.in.Looks[f.look-1]
		for _, g := range p.figures {
			if seen, ok := l.measure(g); ok && !g.meets(seen) {
				out = append(out, isms.Because("verdict.figure_missed", "kind", string(g.Kind), "name", g.Name, "promised", g.Value, "seen", seen))
			}
		}
		out = append(out, l.Reasons...)
	case c == stale && f.showed != nothing:
		out = append(out, isms.Because("verdict.stale", "observed", f.last.String(), "since", until.String(), "window", p.window.String()))
	case c == stale:
		out = append(out, isms.Because("verdict.stale", "observed", "", "since", until.String(), "window", p.window.String()))
	case c == unproven && f.showed == unjudged:
		for _, w := range p.weak {
			if w.Code != "" {
				out = append(out, w)
			}
		}
	case c == unproven && f.showed == positive:
		out = append(out, isms.Because("verdict.no_window"))
	case c == unproven && p.Kind == DutyProof && f.due > m.in.At:
		out = append(out, isms.Because("verdict.duty_not_yet_due", "due", f.due.String()))
	case c == unproven && p.Kind == DutyProof && f.due != 0:
		out = append(out, isms.Because("verdict.duty_never_done", "due", f.due.String()))
	case c == unproven:
		out = append(out, isms.Because("verdict.never_looked"))
	}
	if f.couldNot > 0 && m.in.Looks[f.couldNot-1].when() >= f.last {
		l := &m.in.Looks[f.couldNot-1]
		out = append(out, isms.Because("verdict.could_not_look", "since", max(f.refused, f.last).String()))
		out = append(out, l.Reasons...)
	}
	return out
}

// clause takes the proofs together: the verdict on the clause and on each of its parts.
// A confirmed binding under which nothing is required, or a figure that nothing judges,
// is a promise without proof.
func (m *model) clause(proofs []isms.Verdict, at isms.Instant) (isms.Verdict, []PartResult) {
	bindings := make([][]isms.Verdict, len(m.bindings))
	for i := range m.plans {
		if p := &m.plans[i]; m.required(p, at) {
			bindings[p.binding] = append(bindings[p.binding], proofs[i])
		}
	}
	var all []isms.Verdict
	for i, b := range m.bindings {
		if b.counts(at) {
			all = append(all, b.verdict(bindings[i]))
		}
	}
	if len(m.flaws) > 0 {
		all = append(all, isms.Unproven)
	}
	parts := make([]PartResult, len(m.parts))
	for k, part := range m.parts {
		var here []isms.Verdict
		parts[k].Part = part
		for i := range m.plans {
			if p := &m.plans[i]; m.required(p, at) && contains(p.parts, part) {
				here = append(here, proofs[i])
				parts[k].Proofs = append(parts[k].Proofs, p.ID)
			}
		}
		for i, b := range m.bindings {
			if b.counts(at) && covers(b.Parts, part) && (len(b.unjudged) > 0 || len(bindings[i]) == 0) {
				here = append(here, isms.Unproven)
			}
		}
		parts[k].Verdict = isms.Worst(here...)
		all = append(all, parts[k].Verdict)
	}
	return isms.Worst(all...), parts
}

// verdict of a binding over its required proofs.
func (b bound) verdict(proofs []isms.Verdict) isms.Verdict {
	if len(b.unjudged) > 0 {
		proofs = append(proofs, isms.Unproven)
	}
	return isms.Worst(proofs...)
}

func contains(parts []string, part string) bool {
	for _, p := range parts {
		if p == part {
			return true
		}
	}
	return false
}

// results groups the proofs by binding.
func (m *model) results(proofs []ProofResult) []BindingResult {
	out := make([]BindingResult, len(m.bindings))
	for i, b := range m.bindings {
		r := BindingResult{Binding: b.ID, Control: b.Control, Counts: b.counts(m.in.At), Reasons: b.unjudged}
		var vs []isms.Verdict
		for k := range m.plans {
			if m.plans[k].binding != i || !m.plans[k].known(m.in.At) {
				continue
			}
			r.Proofs = append(r.Proofs, proofs[k])
			if m.plans[k].Required {
				vs = append(vs, proofs[k].Verdict)
			}
		}
		if len(vs) == 0 {
			r.Reasons = append(r.Reasons, isms.Because("verdict.no_required_proof", "control", string(b.Control)))
		}
		if !r.Counts {
			r.Reasons = append(r.Reasons, isms.Because("verdict.binding_proposed", "binding", string(b.ID)))
		}
		r.Verdict = b.verdict(vs)
		out[i] = r
	}
	return out
}

// reasons explains the verdict on the clause in few words; the rest is in the breakdown.
func (m *model) reasons(r Result) []isms.Reason {
	out := append([]isms.Reason(nil), m.flaws...)
	if len(m.bindings) == 0 {
		out = append(out, isms.Because("verdict.no_binding"))
	}
	proven := 0
	for _, p := range r.Parts {
		if len(p.Proofs) == 0 {
			out = append(out, isms.Because("verdict.part_without_proof", "part", p.Part))
		}
		if p.Verdict == isms.Holding {
			proven++
		}
	}
	if len(m.in.Clause.Parts) > 0 {
		out = append(out, isms.Because("verdict.parts_proven", "proven", strconv.Itoa(proven), "of", strconv.Itoa(len(r.Parts))))
	}
	for _, b := range r.Bindings {
		out = append(out, b.Reasons...)
		for _, p := range b.Proofs {
			if !b.Counts || !p.Required {
				continue
			}
			out = append(out, p.Reasons...)
			for _, v := range isms.Verdicts[:4] {
				if n := p.Subjects.In(v); n > 0 {
					out = append(out, isms.Because("verdict.subjects_at", "verdict", string(v),
						"subjects", strconv.Itoa(n), "of", strconv.Itoa(p.Subjects.Of()), "proof", string(p.Proof)))
				}
			}
		}
	}
	for i := range m.in.Exceptions {
		if e := &m.in.Exceptions[i]; e.Approved != 0 && e.Approved <= m.in.At && !e.ends() {
			out = append(out, isms.Because("verdict.exception_unending", "exception", string(e.ID)))
		}
	}
	return out
}

// boundary finds the earliest of the instants after at.
type boundary struct{ at, is isms.Instant }

func (b *boundary) add(i isms.Instant) {
	if i > b.at && (b.is == 0 || i < b.is) {
		b.is = i
	}
}

func (b *boundary) exception(e *Exception) {
	if e.approved(b.at) {
		b.add(e.From)
		b.add(e.Until)
	}
}
