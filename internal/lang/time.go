package lang

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/isms"
)

// calendar holds the names of one language; x/text has no date formats.
type calendar struct {
	months, monthsShort [12]string
	days, daysShort     [7]string // from Sunday, as time.Weekday counts
	ordinal             string
}

var calendars = map[isms.Language]calendar{
	isms.English: {
		months:      [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		monthsShort: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		days:        [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		daysShort:   [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
	},
	isms.German: {
		months:      [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		monthsShort: [12]string{"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."},
		days:        [7]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
		daysShort:   [7]string{"So", "Mo", "Di", "Mi", "Do", "Fr", "Sa"},
		ordinal:     ".",
	},
	isms.Slovenian: {
		months:      [12]string{"januar", "februar", "marec", "april", "maj", "junij", "julij", "avgust", "september", "oktober", "november", "december"},
		monthsShort: [12]string{"jan.", "feb.", "mar.", "apr.", "maj", "jun.", "jul.", "avg.", "sep.", "okt.", "nov.", "dec."},
		days:        [7]string{"nedelja", "ponedeljek", "torek", "sreda", "četrtek", "petek", "sobota"},
		daysShort:   [7]string{"ned.", "pon.", "tor.", "sre.", "čet.", "pet.", "sob."},
		ordinal:     ".",
	},
}

// Date writes a civil day in full: 6 September 2025, 6. September 2025, 6. september 2025.
func (p *Printer) Date(d isms.Date) string {
	t, ok := dayOf(d)
	if !ok {
		return ""
	}
	return p.long(t)
}

// ShortDate writes a civil day with the short month: 6 Sep 2025.
func (p *Printer) ShortDate(d isms.Date) string {
	t, ok := dayOf(d)
	if !ok {
		return ""
	}
	return p.short(t) + " " + strconv.Itoa(t.Year())
}

// DayMonth writes a civil day without its year: 27 Aug.
func (p *Printer) DayMonth(d isms.Date) string {
	t, ok := dayOf(d)
	if !ok {
		return ""
	}
	return p.short(t)
}

// Weekday writes a civil day with its weekday: Thu 26 Nov.
func (p *Printer) Weekday(d isms.Date) string {
	t, ok := dayOf(d)
	if !ok {
		return ""
	}
	return calendars[p.lang].daysShort[t.Weekday()] + " " + p.short(t)
}

// FullDay writes a civil day as a heading: Tuesday, 24 November.
func (p *Printer) FullDay(d isms.Date) string {
	t, ok := dayOf(d)
	if !ok {
		return ""
	}
	c := calendars[p.lang]
	return c.days[t.Weekday()] + ", " + strconv.Itoa(t.Day()) + c.ordinal + " " + c.months[t.Month()-1]
}

// DayOf is the civil day of i in the printer's zone.
func (p *Printer) DayOf(i isms.Instant) isms.Date { return isms.DateOf(i, p.zone) }

// Clock writes the time of day in the printer's zone: 17:05.
func (p *Printer) Clock(i isms.Instant) string { return i.Time().In(p.zone).Format("15:04") }

// Moment writes an instant as day and time: 6 Sep 2025, 14:05. An instant that
// was never set is a dash.
func (p *Printer) Moment(i isms.Instant) string {
	if i == 0 || i == isms.Forever {
		return "–"
	}
	return p.ShortDate(p.DayOf(i)) + ", " + p.Clock(i)
}

// Exact writes an instant to the second with its distance to UTC, as evidence
// needs it: 6 September 2025, 14:05:09 UTC+02:00.
func (p *Printer) Exact(i isms.Instant) string {
	if i == 0 || i == isms.Forever {
		return "–"
	}
	t := i.Time().In(p.zone)
	zone := "UTC"
	if _, off := t.Zone(); off != 0 {
		zone = "UTC" + t.Format("-07:00")
	}
	return p.long(t) + ", " + t.Format("15:04:05") + " " + zone
}

// Since writes an instant as briefly as its distance from now allows: the time
// for the same day, the weekday within a week, the day within half a year, else the year too.
func (p *Printer) Since(i, now isms.Instant) string {
	day, today := p.DayOf(i), p.DayOf(now)
	switch age := now.Sub(i); {
	case day == today:
		return p.Clock(i)
	case age < 7*24*time.Hour && age > -7*24*time.Hour:
		return p.Weekday(day) + ", " + p.Clock(i)
	case age < 180*24*time.Hour && age > -180*24*time.Hour:
		return p.DayMonth(day)
	default:
		return p.ShortDate(day)
	}
}

// Machine writes an instant for the datetime attribute: RFC 3339 in UTC.
func Machine(i isms.Instant) string { return i.Time().Format(time.RFC3339) }

// Ago says how long before or after now an instant lies, in one unit: just now,
// 2 minutes ago, in 3 days.
func (p *Printer) Ago(i, now isms.Instant) string {
	d, way := now.Sub(i), "ago"
	if d < 0 {
		d, way = -d, "ahead"
	}
	n, unit := oneUnit(d)
	if unit == "" {
		return p.T("time.now")
	}
	return p.T("time."+way+"."+unit, "n", n)
}

// oneUnit rounds d down to its largest fitting unit; the unit is empty below a minute.
func oneUnit(d time.Duration) (int, string) {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return 0, ""
	case d < time.Hour:
		return int(d / time.Minute), "minute"
	case d < 2*day:
		return int(d / time.Hour), "hour"
	case d < 60*day:
		return int(d / day), "day"
	case d < 730*day:
		return int(d / (30 * day)), "month"
	default:
		return int(d / (365 * day)), "year"
	}
}

// Duration writes a span in its two largest units with the symbols of the SI:
// 3 d 16 h, 26 min, 4.2 s, 180 ms. Spaces within do not break.
func (p *Printer) Duration(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 0 {
		return "−" + p.Duration(-d)
	}
	two := func(a time.Duration, as string, b time.Duration, bs string) string {
		s := p.Number(int(d/a)) + "\u00a0" + as
		if rest := int(d % a / b); rest > 0 {
			s += "\u00a0" + strconv.Itoa(rest) + "\u00a0" + bs
		}
		return s
	}
	switch {
	case d >= day:
		return two(day, "d", time.Hour, "h")
	case d >= time.Hour:
		return two(time.Hour, "h", time.Minute, "min")
	case d >= time.Minute:
		return two(time.Minute, "min", time.Second, "s")
	case d >= time.Second:
		return p.Decimal(d.Seconds(), 1) + "\u00a0s"
	case d >= time.Millisecond:
		return strconv.FormatInt(d.Milliseconds(), 10) + "\u00a0ms"
	default:
		return strconv.FormatInt(d.Microseconds(), 10) + "\u00a0µs"
	}
}

// Period writes how long a period is: 3 months, 1 day 12 hours.
func (p *Printer) Period(v isms.Period) string {
	var parts []string
	for _, u := range unitsOf(v) {
		if u.n != 0 {
			parts = append(parts, p.T("unit."+u.name, "n", u.n))
		}
	}
	if len(parts) == 0 {
		return p.T("unit.minute", "n", 0)
	}
	return strings.Join(parts, " ")
}

// Every writes how often something returns: every day, every 3 months.
func (p *Printer) Every(v isms.Period) string {
	if key := "every." + v.String(); Has(key) {
		return p.T(key)
	}
	var parts []string
	for _, u := range unitsOf(v) {
		if u.n != 0 {
			parts = append(parts, p.T("unit.each."+u.name, "n", u.n))
		}
	}
	return p.T("every.other", "period", strings.Join(parts, " "))
}

type unit struct {
	n    int
	name string
}

func unitsOf(v isms.Period) []unit {
	return []unit{{v.Years, "year"}, {v.Months, "month"}, {v.Weeks, "week"}, {v.Days, "day"},
		{v.Hours, "hour"}, {v.Minutes, "minute"}, {v.Seconds, "second"}}
}

func dayOf(d isms.Date) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, string(d))
	return t, err == nil
}

func (p *Printer) long(t time.Time) string {
	c := calendars[p.lang]
	return fmt.Sprintf("%d%s %s %d", t.Day(), c.ordinal, c.months[t.Month()-1], t.Year())
}

func (p *Printer) short(t time.Time) string {
	c := calendars[p.lang]
	return strconv.Itoa(t.Day()) + c.ordinal + " " + c.monthsShort[t.Month()-1]
}
