package isms

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is an ISO 8601 duration as promises use it: whole years, months, weeks
// and days of the calendar, or hours, minutes and seconds of the clock.
type Period struct {
	Years, Months, Weeks, Days, Hours, Minutes, Seconds int
}

// ParsePeriod reads an ISO 8601 duration such as P3M, P1Y, P2W, PT24H or P1DT12H.
// Fractions and signs are refused.
func ParsePeriod(s string) (Period, error) {
	var p Period
	bad := func() (Period, error) {
		return Period{}, Errorf(Invalid, "period.malformed", "value", s)
	}
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" || rest == "T" || strings.HasSuffix(rest, "T") {
		return bad()
	}
	date, clock, _ := strings.Cut(rest, "T")
	read := func(part, units string, into []*int) bool {
		at := 0
		for part != "" {
			i := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
			if i <= 0 || i > 6 {
				return false
			}
			u := strings.IndexByte(units[at:], part[i])
			if u < 0 {
				return false
			}
			n, err := strconv.Atoi(part[:i])
			if err != nil {
				return false
			}
			*into[at+u] = n
			at += u + 1
			part = part[i+1:]
		}
		return true
	}
	if !read(date, "YMWD", []*int{&p.Years, &p.Months, &p.Weeks, &p.Days}) ||
		!read(clock, "HMS", []*int{&p.Hours, &p.Minutes, &p.Seconds}) {
		return bad()
	}
	return p, nil
}

// String writes the period as ISO 8601; the zero period is PT0S.
func (p Period) String() string {
	if p.IsZero() {
		return "PT0S"
	}
	var b strings.Builder
	b.WriteByte('P')
	put := func(n int, u byte) {
		if n != 0 {
			fmt.Fprintf(&b, "%d%c", n, u)
		}
	}
	put(p.Years, 'Y')
	put(p.Months, 'M')
	put(p.Weeks, 'W')
	put(p.Days, 'D')
	if p.Hours|p.Minutes|p.Seconds != 0 {
		b.WriteByte('T')
		put(p.Hours, 'H')
		put(p.Minutes, 'M')
		put(p.Seconds, 'S')
	}
	return b.String()
}

// IsZero tells whether the period has no length.
func (p Period) IsZero() bool { return p == Period{} }

// After returns the instant one period after i, counting days civilly in zone:
// a month after 31 January is the last day of February, and a day stays a day
// when clocks change.
func (p Period) After(i Instant, zone *time.Location) Instant {
	t := i.Time().In(zone)
	y, m, d := t.Date()
	months := int(m) - 1 + p.Months + 12*(y+p.Years)
	y, m = months/12, time.Month(months%12+1)
	if last := time.Date(y, m+1, 0, 0, 0, 0, 0, zone).Day(); d > last {
		d = last
	}
	t = time.Date(y, m, d+p.Days+7*p.Weeks, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	return InstantOf(t.Add(time.Duration(p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute + time.Duration(p.Seconds)*time.Second))
}

// Longer tells whether p is longer than q, both counted from the same ordinary day.
func (p Period) Longer(q Period) bool {
	const from = Instant(1_767_268_800_000_000) // 2026-01-01T12:00:00Z
	return p.After(from, time.UTC) > q.After(from, time.UTC)
}

// MarshalText writes the period as ISO 8601.
func (p Period) MarshalText() ([]byte, error) {
	if p.IsZero() {
		return nil, nil
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads ISO 8601; nothing is the zero period.
func (p *Period) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*p = Period{}
		return nil
	}
	q, err := ParsePeriod(string(b))
	*p = q
	return err
}

// Date is a civil day, YYYY-MM-DD, without zone; the empty date is unset.
type Date string

// ParseDate reads YYYY-MM-DD and refuses days that do not exist.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", Errorf(Invalid, "date.malformed", "value", s)
	}
	return Date(s), nil
}

// DateOf is the civil day of i in zone.
func DateOf(i Instant, zone *time.Location) Date {
	return Date(i.Time().In(zone).Format(time.DateOnly))
}

// Start is the first instant of the day in zone.
func (d Date) Start(zone *time.Location) Instant {
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return 0
	}
	return InstantOf(t)
}

// AddDays returns the day n civil days later.
func (d Date) AddDays(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Date(t.AddDate(0, 0, n).Format(time.DateOnly))
}
