package reading

import (
	"fmt"
	"strings"

	"holdfast/internal/isms"
)

// setTimes reads cadence, deadline and retention. A period wins over an event,
// an event over standing watch; a stretch of time that is a deadline or a
// retention time is no cadence.
func (d *document) setTimes(u *unit) {
	c := u.clause
	deadline, retention := u.longest("period deadline"), u.longest("period retention")
	if each := u.cadence(nil, retention); covered(each, deadline) && each.start < deadline.start {
		deadline = nil // "every two years on site" is a period, whatever "years on" might mean
	}
	if retention != nil {
		c.Retention = duration(retention)
		u.say("retention", retention)
	}
	if deadline != nil && !overlaps(deadline, retention) {
		c.Deadline = duration(deadline)
		u.say("deadline", deadline)
	}
	if u.block.kind == blockRow {
		d.rowTimes(u)
		if c.Cadence != "" {
			return
		}
	}
	if h := u.cadence(deadline, retention); h != nil {
		c.Cadence = duration(h)
		u.say("cadence.period", h)
		return
	}
	if d.inheritCadence(u) {
		return
	}
	watch, trigger := u.plain("continuous"), u.plain("event")
	switch {
	case u.has("event.never"):
	case trigger != nil && retention != nil && trigger.start >= retention.start && trigger.start <= retention.end+1:
	case trigger != nil && deadline != nil && overlaps(trigger, deadline) && !d.answers(u):
	case trigger != nil && (watch == nil || strongEvent(trigger)):
		c.Cadence = "event"
		u.say("cadence.event", trigger)
	case watch != nil:
		c.Cadence = "continuous"
		u.say("cadence.continuous", watch)
	case d.answers(u):
		c.Cadence = "event"
		u.say("cadence.event", deadline)
	}
}

// answers tells whether a clause without a word for its trigger still answers
// one: what is done about an incident, or by a deadline about a person or a request.
func (d *document) answers(u *unit) bool {
	switch u.clause.Theme {
	case "incident-breach":
		return !u.has("event.standing")
	case "vulnerability-testing", "backup-continuity", "cryptography", "architecture-tenancy", "clock":
		return false
	case "access-identity":
		if strings.HasPrefix(u.clause.Deadline, "PT") && strings.HasSuffix(u.clause.Deadline, "M") {
			return false // a screen that locks after some minutes
		}
	}
	return u.clause.Deadline != "" && !u.has("no answer")
}

// strongEvent tells whether a trigger is named by a word for it ("when", "upon",
// "in case of") and not only by an act that usually has one.
func strongEvent(h *hit) bool { return h.elems[0].kind == elemStart }

// cadence returns the first period that is no deadline and no retention time.
func (u *unit) cadence(deadline, retention *hit) *hit {
	var found *hit
	for i := range u.hits {
		h := &u.hits[i]
		if h.section != "period each" || duration(h) == "" {
			continue
		}
		if covered(h, retention) || covered(h, deadline) && h.start >= deadline.start {
			continue
		}
		if watch := u.hit("continuous"); overlaps(watch, h) {
			continue // "24 hours a day"
		}
		better := found != nil && overlaps(h, found) && (h.counts() && !found.counts() || h.counts() == found.counts() && h.end-h.start > found.end-found.start)
		if found == nil || better {
			found = h
		}
	}
	return found
}

// counts tells whether the number in the text makes the period.
func (h *hit) counts() bool { return h.n > 0 && (h.period == "=" || h.period == "/") }

// longest returns the longest hit of a section, the first of equals.
func (u *unit) longest(section string) *hit {
	var found *hit
	for i := range u.hits {
		h := &u.hits[i]
		if h.section == section && duration(h) != "" && (found == nil || h.end-h.start > found.end-found.start && overlaps(h, found)) {
			found = h
		}
	}
	return found
}

// plain returns the first hit of a section that no hit of its ".not" section overlaps.
func (u *unit) plain(section string) *hit {
	for i := range u.hits {
		h := &u.hits[i]
		if h.section != section {
			continue
		}
		refused := false
		for k := range u.hits {
			n := &u.hits[k]
			refused = refused || n.section == section+".not" && (overlaps(n, h) || n.start == h.start)
		}
		if !refused {
			return h
		}
	}
	return nil
}

func overlaps(a, b *hit) bool {
	return a != nil && b != nil && a.start < b.end && b.start < a.end
}

// covered tells whether the number and unit of h belong to the wider hit by.
func covered(h, by *hit) bool {
	return overlaps(h, by) && h.n == by.n && h.unit == by.unit && h.n > 0
}

