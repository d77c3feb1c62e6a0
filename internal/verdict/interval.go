package verdict

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"holdfast/internal/isms"
)

// Interval is a stretch of recorded time with one verdict. Intervals follow one another
// without gaps; only the last is open. What is written stays.
type Interval struct {
	From    isms.Instant `json:"from"`
	Until   isms.Instant `json:"until,omitzero"` // zero: still so
	Verdict isms.Verdict `json:"verdict"`
	Version int          `json:"version"`        // of the rules that said so
	Cause   Ref          `json:"cause,omitzero"` // the evidence that turned it; zero: time passed or something else changed
}

// Append adds what was found at a moment. It returns prev unchanged when the verdict and
// the rules are the same, and an error when the moment lies before the last interval:
// history is never rewritten.
func Append(prev []Interval, at isms.Instant, s Summary, cause Ref) ([]Interval, error) {
	if n := len(prev); n > 0 {
		last := &prev[n-1]
		if at < last.From {
			return nil, isms.Errorf(isms.Conflict, "verdict.interval_past", "at", at.String(), "from", last.From.String())
		}
		if last.Verdict == s.Verdict && last.Version == s.Version {
			return prev, nil
		}
		prev = slices.Clone(prev)
		prev[n-1].Until = at
	}
	return append(prev, Interval{From: at, Verdict: s.Verdict, Version: s.Version, Cause: cause}), nil
}

