package verdict

import "holdfast/internal/isms"

// code is a verdict in one byte, worst first as in isms.Verdicts; absent means that
// the subject is not in the scope.
type code uint8

const (
	failing code = iota
	stale
	unproven
	excepted
	holding
	absent
)

func (c code) verdict() isms.Verdict { return isms.Verdicts[c] }

// showing is what one look showed under one promise.
type showing uint8

const (
	nothing  showing = iota // no look yet that could look
	negative                // worst first, so that of two looks at the same moment the worse counts
	unjudged                // it was positive, but says nothing about a promised figure
	positive
)

// seen is what the looks of one proof on one subject amount to. Taking looks in any
// order, or one twice, comes to the same.
type seen struct {
	last     isms.Instant // what the age of the latest look counts from
	recorded isms.Instant // when that look was recorded
	refused  isms.Instant // the earliest look that could not look; zero: none
	showed   showing
}

// when is what a look's age counts from: the earliest of its times.
func (l *Look) when() isms.Instant {
	w := l.Observed
	if l.Received != 0 && l.Received < w {
		w = l.Received
	}
	if l.Recorded < w {
		w = l.Recorded
	}
	return w
}

// take adds a look and tells whether it is now the one that counts.
func (s *seen) take(l *Look, showed showing) bool {
	w := l.when()
	if l.Outcome == Error {
		if s.refused == 0 || w < s.refused {
			s.refused = w
		}
		return false
	}
	if s.showed != nothing {
		if w < s.last || w == s.last && (l.Recorded < s.recorded || l.Recorded == s.recorded && showed >= s.showed) {
			return false
		}
	}
	s.last, s.recorded, s.showed = w, l.Recorded, showed
	return true
}

// shows judges what a look showed against the promised figures.
func (p *plan) shows(l *Look) showing {
	switch l.Outcome {
	case Positive:
	case Negative:
		return negative
	default:
		return nothing
	}
	out := positive
	for i, f := range p.figures {
		measure, ok := l.measure(f)
		switch {
		case ok && !f.meets(measure):
			return negative
		case !ok && p.weak[i].Code != "":
			out = unjudged
		}
	}
	return out
}

func (l *Look) measure(f judgedAs) (string, bool) {
	for _, m := range l.Measures {
		if m.Kind == f.Kind && m.Name == f.Name {
			return m.Value, true
		}
	}
	return "", false
}

// stand says how a subject stands at a moment, before exceptions, and when that may
// change by mere passing of time (zero: never).
//
// A negative look stays negative however old it gets: silence never improves anything.
func (m *model) stand(p *plan, s *seen, due, at isms.Instant) (code, isms.Instant) {
	switch s.showed {
	case negative:
		return failing, 0
	case nothing:
		return m.standWithout(p, s, due, at)
	}
	until := m.expiry(p, s, due)
	if until == 0 {
		return unproven, 0 // nothing says how long the look counts
	}
	if at >= until {
		return stale, until
	}
	if s.showed == unjudged {
		return unproven, until
	}
	return holding, until
}

// standWithout is stand for a subject that nothing could look at yet.
func (m *model) standWithout(p *plan, s *seen, due, at isms.Instant) (code, isms.Instant) {
	if s.refused != 0 && !p.window.IsZero() {
		until := p.window.After(s.refused, m.zone)
		if at >= until {
			return stale, until
		}
		return unproven, until
	}
	return unproven, due
}

// expiry is when the latest look stops counting: at the end of its window, or when the
// duty is due again, whichever comes first. Zero if neither is known.
func (m *model) expiry(p *plan, s *seen, due isms.Instant) isms.Instant {
	var until isms.Instant
	if !p.window.IsZero() {
		until = p.window.After(s.last, m.zone)
	}
	if due > s.last && (until == 0 || due < until) {
		until = due
	}
	return until
}

// excuse returns the exception that covers the subject longest at a moment, or nil.
func (p *plan) excuse(subject isms.ID, at isms.Instant) *Exception {
	return longest(longest(nil, p.wide, at), p.narrow[subject], at)
}

func longest(best *Exception, of []*Exception, at isms.Instant) *Exception {
	for _, e := range of {
		if e.valid(at) && (best == nil || e.Until > best.Until) {
			best = e
		}
	}
	return best
}

// whole says how a proof stands, given the tally of its subjects: what is wrong with
// the proof as such makes it unproven, and only an exception for all its subjects
// excuses that.
func (m *model) whole(p *plan, t Tally, at isms.Instant) (isms.Verdict, []isms.Reason) {
	reasons := m.lacks(p, t, at)
	v := t.Worst()
	if len(reasons) > 0 {
		lack := isms.Unproven
		if longest(nil, p.wide, at) != nil {
			lack = isms.Excepted
		}
		if t.Of() == 0 {
			return lack, reasons
		}
		v = isms.Worst(v, lack)
	}
	return v, reasons
}

// lacks lists why a proof cannot hold whatever its looks show.
func (m *model) lacks(p *plan, t Tally, at isms.Instant) []isms.Reason {
	var out []isms.Reason
	if p.window.IsZero() && p.Kind != DutyProof {
		out = append(out, isms.Because("verdict.no_window"))
	}
	if p.whole {
		return out
	}
	if t.Of() == 0 {
		out = append(out, isms.Because("verdict.no_subjects", "scope", string(p.Scope)))
	}
	if p.scope == nil || p.scope.Declared == 0 || p.scope.Declared > at {
		out = append(out, isms.Because("verdict.scope_undeclared", "scope", string(p.Scope)))
	}
	return out
}