// duration writes what a hit found as an ISO 8601 duration, or "".
func duration(h *hit) string {
	switch h.period {
	case "=":
		if h.unit == "" {
			for _, t := range strings.Fields(h.source) {
				switch {
				case strings.Contains(t, "month"), strings.Contains(t, "monat"), strings.Contains(t, "mesečn"):
					return isoPeriod(h.n, "M")
				case strings.Contains(t, "jähr"), strings.Contains(t, "year"):
					return isoPeriod(h.n, "Y")
				}
			}
			return ""
		}
		return isoPeriod(max(h.n, 1), h.unit)
	case "/":
		return timesWithin(h.n, h.unit)
	default:
		return h.period
	}
}

// isoPeriod writes n units.
func isoPeriod(n int, unit string) string {
	switch unit {
	case "Q":
		return fmt.Sprintf("P%dM", 3*n)
	case "H":
		return fmt.Sprintf("PT%dH", n)
	case "MIN":
		return fmt.Sprintf("PT%dM", n)
	case "":
		return ""
	case "M":
		if n%12 == 0 {
			return fmt.Sprintf("P%dY", n/12) // "every twelve months" is a year
		}
		return fmt.Sprintf("P%dM", n)
	default:
		return fmt.Sprintf("P%d%s", n, unit)
	}
}

// timesWithin writes the period of n times a unit where it comes out whole.
func timesWithin(n int, unit string) string {
	if n == 1 || unit == "" {
		return isoPeriod(1, unit)
	}
	smaller := map[string]struct {
		count int
		unit  string
	}{"Y": {12, "M"}, "Q": {3, "M"}, "M": {4, "W"}, "W": {7, "D"}, "D": {24, "H"}, "H": {60, "MIN"}}
	s, ok := smaller[unit]
	if !ok || n <= 0 || s.count%n != 0 {
		return ""
	}
	return isoPeriod(s.count/n, s.unit)
}

// rowTimes reads the cells of a table row by what their heads say.
func (d *document) rowTimes(u *unit) {
	c := u.clause
	for k, cell := range u.block.cells {
		if k >= len(u.block.head) || cell == "" {
			continue
		}
		head := d.look(u.block.head[k], 0)
		v := d.look(cell, 0)
		period := bare(v)
		switch {
		case head.has("head.retention") && !head.has("head.period"):
			if period != "" {
				c.Retention = period
			}
		case head.has("head.period"):
			d.rowCadence(u, v, period)
		case head.has("head.deadline"):
			if period != "" {
				c.Deadline = period
			}
		}
	}
	if c.Cadence != "" && c.Cadence == c.Retention {
		c.Retention = ""
	}
}

func (d *document) rowCadence(u *unit, v *view, period string) {
	c := u.clause
	switch {
	case period != "":
		c.Cadence = period
		u.clause.Because = append(u.clause.Because, isms.Because("reading.cadence.period", "words", v.text))
	case v.has("continuous") || v.has("continuous.bare"):
		c.Cadence = "continuous"
	case v.has("event") || v.has("event.bare"):
		c.Cadence = "event"
	}
}

// bare reads a cell that holds little else than a period.
func bare(v *view) string {
	for _, section := range []string{"period each", "period bare"} {
		for i := range v.hits {
			if h := &v.hits[i]; h.section == section && duration(h) != "" {
				return duration(h)
			}
		}
	}
	return ""
}

// inheritCadence takes the period of the lead-in or of a heading like "Monthly tasks".
func (d *document) inheritCadence(u *unit) bool {
	if u.lead != nil && u.first {
		if h := u.lead.unit.cadence(u.lead.unit.longest("period deadline"), u.lead.unit.longest("period retention")); h != nil {
			u.clause.Cadence = duration(h)
			u.clause.Because = append(u.clause.Because, isms.Because("reading.cadence.lead_in", "words", u.lead.unit.words(h)))
			return true
		}
		if h := u.lead.unit.plain("event"); h != nil && u.lead.bind && u.plain("continuous") == nil {
			u.clause.Cadence = "event"
			u.clause.Because = append(u.clause.Because, isms.Because("reading.cadence.lead_in", "words", u.lead.unit.words(h)))
			return true
		}
	}
	if len(d.path) > 0 && u.block.kind == blockItem && u.plain("event") == nil {
		v := d.path[len(d.path)-1].view
		for i := range v.hits {
			if h := &v.hits[i]; h.section == "period each" && len(v.toks) <= 4 {
				u.clause.Cadence = duration(h)
				u.clause.Because = append(u.clause.Because, isms.Because("reading.cadence.heading", "words", v.words(h)))
				return true
			}
		}
	}
	return false
}
