package reading

import (
	"strings"
	"unicode"
)

// findHeadings decides which paragraphs and numbered lines are headings.
func (d *document) findHeadings() {
	d.flat = true
	level := 0
	for _, b := range d.blocks {
		if b.kind == blockHeading {
			if level == 0 {
				level = b.level
			}
			d.flat = d.flat && b.level == level
		}
	}
	voted := d.voteNumbers()
	for i, b := range d.blocks {
		next := d.rawNext(i)
		switch {
		case b.kind == blockItem && b.number != "":
			if voted[b.style] && d.headingWords(b) || d.titled(b, next) || d.boldOver(b, next) {
				b.kind = blockHeading
			}
		case b.kind == blockPara && d.soleLine(i, next):
			b.content = true
		case b.kind == blockPara && d.headingPara(b, next):
			b.kind = blockHeading
		}
		if b.kind == blockHeading && b.text == "" {
			d.takeTitle(b, next)
		}
	}
}

// rawNext returns the block behind i that is not set aside, or nil.
func (d *document) rawNext(i int) *block {
	for i++; i < len(d.blocks); i++ {
		if d.blocks[i].kind != blockAside || d.blocks[i].reason == "table_head" {
			return d.blocks[i]
		}
	}
	return nil
}

// voteNumbers finds the styles of numbers that stand before headings: those
// whose lines mostly are short titles followed by something else than their
// sibling.
func (d *document) voteNumbers() map[string]bool {
	title, other := map[string]int{}, map[string]int{}
	for i, b := range d.blocks {
		if b.kind != blockItem || b.number == "" {
			continue
		}
		next := d.rawNext(i)
		sibling := next == nil || next.kind == blockItem && next.style == b.style
		if d.headingWords(b) && !sibling {
			title[b.style]++
		} else {
			other[b.style]++
		}
	}
	out := map[string]bool{}
	for s, n := range title {
		out[s] = n > other[s]
	}
	return out
}

// titled tells whether a numbered line is a heading by its own look, whatever
// its siblings are: capitals, all bold, or a statute's section with a title.
func (d *document) titled(b *block, next *block) bool {
	if next == nil || next.kind == blockItem && next.style == b.style {
		return false
	}
	if b.level < 0 && (b.text == "" || d.headingWords(b)) {
		return true
	}
	return d.headingWords(b) && (capitals(b.text) || b.strong >= len(b.text))
}

// boldOver tells whether an item is all bold, without a verb, over deeper items.
func (d *document) boldOver(b, next *block) bool {
	return b.strong >= len(b.text)-1 && b.strong > 0 && next != nil && next.kind == blockItem && next.level > b.level && d.headingWords(b)
}

// headingWords tells whether the words could be a title: few, not ended like a
// sentence, and without a word of duty.
func (d *document) headingWords(b *block) bool {
	text := strings.TrimRight(b.text, " ")
	n := len(strings.Fields(text))
	if n == 0 || n > 12 || len(text) > 110 || len(b.marks) > 2 {
		return false
	}
	if strings.ContainsRune(";,!", lastRune(text)) || lastRune(text) == '.' && (n > 6 || b.number == "") || lastRune(text) == ':' && n > 5 {
		return false
	}
	v := d.look(strings.TrimRight(text, ".:"), 0)
	if v.has("must") && !v.has("section.context") && n > 3 || v.has("must_not") {
		return false
	}
	if verb := v.hit("verb"); verb != nil && verb.start == 0 && n <= 5 && b.kind == blockPara {
		return true // "Manage security events", put like an order
	}
	return !d.says(v) || n <= 8 && (questionWord(v) || capitals(text)) && lastRune(text) != '.'
}

// says tells whether a line has a verb. Two words have none, and a last word that
// could be one is a noun ("Access reviews", "Incident reports").
func (d *document) says(v *view) bool {
	if len(v.toks) <= 2 {
		return false
	}
	for i := range v.hits {
		if h := &v.hits[i]; h.section == "verb" && h.end < len(v.toks) {
			return true
		}
	}
	return false
}

// questionWord tells whether a title is put like a question ("How we protect data").
func questionWord(v *view) bool {
	if len(v.toks) == 0 {
		return false
	}
	switch v.toks[0].word {
	case "how", "what", "who", "why", "when", "where", "which", "wie", "was", "wer", "warum", "wann", "wo", "welche", "womit", "wofür", "kako", "kaj", "kdo", "zakaj", "kdaj", "kje", "komu", "katere", "kateri":
		return true
	}
	return false
}

