package reading

import (
	"regexp"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

var (
	contactLine = regexp.MustCompile(`(?i)[\w.+-]+@[\w-]+\.[\w.]+|https?://|www\.|(?:^|\s)(?:tel|fax|phone|telefon|e-?mail)\b\.?\s*[:+(\d]`)
	dotLeader   = regexp.MustCompile(`(\.\s?){4,}\s*\d+\s*$|\t\d+$`)
	isoDate     = regexp.MustCompile(`\b(\d{4})-(\d{2})-(\d{2})\b`)
	dottedDate  = regexp.MustCompile(`\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b`)
	slashDate   = regexp.MustCompile(`\b(\d{1,2})/(\d{1,2})/(\d{4})\b`)
	namedDate   = regexp.MustCompile(`(\d{1,2})(?:st|nd|rd|th)?\.?\s+(\p{L}{3,9})\.?,?\s+(\d{4})`)
	monthDate   = regexp.MustCompile(`(\p{L}{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})`)
	versionMark = regexp.MustCompile(`(?i)\b(?:version|ver\.|rev\.|revision|fassung|verzija|različica|izdaja|ausgabe|v)\s*[:.]?\s*(\d+(?:\.\d+)*[a-z]?)\b`)
)

// noClause says why a block is no clause, or "" if it is one.
func (d *document) noClause(i int, b *block) string {
	v := d.look(b.text, 0)
	n := len(v.toks)
	switch {
	case n == 0:
		return "empty"
	case dotLeader.MatchString(b.text):
		return "contents"
	case d.contact(b, v):
		return "contact"
	case d.meta(b, v):
		return "meta"
	case v.has("clutter") && n <= 9 && !v.has("must") && b.kind != blockRow && (b.kind == blockPara || n <= 3) && !strings.HasSuffix(b.text, "."):
		return "clutter"
	case b.kind == blockRow && d.contextTable(b):
		return "table_context"
	case b.kind == blockItem && d.contentsList(i, b):
		return "contents"
	case b.kind == blockPara && n <= 2 && strings.HasSuffix(b.text, ":") && !v.has("verb") && !v.has("must"):
		return "no_sentence"
	case b.content:
		return ""
	case b.kind == blockPara && !v.has("verb") && !strings.ContainsAny(b.text[len(b.text)-1:], ".!;:") && n <= 14 && !d.nominal(v):
		return "no_sentence"
	case b.kind == blockPara && i == 0 && n <= 12 && !endsSentence(b.text) && !v.has("must"):
		return "title"
	}
	return ""
}

// nominal tells whether a line without verb still is a measure: it names a period
// or a word of duty.
func (d *document) nominal(v *view) bool {
	return v.has("period each") || v.has("period retention") || v.has("must") && len(v.toks) > 4
}

// contact tells whether a line only says how to reach somebody.
func (d *document) contact(b *block, v *view) bool {
	if !contactLine.MatchString(b.text) || b.kind == blockRow && len(b.cells) > 3 {
		return false
	}
	rest := contactLine.ReplaceAllString(b.text, "")
	return len(v.toks) <= 8 && !v.has("must") && !v.has("verb") || len(strings.Fields(rest)) <= 2
}

// meta tells whether a line states the document's version, date, owner or state.
func (d *document) meta(b *block, v *view) bool {
	h := v.hit("meta")
	if versionMark.MatchString(b.text) && len(v.toks) <= 3 {
		return true
	}
	if dated(b.text) && len(v.toks) <= 9 && h != nil && b.kind == blockPara {
		return true
	}
	if h == nil || h.start > 1 || len(v.toks) > 14 {
		return false
	}
	if b.kind == blockRow {
		return len(b.cells) <= 2 && strings.Contains(strings.ToLower(b.text), ":") || len(b.cells) == 2 && len(v.toks) < 8 && (dated(b.text) || versionMark.MatchString(b.text))
	}
	if v.has("must") && !strings.Contains(b.text, ":") {
		return false
	}
	return strings.Contains(b.text, ":") && strings.Index(b.text, ":") < 45 || dated(b.text) || versionMark.MatchString(b.text) ||
		len(v.toks) <= 6 && !strings.HasSuffix(b.text, ".") && b.kind == blockPara
}

func dated(s string) bool { return isoDate.MatchString(s) || findDate(s) != "" }

// contextTable tells whether a row stands in a table of terms, versions or contacts.
func (d *document) contextTable(b *block) bool {
	for _, h := range b.head {
		if d.look(h, 0).has("head.context") {
			return true
		}
	}
	if len(d.path) == 0 {
		return false
	}
	return d.path[len(d.path)-1].view.has("table.context")
}

// contentsList tells whether a list item only repeats a heading of the document.
func (d *document) contentsList(i int, b *block) bool {
	want := strings.ToLower(strings.TrimRight(b.text, " .0123456789\t"))
	if len(want) < 3 || i > len(d.blocks)/2 {
		return false
	}
	if len(d.clauses) >= 3 {
		return false // contents stand before the text
	}
	for _, o := range d.blocks {
		if o.kind == blockHeading && strings.ToLower(o.text) == want {
			return true
		}
	}
	return false
}

// findTitle takes the first heading, or the first line, as the document's title.
func (d *document) findTitle() {
	for i, b := range d.blocks {
		if b.kind == blockAside && b.reason == "front_matter" {
			key, value, _ := strings.Cut(b.text, ":")
			switch strings.ToLower(strings.TrimSpace(key)) {
			case "title", "titel", "naslov":
				d.out.Title = strings.Trim(strings.TrimSpace(value), `"'`)
			case "version", "date", "datum", "verzija":
				d.takeVersion(key + ": " + strings.Trim(strings.TrimSpace(value), `"'`))
			}
		}
		if d.out.Title == "" && b.kind == blockHeading && (b.number == "" || i > 3) {
			d.out.Title = b.text
		}
	}
	if d.out.Title == "" && len(d.blocks) > 0 && len(d.blocks[0].text) < 120 {
		d.out.Title = d.blocks[0].text
	}
	if d.out.Title != "" && versionMark.MatchString(d.out.Title) {
		d.takeVersion(d.out.Title)
	}
}

// findTail finds where menus, news and forms of a pasted web page begin: behind
// the last sentence of duty, from the first of at least two lines of clutter.
func (d *document) findTail() int {
	end := len(d.blocks)
	from := end - end/3
	first, clutter := end, 0
	for i := end - 1; i >= from; i-- {
		v := d.look(d.blocks[i].text, 0)
		duty := (v.has("must") || v.has("period each")) && len(v.toks) > 6
		switch {
		case d.blocks[i].kind == blockRow || duty && (!v.has("clutter") || len(v.toks) > 8):
			from = i + 1 // nothing before a duty is tail
		case v.has("clutter"):
			first, clutter = i, clutter+1
		}
	}
	if clutter < 2 {
		return end
	}
	return d.tailStart(first)
}

// tailStart walks back from the first line of clutter over short lines without a
// sentence: signatures and slogans.
func (d *document) tailStart(i int) int {
	for i > 0 {
		b := d.blocks[i-1]
		if b.kind == blockItem || b.kind == blockRow || len(strings.Fields(b.text)) > 8 || strings.HasSuffix(b.text, ".") || d.look(b.text, 0).has("meta") {
			break
		}
		i--
	}
	return i
}

// takeVersion reads a version label and a date from a line about the document.
// The first of each that is found stays.
func (d *document) takeVersion(s string) {
	if m := versionMark.FindStringSubmatch(s); m != nil && d.out.Version.Label == "" && !strings.Contains(m[0], "20") {
		d.out.Version.Label = m[1]
	}
	if date := findDate(s); date != "" && d.out.Version.Date == "" {
		d.out.Version.Date = date
	}
}

// findDate reads the first date in s; day comes before month. Month names count
// by their first three letters in any of the three languages.
func findDate(s string) isms.Date {
	if m := isoDate.FindStringSubmatch(s); m != nil {
		return civil(m[1], m[2], m[3])
	}
	if m := dottedDate.FindStringSubmatch(s); m != nil {
		return civil(m[3], m[2], m[1])
	}
	if m := slashDate.FindStringSubmatch(s); m != nil {
		if date := civil(m[3], m[2], m[1]); date != "" {
			return date
		}
		return civil(m[3], m[1], m[2])
	}
	if m := namedDate.FindStringSubmatch(s); m != nil {
		return civil(m[3], monthNumber(m[2]), m[1])
	}
	if m := monthDate.FindStringSubmatch(s); m != nil {
		return civil(m[3], monthNumber(m[1]), m[2])
	}
	return ""
}

func monthNumber(name string) string {
	name = strings.ToLower(name)
	for i, beginnings := range [12]string{"jan jän", "feb", "mar mär mrz", "apr", "may mai maj", "jun", "jul", "aug avg", "sep", "oct okt", "nov", "dec dez"} {
		for _, b := range strings.Fields(beginnings) {
			if strings.HasPrefix(name, b) {
				return strconv.Itoa(i + 1)
			}
		}
	}
	return ""
}

// civil makes a date of its parts, or "" if there is no such day.
func civil(y, m, day string) isms.Date {
	for len(m) < 2 {
		m = "0" + m
	}
	for len(day) < 2 {
		day = "0" + day
	}
	date, err := isms.ParseDate(y + "-" + m + "-" + day)
	if err != nil {
		return ""
	}
	return date
}
