package reading

import (
	"context"
	"encoding/xml"
	"strconv"
	"strings"
)

// odt reads an OpenDocument text: headings by level, lists with their numbers,
// tables. Deleted text of tracked changes stands apart in the file and is not read.
type odt struct {
	rich    rich
	bold    map[string]bool // styles of bold text
	parents map[string]string
	lists   map[string]map[int]odtLevel // list styles
	outline map[int]odtLevel            // numbers of headings
	counts  map[int]int                 // headings so far, by level
	titles  map[string]bool             // paragraph styles of titles

	styleName  string // while styles are read
	listName   string
	skip       int
	line       int
	para       *odtPara
	spans      []bool // bold spans that are open
	open       []odtList
	table      []docxTable
	tables     int
	repeat     int
	contents   int // depth inside a table of contents
	afterLists map[string]map[int]int
}

type odtPara struct {
	text    textRun
	heading int
	bold    bool
	title   bool
}

type odtLevel struct {
	format, prefix, suffix string
	show, start            int
	bullet                 bool
}

// odtList is one open list level.
type odtList struct {
	style string
	count map[int]int
	fresh bool // the open item has no paragraph yet
}

func readODT(ctx context.Context, name string, data []byte, most int64) ([]*block, error) {
	a, err := openArchive(name, data, most)
	if err != nil {
		return nil, err
	}
	o := &odt{
		bold: map[string]bool{}, parents: map[string]string{}, lists: map[string]map[int]odtLevel{}, outline: map[int]odtLevel{},
		counts: map[int]int{}, titles: map[string]bool{}, afterLists: map[string]map[int]int{},
	}
	styles, err := a.part("styles.xml")
	if err != nil {
		return nil, err
	}
	content, err := a.need("content.xml")
	if err != nil {
		return nil, err
	}
	for _, part := range [][]byte{styles, content} {
		if part == nil {
			continue
		}
		if err := walkXML(ctx, name, part, o.startStyle, o.endStyle, func(string) {}); err != nil {
			return nil, err
		}
	}
	err = walkXML(ctx, name, content, o.start, o.end, func(s string) {
		if o.para != nil && o.skip == 0 {
			o.para.text.write(s, o.isBold())
		}
	})
	if err != nil {
		return nil, err
	}
	return o.rich.blocks(), nil
}

// startStyle learns bold styles, titles, list styles and heading numbers.
func (o *odt) startStyle(e xml.StartElement) error {
	switch e.Name.Local {
	case "style":
		o.styleName = attr(e, "name")
		o.parents[o.styleName] = attr(e, "parent-style-name")
		if o.styleName == "Title" {
			o.titles[o.styleName] = true
		}
	case "text-properties":
		if o.styleName != "" && attr(e, "font-weight") == "bold" {
			o.bold[o.styleName] = true
		}
	case "list-style":
		o.listName = attr(e, "name")
		o.lists[o.listName] = map[int]odtLevel{}
	case "list-level-style-number", "list-level-style-bullet", "outline-level-style":
		l := odtLevel{
			format: attr(e, "num-format"), prefix: attr(e, "num-prefix"), suffix: attr(e, "num-suffix"),
			show: max(atoi(attr(e, "display-levels")), 1), start: 1, bullet: e.Name.Local == "list-level-style-bullet",
		}
		if s := attr(e, "start-value"); s != "" {
			l.start = atoi(s)
		}
		n := atoi(attr(e, "level"))
		if e.Name.Local == "outline-level-style" {
			o.outline[n] = l
		} else if o.listName != "" {
			o.lists[o.listName][n] = l
		}
	}
	return nil
}

func (o *odt) endStyle(local string) error {
	switch local {
	case "style":
		o.styleName = ""
	case "list-style":
		o.listName = ""
	}
	return nil
}

// boldStyle follows a style's parents a few steps.
func (o *odt) boldStyle(name string) bool {
	for range 8 {
		if name == "" {
			return false
		}
		if o.bold[name] {
			return true
		}
		name = o.parents[name]
	}
	return false
}

func (o *odt) isBold() bool {
	for _, b := range o.spans {
		if b {
			return true
		}
	}
	return o.para.bold
}

func (o *odt) start(e xml.StartElement) error {
	if o.skip > 0 {
		o.skip++
		return nil
	}
	switch e.Name.Local {
	case "tracked-changes", "note", "annotation", "annotation-end", "automatic-styles", "master-styles", "forms", "sequence-decls", "bibliography-configuration":
		o.skip++
	case "table-of-content":
		o.contents++
	case "h", "p":
		o.startPara(e)
	case "span":
		o.spans = append(o.spans, o.boldStyle(attr(e, "style-name")))
	case "s":
		o.write(strings.Repeat(" ", min(max(atoi(attr(e, "c")), 1), 80)))
	case "tab", "line-break":
		o.write(" ")
	case "list":
		o.startList(e)
	case "list-item", "list-header":
		if n := len(o.open); n > 0 {
			o.open[n-1].fresh = e.Name.Local == "list-item"
			if s := attr(e, "start-value"); s != "" {
				o.open[0].count[n] = atoi(s) - 1
			}
		}
	case "table":
		o.tables++
		o.table = append(o.table, docxTable{id: o.tables})
	case "table-row":
		if n := len(o.table); n > 0 {
			o.table[n-1].row = nil
		}
	case "table-cell", "covered-table-cell":
		if n := len(o.table); n > 0 {
			o.table[n-1].cell = nil
		}
	}
	return nil
}

