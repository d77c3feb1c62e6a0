package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/isms"
)

// Parse reads an Input as Canonical writes it, in any order and spacing. Unknown and
// repeated names are refused, because a reader who ignores a word could derive another
// verdict than its writer.
func Parse(b []byte) (Input, error) {
	var in Input
	if err := json.Unmarshal(b, &in, json.RejectUnknownMembers(true)); err != nil {
		return Input{}, isms.Errorf(isms.Invalid, "verdict.input_malformed").Because(fmt.Errorf("read verdict input: %w", err))
	}
	if err := in.Check(); err != nil {
		return Input{}, err
	}
	return in, nil
}

// Canonical writes in with its lists in their fixed order as RFC 8785 JSON: equal
// inputs have equal bytes.
func (in Input) Canonical() ([]byte, error) {
	b, err := json.Marshal(in.sorted())
	if err != nil {
		return nil, fmt.Errorf("write verdict input: %w", err)
	}
	v := jsontext.Value(b)
	if err := v.Canonicalize(); err != nil {
		return nil, fmt.Errorf("write verdict input: %w", err)
	}
	return v, nil
}

// Check tells what in the input cannot be taken as it is: ids used twice, instants out
// of range, figures that cannot be read, words that are not among ours.
func (in Input) Check() error {
	c := checker{}
	if in.Version < 1 || in.Version > Version {
		c.bad("/version", strconv.Itoa(in.Version))
	}
	c.instants("/at", in.At)
	if _, err := time.LoadLocation(in.Zone); err != nil || in.Zone == "" || in.Zone == "Local" {
		c.bad("/zone", in.Zone)
	}
	c.figures("/clause/figures", in.Clause.Figures)
	c.unique("/clause/parts", in.Clause.Parts)
	c.bindings(in)
	c.scopes(in)
	c.looks(in)
	var ids []isms.ID
	for i, e := range in.Exceptions {
		ids = append(ids, e.ID)
		if e.From < 0 || e.Until < 0 || e.Approved < 0 { // one without an end is allowed to be shown, and counts for nothing
			c.bad(fmt.Sprintf("/exceptions/%d", i), "instant")
		}
	}
	uniqueIDs(&c, "/exceptions", ids)
	for i, d := range in.Duties {
		c.instants(fmt.Sprintf("/duties/%d", i), d.Due, d.Recorded)
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

// checker keeps the first thing that is wrong.
type checker struct{ err *isms.Error }

func (c *checker) bad(field, value string) {
	if c.err == nil {
		c.err = isms.Errorf(isms.Invalid, "verdict.input_invalid", "value", value).At(field)
	}
}

func (c *checker) instants(field string, is ...isms.Instant) {
	for _, i := range is {
		if i < 0 || i >= endless {
			c.bad(field, strconv.FormatInt(int64(i), 10))
		}
	}
}

func (c *checker) unique(field string, names []string) {
	ids := make([]isms.ID, len(names))
	for i, n := range names {
		ids[i] = isms.ID(n)
	}
	uniqueIDs(c, field, ids)
}

func uniqueIDs[T cmp.Ordered](c *checker, field string, ids []T) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] {
			c.bad(field, fmt.Sprint(ids[i]))
		}
	}
}

func (c *checker) figures(field string, fs []Figure) {
	for i, f := range fs {
		at := field + "/" + strconv.Itoa(i)
		switch f.Kind {
		case PeriodFigure, DeadlineFigure, RetentionFigure, ThresholdFigure:
		default:
			c.bad(at, string(f.Kind))
		}
		if f.Bound != "" && f.Bound != AtLeast && f.Bound != AtMost {
			c.bad(at, string(f.Bound))
		}
		if _, ok := compare(f.Kind, f.Value, f.Value); !ok {
			c.bad(at, f.Value)
		}
	}
}

func (c *checker) bindings(in Input) {
	var ids []isms.ID
	for i, b := range in.Bindings {
		at := fmt.Sprintf("/bindings/%d", i)
		ids = append(ids, b.ID)
		c.figures(at+"/figures", b.Figures)
		c.instants(at, b.Confirmed)
	}
	uniqueIDs(c, "/bindings", ids)
	ids = nil
	for i, p := range in.Proofs {
		at := fmt.Sprintf("/proofs/%d", i)
		ids = append(ids, p.ID)
		c.figures(at+"/figures", p.Figures)
		c.instants(at, p.Recorded)
		if p.Kind != CheckProof && p.Kind != DutyProof && p.Kind != RuleProof {
			c.bad(at, string(p.Kind))
		}
	}
	uniqueIDs(c, "/proofs", ids)
}

