package verdict

import (
	"strings"

	"holdfast/internal/isms"
)

// judgedAs is a figure that looks must meet under one binding: the strictest of what
// the sentence and the binding promise.
type judgedAs struct {
	Figure
	bound Bound
}

func (f Figure) bounded() Bound {
	if f.Bound != "" {
		return f.Bound
	}
	if f.Kind == RetentionFigure || f.Kind == ThresholdFigure {
		return AtLeast
	}
	return AtMost
}

// stricter tells whether value a asks for more than value b. Values that cannot be
// compared are never stricter; Input.Check refuses them beforehand.
func stricter(kind FigureKind, bound Bound, a, b string) bool {
	c, ok := compare(kind, a, b)
	if !ok {
		return false
	}
	if bound == AtMost {
		return c < 0
	}
	return c > 0
}

// meets tells whether the value seen satisfies f.
func (f judgedAs) meets(seen string) bool {
	c, ok := compare(f.Kind, seen, f.Value)
	if !ok {
		return false
	}
	if f.bound == AtMost {
		return c <= 0
	}
	return c >= 0
}

// compare orders two values of one kind; ok is false when one of them cannot be read.
func compare(kind FigureKind, a, b string) (c int, ok bool) {
	if kind == ThresholdFigure {
		return compareDecimals(a, b)
	}
	p, err := isms.ParsePeriod(a)
	if err != nil {
		return 0, false
	}
	q, err := isms.ParsePeriod(b)
	if err != nil {
		return 0, false
	}
	switch {
	case p.Longer(q):
		return 1, true
	case q.Longer(p):
		return -1, true
	default:
		return 0, true
	}
}

// compareDecimals compares numbers such as "12", "1.2" and "-0.5" digit by digit, so
// that no rounding can turn a miss into a pass.
func compareDecimals(a, b string) (int, bool) {
	an, ai, af, ok := splitDecimal(a)
	if !ok {
		return 0, false
	}
	bn, bi, bf, ok := splitDecimal(b)
	if !ok {
		return 0, false
	}
	if an != bn {
		if an {
			return -1, true
		}
		return 1, true
	}
	c := len(ai) - len(bi)
	if c == 0 {
		c = strings.Compare(ai, bi)
	}
	if c == 0 {
		c = strings.Compare(af, bf)
	}
	switch {
	case c == 0:
		return 0, true
	case (c < 0) != an:
		return -1, true
	default:
		return 1, true
	}
}

// splitDecimal returns sign, whole digits without leading and fraction digits without
// trailing zeros. A negative zero is zero.
func splitDecimal(s string) (negative bool, whole, fraction string, ok bool) {
	s, negative = strings.CutPrefix(s, "-")
	whole, fraction, dot := strings.Cut(s, ".")
	if whole == "" || len(s) > 40 || dot && fraction == "" {
		return false, "", "", false
	}
	for _, c := range whole + fraction {
		if c < '0' || c > '9' {
			return false, "", "", false
		}
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" && fraction == "" {
		negative = false
	}
	return negative, whole, fraction, true
}

// promised gathers what the sentence and the binding promise for the given parts of
// the sentence: one figure for each kind and name, the strictest. Figures that only
// the sentence has, and that are not periods, are left to the person who confirms the
// binding: the sentence may owe them to another control.
func promised(clause Clause, b Binding, covers func(part string) bool) []judgedAs {
	var out []judgedAs
	add := func(f Figure) {
		if f.Part != "" && !covers(f.Part) {
			return
		}
		for i, g := range out {
			if g.Kind == f.Kind && g.Name == f.Name && g.bound == f.bounded() {
				if stricter(f.Kind, g.bound, f.Value, g.Value) {
					out[i].Figure = f
				}
				return
			}
		}
		out = append(out, judgedAs{f, f.bounded()})
	}
	for _, f := range b.Figures {
		add(f)
	}
	bound := len(out)
	for _, f := range clause.Figures {
		if f.Kind == PeriodFigure {
			add(f)
			continue
		}
		for _, g := range out[:bound] {
			if g.Kind == f.Kind && g.Name == f.Name {
				add(f)
				break
			}
		}
	}
	return out
}

// planned finds the control's own figure for f among those of a proof.
func planned(p Proof, f judgedAs) (Figure, bool) {
	for _, g := range p.Figures {
		if g.Kind == f.Kind && g.Name == f.Name && g.bounded() == f.bound {
			return g, true
		}
	}
	return Figure{}, false
}
