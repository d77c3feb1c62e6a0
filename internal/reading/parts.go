package reading

import "strings"

// actor returns who acts in the clause's own words: the first actor that stands
// before the verb of duty, or behind "by", else the first named.
func (d *document) actor(u *unit) string {
	var found *hit
	for i := range u.hits {
		h := &u.hits[i]
		if h.section != "actor" {
			continue
		}
		if found == nil || h.start == found.start && h.end > found.end {
			found = h
		}
	}
	if found == nil && u.lead != nil {
		return d.actor(u.lead.unit)
	}
	return u.words(found)
}

// parts cuts a compound promise into the pieces that can be proven apart: the
// predicates that commas and "and" join. One predicate alone gives no parts.
func (d *document) parts(u *unit) []string {
	if u.block.kind == blockRow || len(u.toks) < 4 {
		return []string{}
	}
	var out []string
	from := -1
	flush := func(to int) {
		if from >= 0 && to > from {
			out = append(out, u.text[u.toks[from].start:u.toks[to-1].end])
		}
		from = -1
	}
	start := d.predicate(u)
	if start < 0 {
		return []string{}
	}
	from = start
	for i := start + 1; i < len(u.toks); i++ {
		joint := u.lx.words["joints"][u.toks[i].word]
		comma := strings.ContainsAny(u.text[u.toks[i-1].end:u.toks[i].start], ",;")
		if !joint && !comma {
			continue
		}
		next := i
		if joint {
			next = i + 1
		}
		if next < len(u.toks) && provable(u, from, i) && provable(u, next, d.segmentEnd(u, next)) {
			flush(i)
			from, i = next, next
		}
	}
	flush(len(u.toks))
	if len(out) < 2 {
		return []string{}
	}
	return out
}

// predicate finds the token behind the verb of duty or promise.
func (d *document) predicate(u *unit) int {
	best := -1
	for i := range u.hits {
		h := &u.hits[i]
		if h.section != "must" && h.section != "verb" && h.section != "does" || len(h.elems) > 3 {
			continue
		}
		if best < 0 || h.start < best {
			best = h.start
		}
	}
	if best < 0 || best+1 >= len(u.toks) {
		return -1
	}
	return best + 1
}

// segmentEnd returns the token behind the segment that begins at i.
func (d *document) segmentEnd(u *unit, i int) int {
	for k := i + 1; k < len(u.toks); k++ {
		if u.lx.words["joints"][u.toks[k].word] || strings.ContainsAny(u.text[u.toks[k-1].end:u.toks[k].start], ",;") {
			return k
		}
	}
	return len(u.toks)
}

// provable tells whether tokens from..to hold a participle or verb of their own.
func provable(u *unit, from, to int) bool {
	for i := from; i < to && i < len(u.toks); i++ {
		if u.lx.verbal(u.toks[i].word) {
			return true
		}
	}
	return false
}

// verbal tells whether a word looks like a participle or an act in the lexicon's language.
func (lx *lexicon) verbal(w string) bool {
	if lx.words["acts"][w] {
		return true
	}
	if lx.words["no acts"][w] || len(w) < 5 {
		return false
	}
	for end := range lx.words["act endings"] {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	return false
}