func capitals(s string) bool {
	letters := 0
	for _, r := range s {
		if unicode.IsLower(r) {
			return false
		}
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters > 2
}

// headingPara tells whether an unmarked paragraph is a heading.
func (d *document) headingPara(b, next *block) bool {
	if !d.headingWords(b) && !d.question(b, next) {
		return false
	}
	first := firstRune(b.text)
	if !isUpper(first) && !unicode.IsDigit(first) {
		return false
	}
	v := d.look(b.text, 0)
	if v.has("meta") || strings.ContainsAny(b.text, "@|") || versionMark.MatchString(b.text) && len(v.toks) <= 3 || dated(b.text) {
		return false
	}
	if lastRune(b.text) == ':' {
		// "Scope:" before text is a heading, "Employees must:" before a list is none.
		return !v.has("lead.open") && !v.has("must") && (next == nil || next.kind != blockItem || b.strong >= len(b.text)-1)
	}
	if next != nil && next.kind == blockItem && next.gap == b.last && v.has("lead.open") && !capitals(b.text) && b.strong == 0 {
		return false
	}
	return true
}

// soleLine tells whether a short line is all that stands between two headings
// that the format marks: it is what the first one has to say.
func (d *document) soleLine(i int, next *block) bool {
	if i == 0 || d.blocks[i-1].kind != blockHeading || d.blocks[i-1].level <= 0 || next != nil && (next.kind != blockHeading || next.level > d.blocks[i-1].level) {
		return false
	}
	v := d.look(d.blocks[i].text, 0)
	return len(v.toks) >= 2 && !v.has("meta") && !v.has("clutter") && !dated(d.blocks[i].text) && i > 2
}

// question tells whether a short question heads the paragraph behind it.
func (d *document) question(b, next *block) bool {
	return lastRune(b.text) == '?' && len(strings.Fields(b.text)) <= 12 && next != nil && next.kind == blockPara
}

// takeTitle gives a bare "§ 4" or "5. člen" the title in the line behind it.
func (d *document) takeTitle(b, next *block) {
	b.text = b.number
	if next == nil || next.kind != blockPara && next.kind != blockHeading {
		return
	}
	bracketed := strings.HasPrefix(next.text, "(") && strings.HasSuffix(next.text, ")")
	if bracketed || d.headingWords(next) {
		b.text = strings.Trim(next.text, "()")
		next.kind, next.reason = blockAside, "heading"
	}
}

// leadFor returns what the block inherits: the lead-in of the list it stands in.
func (d *document) leadFor(b *block) *leadIn {
	if b.kind == blockRow {
		if d.pending != nil {
			return d.pending
		}
		return nil
	}
	if b.kind != blockItem || b.level < 0 {
		d.lists, d.pending = nil, nil
		return nil
	}
	if d.pending != nil && (len(d.lists) <= b.level || d.pending.unit.block.kind != blockItem) {
		for len(d.lists) < b.level {
			d.lists = append(d.lists, nil)
		}
		d.lists = append(d.lists[:b.level], d.pending)
		d.pending = nil
	}
	d.pending = nil
	if b.level >= len(d.lists) {
		if len(d.lists) > 0 && b.level > 0 {
			return d.lists[len(d.lists)-1]
		}
		return nil
	}
	d.lists = d.lists[:b.level+1]
	return d.lists[b.level]
}

// opensList tells whether the unit is the last of its block and a list follows
// that it introduces.
func (d *document) opensList(b *block, u *unit, next *block) bool {
	if next == nil || !strings.HasSuffix(b.text, u.text) {
		return false
	}
	if next.kind == blockHeading {
		return u.has("lead.sections") // "shall have the following in place" before chapters
	}
	if next.kind != blockItem && next.kind != blockRow && next.reason != "table_head" {
		return false
	}
	if next.kind == blockItem && b.kind == blockItem && (next.level <= b.level || next.level < 0) {
		return false
	}
	text := strings.TrimRight(u.text, " ")
	if strings.ContainsRune(":–—…", lastRune(text)) || strings.HasSuffix(text, "...") {
		return true
	}
	if b.kind == blockItem && next.kind == blockItem {
		return true // a deeper item stands under this one
	}
	return lastRune(text) != '.' && u.has("lead.open")
}

// remember keeps the last unit as lead-in if a list follows it.
func (d *document) remember(b *block) {
	u := d.before
	if u == nil || u.block != b || !u.opens {
		return
	}
	kind, bind := u.clause.Kind, u.clause.Normative
	if d.opensOnly(u) {
		kind, bind = d.leadKind(u)
	}
	if u.lead != nil && !u.lead.bind && !u.has("must") {
		bind = false
	}
	d.pending = &leadIn{unit: u, kind: kind, bind: bind}
}