func (o *odt) write(s string) {
	if o.para != nil {
		o.para.text.write(s, o.isBold())
	}
}

func (o *odt) startPara(e xml.StartElement) {
	o.para = &odtPara{}
	o.spans = o.spans[:0]
	style := attr(e, "style-name")
	if e.Name.Local == "h" {
		o.para.heading = max(atoi(attr(e, "outline-level")), 1)
		return
	}
	o.para.bold = o.boldStyle(style)
	o.para.title = o.titles[style] || o.titles[o.parents[style]]
}

// startList opens a list level; its style comes from itself or the level above.
func (o *odt) startList(e xml.StartElement) {
	l := odtList{style: attr(e, "style-name")}
	if n := len(o.open); n > 0 {
		if l.style == "" {
			l.style = o.open[n-1].style
		}
		l.count = o.open[0].count
	} else if attr(e, "continue-numbering") == "true" || attr(e, "continue-list") != "" {
		l.count = o.afterLists[l.style]
	}
	if l.count == nil {
		l.count = map[int]int{}
	}
	o.open = append(o.open, l)
}

func (o *odt) end(local string) error {
	if o.skip > 0 {
		o.skip--
		return nil
	}
	switch local {
	case "h", "p":
		return o.endPara()
	case "span":
		if n := len(o.spans); n > 0 {
			o.spans = o.spans[:n-1]
		}
	case "table-of-content":
		o.contents--
	case "list":
		if n := len(o.open); n > 0 {
			if n == 1 {
				o.afterLists[o.open[0].style] = o.open[0].count
			}
			delete(o.open[0].count, n+1)
			o.open = o.open[:n-1]
		}
	case "table-cell", "covered-table-cell":
		if n := len(o.table); n > 0 {
			t := &o.table[n-1]
			t.row, t.cell = append(t.row, strings.Join(t.cell, " ")), nil
		}
	case "table-row":
		return o.endRow()
	case "table":
		if n := len(o.table); n > 0 {
			o.table = o.table[:n-1]
		}
	}
	return nil
}

func (o *odt) endRow() error {
	n := len(o.table)
	if n == 0 {
		return nil
	}
	t := &o.table[n-1]
	if n > 1 {
		o.table[n-2].cell = append(o.table[n-2].cell, strings.Join(t.row, " "))
		return nil
	}
	o.line++
	if len(t.row) == 1 {
		return o.rich.add(&para{text: t.row[0], line: o.line})
	}
	return o.rich.add(&para{text: strings.Join(t.row, " "), cells: t.row, table: t.id, line: o.line})
}

func (o *odt) endPara() error {
	p := o.para
	o.para = nil
	if p == nil {
		return nil
	}
	text := p.text.b.String()
	if n := len(o.table); n > 0 {
		if text = fold(text); text != "" {
			o.table[n-1].cell = append(o.table[n-1].cell, text)
		}
		return nil
	}
	o.line++
	out := &para{text: text, line: o.line, strong: p.text.strong, heading: p.heading}
	if p.title {
		out.heading = 1
	}
	if o.contents > 0 {
		out.aside = "contents"
	}
	switch {
	case p.heading > 0 && strings.TrimSpace(text) != "":
		out.label = o.headingLabel(p.heading)
	case len(o.open) > 0 && strings.TrimSpace(text) != "":
		o.listLabel(out)
	}
	return o.rich.add(out)
}

// headingLabel numbers a heading if the outline style does.
func (o *odt) headingLabel(level int) string {
	o.counts[level]++
	for k := range o.counts {
		if k > level {
			delete(o.counts, k)
		}
	}
	return joinLabel(o.outline, o.counts, level)
}

// listLabel numbers the first paragraph of a list item; further ones are text.
func (o *odt) listLabel(out *para) {
	n := len(o.open)
	l := &o.open[n-1]
	if !l.fresh {
		return
	}
	l.fresh = false
	out.level, out.listed = n-1, true
	count := o.open[0].count
	if _, ok := count[n]; !ok {
		if start := o.lists[l.style][n].start; start > 0 {
			count[n] = start - 1
		}
	}
	count[n]++
	for k := range count {
		if k > n {
			delete(count, k)
		}
	}
	if o.lists[l.style][n].bullet {
		out.bullet = true
		return
	}
	out.label = joinLabel(o.lists[l.style], count, n)
	out.bullet = out.label == ""
}

// joinLabel writes the number of a level with those above that it shows.
func joinLabel(levels map[int]odtLevel, count map[int]int, level int) string {
	l, ok := levels[level]
	if !ok || l.format == "" {
		return ""
	}
	var parts []string
	for k := max(level-l.show+1, 1); k <= level; k++ {
		format := levels[k].format
		if format == "1" || format == "" {
			parts = append(parts, strconv.Itoa(max(count[k], 1)))
			continue
		}
		parts = append(parts, formatNumber(max(count[k], 1), format))
	}
	return l.prefix + strings.Join(parts, ".") + l.suffix
}
