package reading

import (
	"context"
	"encoding/xml"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// docx reads a Word document: paragraphs with automatic numbers, tables,
// headings by style; tracked changes as if they were accepted.
type docx struct {
	ctx    context.Context
	name   string
	rich   rich
	styles map[string]docxStyle
	nums   *docxNumbering
	line   int

	stack  []docxPara // paragraphs; text boxes nest them
	skip   int        // depth inside content that is left out
	tables []docxTable
	count  int // tables so far
	run    docxRun
	inText bool
	merged string // text of a paragraph whose mark was deleted, for the next one
}

type docxStyle struct {
	name, base string
	heading    int
	num, level int
	numbered   bool
	bold       bool
}

type docxPara struct {
	text       textRun
	style      string
	heading    int
	num, level int
	numbered   bool
	inProps    bool
	markGone   bool
}

type docxRun struct{ bold, hidden, inProps bool }

type docxTable struct {
	id   int
	rows int
	row  []string
	cell []string // paragraphs of the open cell
}

func readDocx(ctx context.Context, name string, data []byte, most int64) ([]*block, error) {
	a, err := openArchive(name, data, most)
	if err != nil {
		return nil, err
	}
	d := &docx{ctx: ctx, name: name, styles: map[string]docxStyle{}}
	if err := d.readStyles(a); err != nil {
		return nil, err
	}
	if d.nums, err = readDocxNumbering(ctx, a); err != nil {
		return nil, err
	}
	main, err := a.need("word/document.xml")
	if err != nil {
		return nil, err
	}
	err = walkXML(ctx, name, main, d.start, d.end, func(s string) {
		if d.inText && d.skip == 0 && len(d.stack) > 0 && !d.run.hidden {
			d.top().text.write(s, d.run.bold || d.styles[d.top().style].bold)
		}
	})
	if err != nil {
		return nil, err
	}
	return d.rich.blocks(), nil
}

func (d *docx) top() *docxPara { return &d.stack[len(d.stack)-1] }

// skipped elements hold what is not (or no longer) part of the text.
func docxSkipped(local string) bool {
	switch local {
	case "del", "moveFrom", "Fallback", "instrText", "delText", "pict", "footnotePr", "sectPr", "rubyPr", "rt":
		return true
	}
	return false
}

func (d *docx) start(e xml.StartElement) error {
	local := e.Name.Local
	if d.skip > 0 {
		d.skip++
		return nil
	}
	if local == "del" && len(d.stack) > 0 && (d.top().inProps || d.run.inProps) {
		d.top().markGone = d.top().inProps
		d.skip++
		return nil
	}
	if docxSkipped(local) {
		d.skip++
		return nil
	}
	switch local {
	case "p":
		d.stack = append(d.stack, docxPara{})
		d.run = docxRun{}
		return nil
	case "tbl":
		if len(d.tables) == 0 {
			d.count++
		}
		d.tables = append(d.tables, docxTable{id: d.count})
		return nil
	case "tr":
		if n := len(d.tables); n > 0 {
			d.tables[n-1].row, d.tables[n-1].cell = nil, nil
		}
		return nil
	}
	if len(d.stack) > 0 {
		d.inPara(local, e)
	}
	return nil
}

// inPara handles what stands inside a paragraph.
func (d *docx) inPara(local string, e xml.StartElement) {
	p := d.top()
	switch local {
	case "pPr":
		p.inProps = true
	case "pStyle":
		p.style = attr(e, "val")
	case "outlineLvl":
		if n, err := strconv.Atoi(attr(e, "val")); err == nil && n >= 0 && n < 9 {
			p.heading = n + 1
		}
	case "numId":
		p.num, p.numbered = atoi(attr(e, "val")), true
	case "ilvl":
		p.level = min(atoi(attr(e, "val")), 8)
	case "r":
		d.run = docxRun{}
	case "rPr":
		d.run.inProps = true
	case "b":
		d.run.bold = d.run.inProps && !p.inProps && on(attr(e, "val"))
	case "vanish":
		d.run.hidden = d.run.inProps && !p.inProps && on(attr(e, "val"))
	case "t":
		d.inText = true
	case "tab", "br", "cr":
		if !p.inProps {
			p.text.write(" ", d.run.bold)
		}
	case "noBreakHyphen":
		p.text.write("-", d.run.bold)
	}
}

// on reads Word's on-off values; a missing one is on.
func on(v string) bool { return v != "0" && v != "false" && v != "none" }

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (d *docx) end(local string) error {
	if d.skip > 0 {
		d.skip--
		return nil
	}
	switch local {
	case "pPr":
		if len(d.stack) > 0 {
			d.top().inProps = false
		}
	case "rPr":
		d.run.inProps = false
	case "t":
		d.inText = false
	case "p":
		return d.endPara()
	case "tc":
		if n := len(d.tables); n > 0 {
			t := &d.tables[n-1]
			t.row, t.cell = append(t.row, strings.Join(t.cell, " ")), nil
		}
	case "tr":
		return d.endRow()
	case "tbl":
		d.endTable()
	}
	return nil
}

func (d *docx) endPara() error {
	if len(d.stack) == 0 {
		return nil
	}
	p := d.stack[len(d.stack)-1]
	d.stack = d.stack[:len(d.stack)-1]
	text := d.merged + p.text.b.String()
	d.merged = ""
	if p.markGone {
		d.merged = text
		return nil
	}
	if n := len(d.tables); n > 0 {
		if text = fold(text); text != "" {
			d.tables[n-1].cell = append(d.tables[n-1].cell, text)
		}
		return nil
	}
	d.line++
	out := &para{text: text, line: d.line, strong: p.text.strong}
	d.style(&p, out)
	return d.rich.add(out)
}

// style settles heading level and automatic number from the paragraph and its style.
func (d *docx) style(p *docxPara, out *para) {
	s := d.styles[p.style]
	out.heading = s.heading
	if p.heading > 0 {
		out.heading = p.heading
	}
	if strings.HasPrefix(strings.ToLower(s.name), "toc") && strings.TrimSpace(out.text) != "" && out.heading == 0 {
		out.aside = "contents"
		return
	}
	num, level := p.num, p.level
	if !p.numbered {
		num, level = s.num, s.level
	}
	if num > 0 && strings.TrimSpace(out.text) != "" {
		out.label, out.bullet = d.nums.next(num, level)
		out.level = level
		if out.heading > 0 {
			out.bullet = false
		}
	}
}

// endRow adds a row; a row of one cell is a paragraph.
func (d *docx) endRow() error {
	n := len(d.tables)
	if n == 0 {
		return nil
	}
	t := &d.tables[n-1]
	if n > 1 { // a table inside a cell: its words belong to the cell
		d.tables[n-2].cell = append(d.tables[n-2].cell, strings.Join(t.row, " "))
		return nil
	}
	t.rows++
	d.line++
	if len(t.row) == 1 {
		return d.rich.add(&para{text: t.row[0], line: d.line})
	}
	return d.rich.add(&para{text: strings.Join(t.row, " "), cells: t.row, table: t.id, line: d.line})
}

func (d *docx) endTable() {
	if n := len(d.tables); n > 0 {
		d.tables = d.tables[:n-1]
	}
}

// readStyles learns which styles are headings, number their paragraphs or are bold.
func (d *docx) readStyles(a *archive) error {
	data, err := a.part("word/styles.xml")
	if err != nil || data == nil {
		return err
	}
	id, inRun := "", false
	var s docxStyle
	err = walkXML(d.ctx, d.name, data, func(e xml.StartElement) error {
		switch v := attr(e, "val"); e.Name.Local {
		case "style":
			id, s = attr(e, "styleId"), docxStyle{}
		case "name":
			s.name = v
			s.heading = headingStyle(v)
		case "basedOn":
			s.base = v
		case "outlineLvl":
			if n, err := strconv.Atoi(v); err == nil && n >= 0 && n < 9 {
				s.heading = n + 1
			}
		case "numId":
			s.num, s.numbered = atoi(v), true
		case "ilvl":
			s.level = min(atoi(v), 8)
		case "rPr":
			inRun = true
		case "b":
			s.bold = inRun && on(v)
		}
		return nil
	}, func(local string) error {
		switch local {
		case "rPr":
			inRun = false
		case "style":
			d.styles[id] = s
		}
		return nil
	}, func(string) {})
	if err != nil {
		return err
	}
	for id := range d.styles {
		d.styles[id] = d.resolve(id)
	}
	return nil
}

// resolve takes over what a style inherits, a few steps deep.
func (d *docx) resolve(id string) docxStyle {
	s := d.styles[id]
	base := s.base
	for range 10 {
		b, ok := d.styles[base]
		if !ok || base == "" {
			break
		}
		if s.heading == 0 && !strings.HasPrefix(strings.ToLower(s.name), "toc") {
			s.heading = b.heading
		}
		if !s.numbered && b.numbered {
			s.num, s.numbered = b.num, true
			if s.level == 0 {
				s.level = b.level
			}
		}
		base = b.base
	}
	return s
}

// headingStyle returns the level of a heading style by its name, which Word
// keeps in English, and some writers in their own language.
func headingStyle(name string) int {
	low := strings.ToLower(strings.TrimSpace(name))
	if low == "title" || low == "titel" || low == "naslov" {
		return 1
	}
	for _, p := range []string{"heading ", "überschrift ", "naslov ", "heading", "überschrift"} {
		if rest, ok := strings.CutPrefix(low, p); ok {
			if n, err := strconv.Atoi(rest); err == nil && n >= 1 && n <= 9 {
				return n
			}
		}
	}
	return 0
}

// errNoText says that a file holds nothing to read.
func errNoText(name string) error { return isms.Errorf(isms.Invalid, "reading.no_text", "file", name) }
