package page

import (
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// Days is one verdict a day, oldest first; an empty verdict is a day before the
// first one.
type Days []isms.Verdict

// Counts says how many clauses (or days, or subjects) are in each state.
type Counts struct {
	Failing, Stale, Unproven, Excepted, Holding int
}

// All is the sum.
func (c Counts) All() int { return c.Failing + c.Stale + c.Unproven + c.Excepted + c.Holding }

// Of is the count for one verdict.
func (c Counts) Of(v isms.Verdict) int {
	switch v {
	case isms.Failing:
		return c.Failing
	case isms.Stale:
		return c.Stale
	case isms.Unproven:
		return c.Unproven
	case isms.Excepted:
		return c.Excepted
	case isms.Holding:
		return c.Holding
	}
	return 0
}

// Add counts one more.
func (c *Counts) Add(v isms.Verdict) {
	switch v {
	case isms.Failing:
		c.Failing++
	case isms.Stale:
		c.Stale++
	case isms.Excepted:
		c.Excepted++
	case isms.Holding:
		c.Holding++
	default:
		c.Unproven++
	}
}

// Worst is the worst state that occurs; of nothing it is unproven.
func (c Counts) Worst() isms.Verdict {
	for _, v := range isms.Verdicts {
		if c.Of(v) > 0 {
			return v
		}
	}
	return isms.Unproven
}

// Counts counts the days of a record.
func (d Days) Counts() Counts {
	var c Counts
	for _, v := range d {
		if v != "" {
			c.Add(v)
		}
	}
	return c
}

// statePath is one path of a chart: all bars of one state.
type statePath struct {
	State isms.Verdict
	D     string
}

// drawRecord draws a bar a day, 3 wide every 4, as one path a state: full for
// holding, broken for failing, half for stale, a stub for unproven, a thin line for
// excepted. So each state can be told by its shape alone.
func drawRecord(days Days, height int) []statePath {
	shapes := map[isms.Verdict]*strings.Builder{}
	for i, v := range days {
		if v == "" {
			v = before
		}
		b, ok := shapes[v]
		if !ok {
			b = new(strings.Builder)
			shapes[v] = b
		}
		x := 4 * i
		switch v {
		case isms.Holding:
			bar(b, x, 0, 3, height)
		case isms.Failing:
			cut := height * 45 / 100
			bar(b, x, 0, 3, cut)
			bar(b, x, cut+3, 3, height-cut-3)
		case isms.Stale:
			top := height * 2 / 5
			bar(b, x, top, 3, height-top)
		case isms.Excepted:
			bar(b, x+1, 0, 1, height)
		case before:
			bar(b, x, height-1, 3, 1)
		default:
			bar(b, x, height-3, 3, 3)
		}
	}
	return inOrder(shapes)
}

// drawStack draws how many are in each state, a column a day, holding at the
// bottom, in a box of 480 by 96.
func drawStack(days []Counts) []statePath {
	shapes := map[isms.Verdict]*strings.Builder{}
	for i, c := range days {
		all := c.All()
		x := float64(i) * 480 / float64(len(days))
		width := max(480/float64(len(days))-1, 1)
		if all == 0 {
			b, ok := shapes[before]
			if !ok {
				b = new(strings.Builder)
				shapes[before] = b
			}
			b.WriteString("M" + coord(x) + " 94h" + coord(width) + "v2h-" + coord(width) + "z")
			continue
		}
		done, y := 0, 0.0
		for _, v := range isms.Verdicts {
			n := c.Of(v)
			if n == 0 {
				continue
			}
			done += n
			end := 96 * float64(done) / float64(all)
			b, ok := shapes[v]
			if !ok {
				b = new(strings.Builder)
				shapes[v] = b
			}
			b.WriteString("M" + coord(x) + " " + coord(y) + "h" + coord(width) + "v" + coord(end-y) + "h-" + coord(width) + "z")
			y = end
		}
	}
	return inOrder(shapes)
}

// before marks the days before the first verdict: a faint line on the ground.
const before isms.Verdict = "base"

func inOrder(shapes map[isms.Verdict]*strings.Builder) []statePath {
	var out []statePath
	if b, ok := shapes[before]; ok {
		out = append(out, statePath{State: before, D: b.String()})
	}
	for i := len(isms.Verdicts) - 1; i >= 0; i-- {
		if b, ok := shapes[isms.Verdicts[i]]; ok {
			out = append(out, statePath{State: isms.Verdicts[i], D: b.String()})
		}
	}
	return out
}

func bar(b *strings.Builder, x, y, w, h int) {
	for _, s := range []string{"M", strconv.Itoa(x), " ", strconv.Itoa(y), "h", strconv.Itoa(w), "v", strconv.Itoa(h), "h-", strconv.Itoa(w), "z"} {
		b.WriteString(s)
	}
}

func coord(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(x, 'f', 2, 64), "0"), ".")
}

// recordLabel says a record in one sentence for those who do not see it.
func (b *Base) recordLabel(what string, days Days) string {
	parts := b.countPhrases(days.Counts(), "record.days.")
	if len(parts) == 0 {
		return b.T("record.none", "what", what)
	}
	return b.T("record.label", "what", what, "days", len(days), "parts", b.List(parts...))
}

// stackLabel does the same for the columns of a document.
func (b *Base) stackLabel(days []Counts) string {
	if len(days) == 0 {
		return b.T("record.none", "what", b.T("statement.clauses"))
	}
	now := days[len(days)-1]
	return b.T("stack.label", "days", len(days), "then", days[0].Holding, "now", now.Holding, "all", now.All(),
		"parts", b.List(b.countPhrases(now, "count.")...))
}

// countPhrases are phrases such as "1 fails" for each state that occurs, worst first.
func (b *Base) countPhrases(c Counts, prefix string) []string {
	var out []string
	for _, v := range isms.Verdicts {
		if n := c.Of(v); n > 0 {
			out = append(out, b.T(prefix+string(v), "n", n))
		}
	}
	return out
}

// drawShare draws one bar of 120 by 6, divided by state, holding first.
func drawShare(c Counts) []statePath {
	shapes := map[isms.Verdict]*strings.Builder{}
	x, all := 0.0, c.All()
	for i := len(isms.Verdicts) - 1; i >= 0; i-- {
		v := isms.Verdicts[i]
		if n := c.Of(v); n > 0 {
			w := 120 * float64(n) / float64(all)
			b := new(strings.Builder)
			b.WriteString("M" + coord(x) + " 0h" + coord(max(w-1, 0.8)) + "v6h-" + coord(max(w-1, 0.8)) + "z")
			shapes[v] = b
			x += w
		}
	}
	return inOrder(shapes)
}