// Walk moves l to a moment and adds each change on the way at the instant it was due,
// also where nobody was there to see it: staleness begins when the window ends, not when
// the server came back. Looks that were recorded on the way are taken in their order.
func Walk(prev []Interval, l *Live, looks []Look, to isms.Instant) ([]Interval, error) {
	looks = slices.Clone(looks)
	slices.SortStableFunc(looks, func(a, b Look) int { return cmp.Compare(a.Recorded, b.Recorded) })
	step := func(at isms.Instant, cause Ref) (err error) {
		prev, err = Append(prev, at, l.Summary(), cause)
		return err
	}
	pass := func(to isms.Instant) error {
		for next := l.next(); next != 0 && next <= to; next = l.next() {
			l.advance(next)
			if err := step(next, Ref{}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := step(l.at, Ref{}); err != nil {
		return nil, err
	}
	for i := 0; i < len(looks); i++ {
		at := looks[i].Recorded
		if at > to {
			break
		}
		if err := pass(at); err != nil {
			return nil, err
		}
		l.Look(looks[i])
		for i+1 < len(looks) && looks[i+1].Recorded == at { // one commit is one change
			i++
			l.Look(looks[i])
		}
		if err := step(max(at, l.at), looks[i].Ref); err != nil {
			return nil, err
		}
	}
	if err := pass(to); err != nil {
		return nil, err
	}
	l.Advance(to)
	return prev, nil
}

// next is the next instant at which anything but a new look may change something.
func (l *Live) next() isms.Instant {
	b := boundary{at: l.at}
	for i := range l.views {
		if v := &l.views[i]; len(v.queue) > 0 {
			b.add(v.pairs[v.queue[0]].until)
		}
	}
	if len(l.turns) > 0 {
		b.add(l.turns[0])
	}
	return b.is
}

// Share is how much of a time had one verdict.
type Share struct {
	Verdict isms.Verdict  `json:"verdict"`
	Time    time.Duration `json:"time"`  // nanoseconds
	Parts   int           `json:"parts"` // of 10,000; holding is rounded down, all else up, so that no rounding hides a failure
}

// Percent writes the share with at most two decimals.
func (s Share) Percent() string {
	out := strconv.Itoa(s.Parts / 100)
	if f := s.Parts % 100; f%10 != 0 {
		return out + "." + strconv.Itoa(f/10) + strconv.Itoa(f%10)
	} else if f != 0 {
		return out + "." + strconv.Itoa(f/10)
	}
	return out
}

// Shares says how much of the time from first (when the clause was first bound) until a
// moment had each verdict, holding first, then worst first. Time before the first
// interval counts as unproven. Verdicts that never were are left out, holding never.
func Shares(intervals []Interval, first, until isms.Instant) []Share {
	var spent [5]int64
	all := int64(until - first)
	if all <= 0 {
		return []Share{{Verdict: isms.Holding}}
	}
	rest := all
	for _, i := range intervals {
		from, to := max(i.From, first), min(i.end(), until)
		if to > from {
			spent[i.Verdict.Rank()] += int64(to - from)
			rest -= int64(to - from)
		}
	}
	spent[isms.Unproven.Rank()] += rest
	share := func(v isms.Verdict, us int64, up int64) Share {
		whole, part := us/all, us%all // in two steps, so that centuries do not overflow
		return Share{Verdict: v, Time: time.Duration(us) * time.Microsecond, Parts: int(whole*10_000 + scale(part, all, up))}
	}
	out := []Share{share(isms.Holding, spent[isms.Holding.Rank()], 0)}
	for _, v := range isms.Verdicts[:4] {
		if us := spent[v.Rank()]; us > 0 {
			out = append(out, share(v, us, 1))
		}
	}
	return out
}

// scale is part/all in ten-thousandths, rounded down, or up if up is 1.
func scale(part, all, up int64) int64 {
	for all > 1<<48 { // nine years; the last bits do not change a ten-thousandth
		part, all = part>>1, all>>1
	}
	return (part*10_000 + up*(all-1)) / all
}

func (i Interval) end() isms.Instant {
	if i.Until == 0 {
		return isms.Forever
	}
	return i.Until
}

// Day is one civil day of a record.
type Day struct {
	Date       isms.Date    `json:"date"`
	Verdict    isms.Verdict `json:"verdict,omitzero"`    // the worst of the day; empty where there was nothing bound yet
	Afterwards bool         `json:"afterwards,omitzero"` // what was missing that day was shown later, by evidence that arrived late
}

// Days gives the n civil days in zone that end with the day of until: 90 for the public
// bars. The worst verdict of a day wins, and a day that is not over yet counts so far.
func Days(intervals []Interval, later []Afterwards, zone *time.Location, until isms.Instant, n int) []Day {
	out := make([]Day, n)
	last := isms.DateOf(until, zone)
	for k := range out {
		d := last.AddDays(k - n + 1)
		from, to := d.Start(zone), min(d.AddDays(1).Start(zone), until+1)
		out[k].Date = d
		for _, i := range intervals {
			if max(i.From, from) < min(i.end(), to) && (out[k].Verdict == "" || i.Verdict.Rank() < out[k].Verdict.Rank()) {
				out[k].Verdict = i.Verdict
			}
		}
		for _, a := range later {
			if max(a.From, from) < min(a.Until, to) {
				out[k].Afterwards = true
			}
		}
	}
	return out
}

// Afterwards says that evidence which arrived late shows a better verdict for a stretch
// of the past than was recorded then. The record stays as it is; this stands beside it.
type Afterwards struct {
	From    isms.Instant `json:"from"`
	Until   isms.Instant `json:"until"`
	Was     isms.Verdict `json:"was"`
	Shown   isms.Verdict `json:"shown"`
	Version int          `json:"version"`
}

// ShownAfterwards compares the recorded intervals with what all looks recorded by in.At
// say in hindsight, each counted from when it was observed. Only silence can be filled
// so: stale and unproven stretches that hold, or are excepted, in hindsight.
func ShownAfterwards(intervals []Interval, in Input) ([]Afterwards, error) {
	if len(intervals) == 0 {
		return nil, nil
	}
	to := in.At
	var looks []Look
	for _, l := range in.Looks {
		if l.Recorded <= to {
			l.Recorded = l.when()
			looks = append(looks, l)
		}
	}
	in.At, in.Looks = intervals[0].From, nil
	early := slices.DeleteFunc(slices.Clone(looks), func(l Look) bool { return l.Recorded > in.At })
	looks = slices.DeleteFunc(looks, func(l Look) bool { return l.Recorded <= in.At })
	in.Looks = early
	hindsight, err := Walk(nil, NewLive(in), looks, to)
	if err != nil {
		return nil, err
	}
	var out []Afterwards
	for _, was := range intervals {
		if was.Verdict != isms.Stale && was.Verdict != isms.Unproven {
			continue
		}
		for _, h := range hindsight {
			from, until := max(was.From, h.From), min(was.end(), h.end(), to)
			if from < until && (h.Verdict == isms.Holding || h.Verdict == isms.Excepted) {
				out = append(out, Afterwards{From: from, Until: until, Was: was.Verdict, Shown: h.Verdict, Version: h.Version})
			}
		}
	}
	return out, nil
}
