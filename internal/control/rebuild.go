package control

import (
	"slices"
	"time"

	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/register"
	"holdfast/internal/verdict"
)

// Records are what a verdict on a clause rests on, read back from the entries that wrote them.
// There may be several revisions of one; the newest counts.
type Records struct {
	ClauseText policy.ClauseText
	Bindings   []Binding
	Proofs     []Proof
	Scopes     []Scope
	Subjects   []Subject
	Exceptions []Exception
	Looks      []verdict.Look
}

// Rebuild makes from records what Assemble makes from rows. It is pure: whoever holds the
// entries gets the same input, and so the same verdict.
func Rebuild(rec Records, at isms.Instant, zone *time.Location) verdict.Input {
	ct := &rec.ClauseText
	g := gathering{zone: zone, in: verdict.Input{Version: verdict.Version, At: at, Zone: zone.String(), Clause: clauseInput(ct), Bindings: []verdict.Binding{}}}
	controls := map[isms.ID]bool{}
	for _, b := range newest(rec.Bindings) {
		if b.Clause == ct.Clause && b.Words == ct.Hash && b.Control != "" && (b.State == Proposed || b.State == Confirmed) {
			g.in.Bindings = append(g.in.Bindings, b.input())
			controls[b.Control] = true
		}
	}
	scopes := map[isms.ID]bool{}
	for _, p := range newest(rec.Proofs) {
		if !controls[p.Control] || p.State != Active {
			continue
		}
		g.in.Proofs = append(g.in.Proofs, p.input())
		scopes[p.Scope] = true
		n := len(g.in.Looks)
		for _, l := range rec.Looks {
			if l.Proof == p.ID {
				g.in.Looks = append(g.in.Looks, l)
			}
		}
		g.in.Duties = append(g.in.Duties, p.due(len(g.in.Looks)-n, zone)...)
	}
	subjects := newest(rec.Subjects)
	for _, s := range newest(rec.Scopes) {
		if scopes[s.ID] {
			members := slices.DeleteFunc(slices.Clone(subjects), func(x Subject) bool { return !s.Selector.takes(&x) })
			g.in.Scopes = append(g.in.Scopes, s.input(members))
		}
	}
	for _, e := range newest(rec.Exceptions) {
		if e.State == ExceptionApproved && e.Until > at && e.concerns(g.proof, g.member) {
			g.in.Exceptions = append(g.in.Exceptions, e.input())
		}
	}
	return g.in
}

// newest keeps of each record its newest revision, in order of id.
func newest[T any, P interface {
	*T
	Record() *register.Row
}](all []T) []T {
	last := map[isms.ID]T{}
	for _, v := range all {
		r := P(&v).Record()
		if old, ok := last[r.ID]; !ok || P(&old).Record().From < r.From {
			last[r.ID] = v
		}
	}
	out := make([]T, 0, len(last))
	for _, v := range last {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b T) int {
		if P(&a).Record().ID < P(&b).Record().ID {
			return -1
		}
		return 1
	})
	return out
}

// Answers is what an observation says about a proof on a subject: pure, for the live batch and
// the bundle alike. ok is false if the observation is not about that subject or another check.
func Answers(p *Proof, s *Subject, o *probe.Observation) (a evidence.Answer, ok bool) {
	about := o.Subject.ID == s.ID || o.Subject.ID == "" && o.Subject.Address == s.Address && o.Subject.Kind == s.Kind
	if !about || p.Probe != o.Check || p.Kind != verdict.CheckProof {
		return a, false
	}
	return answer(p, s.ID, o), true
}