func (c *checker) scopes(in Input) {
	var ids []isms.ID
	for i, s := range in.Scopes {
		at := fmt.Sprintf("/scopes/%d", i)
		ids = append(ids, s.ID)
		c.instants(at, s.Declared)
		subjects := make([]isms.ID, len(s.Subjects))
		for k, x := range s.Subjects {
			subjects[k] = x.ID
			c.instants(at, x.Added, x.Retired)
			if x.ID == "" {
				c.bad(at, "subject without id")
			}
		}
		uniqueIDs(c, at, subjects)
	}
	uniqueIDs(c, "/scopes", ids)
}

func (c *checker) looks(in Input) {
	for i, l := range in.Looks {
		at := fmt.Sprintf("/looks/%d", i)
		c.instants(at, l.Observed, l.Received, l.Recorded)
		if l.Outcome != Positive && l.Outcome != Negative && l.Outcome != Error {
			c.bad(at, string(l.Outcome))
		}
		if l.Observed == 0 || l.Recorded == 0 {
			c.bad(at, "time")
		}
	}
}

// sorted returns in with its lists in their fixed order; lists that are not in it are copied.
func (in Input) sorted() Input {
	in.Clause.Parts = inOrder(in.Clause.Parts, cmp.Compare)
	in.Clause.Figures = inOrder(in.Clause.Figures, byFigure)
	in.Bindings = inOrder(slices.Clone(in.Bindings), func(a, b Binding) int { return cmp.Compare(a.ID, b.ID) })
	for i := range in.Bindings {
		b := &in.Bindings[i]
		b.Parts, b.Figures = inOrder(b.Parts, cmp.Compare), inOrder(b.Figures, byFigure)
	}
	in.Proofs = inOrder(slices.Clone(in.Proofs), func(a, b Proof) int { return cmp.Compare(a.ID, b.ID) })
	for i := range in.Proofs {
		p := &in.Proofs[i]
		p.Parts, p.Figures = inOrder(p.Parts, cmp.Compare), inOrder(p.Figures, byFigure)
	}
	in.Scopes = inOrder(slices.Clone(in.Scopes), func(a, b Scope) int { return cmp.Compare(a.ID, b.ID) })
	for i := range in.Scopes {
		s := &in.Scopes[i]
		s.Subjects = inOrder(s.Subjects, func(a, b Subject) int { return cmp.Compare(a.ID, b.ID) })
	}
	in.Looks = inOrder(in.Looks, byLook)
	in.Duties = inOrder(in.Duties, byDuty)
	in.Exceptions = inOrder(slices.Clone(in.Exceptions), func(a, b Exception) int { return cmp.Compare(a.ID, b.ID) })
	for i := range in.Exceptions {
		e := &in.Exceptions[i]
		e.Proofs, e.Subjects = inOrder(e.Proofs, cmp.Compare), inOrder(e.Subjects, cmp.Compare)
	}
	return in
}

// inOrder returns s if it is sorted, else a sorted copy.
func inOrder[S ~[]E, E any](s S, by func(a, b E) int) S {
	if slices.IsSortedFunc(s, by) {
		return s
	}
	s = slices.Clone(s)
	slices.SortStableFunc(s, by)
	return s
}

func byFigure(a, b Figure) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Part, b.Part),
		cmp.Compare(a.Bound, b.Bound), cmp.Compare(a.Value, b.Value))
}

func byLook(a, b Look) int {
	return cmp.Or(cmp.Compare(a.Proof, b.Proof), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Observed, b.Observed),
		cmp.Compare(a.Recorded, b.Recorded), cmp.Compare(a.Ref.Entry, b.Ref.Entry), cmp.Compare(a.Ref.Item, b.Ref.Item),
		cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Received, b.Received))
}

func byDuty(a, b Duty) int {
	return cmp.Or(cmp.Compare(a.Proof, b.Proof), cmp.Compare(a.Subject, b.Subject),
		cmp.Compare(a.Recorded, b.Recorded), cmp.Compare(b.Due, a.Due))
}
