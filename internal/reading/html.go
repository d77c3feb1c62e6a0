package reading

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"holdfast/internal/isms"
)

// page reads HTML token by token; it builds no tree, so deep nesting costs nothing.
type page struct {
	rich   rich
	line   int
	at     int // line on which the open paragraph began
	text   textRun
	head   int // heading level of the open paragraph
	bold   int
	skip   string // element whose content is left out
	depth  int    // of that element
	menu   int    // depth inside menus, footers and the like
	banner int    // depth inside page headers, of which only headings are read
	lists  []htmlList
	label  string
	bullet bool
	listed bool
	table  []docxTable
	tables int
	inCell bool
	breaks int
	pre    int // depth inside preformatted text
}

type htmlList struct {
	ordered bool
	kind    string // type attribute: 1 a A i I
	count   int
}

func readHTML(ctx context.Context, name string, data []byte) ([]*block, error) {
	data, err := decodeHTML(data)
	if err != nil {
		return nil, broken(name, err)
	}
	p := &page{line: 1, at: 1}
	z := html.NewTokenizer(bytes.NewReader(data))
	z.SetMaxBuf(8 << 20)
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return nil, isms.Errorf(isms.Unavailable, "reading.too_slow", "file", name).Because(ctx.Err())
		}
		kind := z.Next()
		if kind == html.ErrorToken {
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return nil, broken(name, err)
			}
			break
		}
		lines := bytes.Count(z.Raw(), []byte("\n"))
		if err := p.token(kind, z); err != nil {
			return nil, err
		}
		p.line += lines
	}
	if err := p.flush(); err != nil {
		return nil, err
	}
	return p.rich.blocks(), nil
}

// decodeHTML follows the page's own statement of its character set; without one,
// what is valid UTF-8 is UTF-8.
func decodeHTML(data []byte) ([]byte, error) {
	enc, _, certain := charset.DetermineEncoding(data[:min(len(data), 1024)], "text/html")
	switch {
	case certain:
		return enc.NewDecoder().Bytes(data)
	case utf8.Valid(data):
		return data, nil
	default:
		return []byte(codePage(data)), nil
	}
}

func (p *page) token(kind html.TokenType, z *html.Tokenizer) error {
	switch kind {
	case html.TextToken:
		if p.skip == "" {
			p.write(string(z.Text()))
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		tag, more := z.TagName()
		name := string(tag)
		attrs := map[string]string{}
		for more && len(attrs) < 64 {
			var k, v []byte
			k, v, more = z.TagAttr()
			attrs[string(k)] = string(v)
		}
		if p.skip != "" {
			if name == p.skip && kind == html.StartTagToken {
				p.depth++
			}
			return nil
		}
		return p.start(name, attrs, kind == html.SelfClosingTagToken)
	case html.EndTagToken:
		tag, _ := z.TagName()
		name := string(tag)
		if p.skip != "" {
			if name == p.skip {
				if p.depth--; p.depth == 0 {
					p.skip = ""
				}
			}
			return nil
		}
		return p.end(name)
	}
	return nil
}

// write adds words; line ends inside HTML text are blanks.
func (p *page) write(s string) {
	if strings.TrimSpace(s) == "" && p.text.b.Len() == 0 {
		return
	}
	if p.text.b.Len() == 0 {
		lead := s[:len(s)-len(strings.TrimLeft(s, " \t\r\n"))]
		p.at = p.line + strings.Count(lead, "\n")
	}
	p.breaks = 0
	if p.pre > 0 {
		p.text.write(strings.ReplaceAll(s, "\r", ""), p.bold > 0)
		return
	}
	p.text.write(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(s), p.bold > 0)
}

// hidden elements and those that hold no text of the document.
func htmlSkipped(name string, attrs map[string]string) bool {
	switch name {
	case "script", "style", "template", "svg", "noscript", "head", "select", "button", "iframe", "object", "canvas", "del", "math", "textarea", "audio", "video":
		return true
	}
	if _, ok := attrs["hidden"]; ok {
		return true
	}
	return strings.Contains(strings.ReplaceAll(attrs["style"], " ", ""), "display:none")
}

func voidElement(name string) bool {
	switch name {
	case "br", "img", "hr", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr":
		return true
	}
	return false
}

func (p *page) start(name string, attrs map[string]string, closed bool) error {
	if !voidElement(name) && !closed && htmlSkipped(name, attrs) {
		p.skip, p.depth = name, 1
		return nil
	}
	switch name {
	case "br":
		return p.lineBreak()
	case "pre":
		err := p.flush()
		p.pre++
		return err
	case "b", "strong", "th":
		p.bold++
	case "h1", "h2", "h3", "h4", "h5", "h6":
		if err := p.flush(); err != nil {
			return err
		}
		p.head = int(name[1] - '0')
	case "nav", "footer", "form", "aside":
		err := p.flush()
		p.menu++
		return err
	case "header":
		err := p.flush()
		p.banner++
		return err
	case "ul", "ol", "menu":
		if err := p.flush(); err != nil {
			return err
		}
		l := htmlList{ordered: name == "ol", kind: attrs["type"]}
		if n, err := strconv.Atoi(attrs["start"]); err == nil {
			l.count = n - 1
		}
		if len(p.lists) < maxDepth {
			p.lists = append(p.lists, l)
		}
	case "li":
		return p.item()
	case "table":
		if err := p.flush(); err != nil {
			return err
		}
		p.tables++
		if len(p.table) < maxDepth {
			p.table = append(p.table, docxTable{id: p.tables})
		}
	case "tr":
		if n := len(p.table); n > 0 {
			p.table[n-1].row, p.at = nil, p.line
		}
	}
	switch name {
	case "td", "th":
		p.inCell = len(p.table) > 0
		p.text.reset()
	case "p", "div", "section", "article", "main", "header", "blockquote", "dl", "dt", "dd", "hr", "figure", "address", "details", "summary", "body", "html", "fieldset":
		if !p.inCell {
			return p.flush()
		}
		p.text.write(" ", p.bold > 0)
	}
	return nil
}

// lineBreak ends a line of the paragraph; two in a row end the paragraph.
func (p *page) lineBreak() error {
	mark := "\n"
	if p.inCell || p.listed || p.head > 0 {
		mark = " "
	}
	p.text.write(mark, p.bold > 0)
	if p.breaks++; p.breaks >= 2 && !p.inCell && p.pre == 0 {
		return p.flush()
	}
	return nil
}

func (p *page) item() error {
	if err := p.flush(); err != nil {
		return err
	}
	p.listed = true
	n := len(p.lists)
	if n == 0 || !p.lists[n-1].ordered {
		p.bullet = true
		return nil
	}
	l := &p.lists[n-1]
	l.count++
	switch l.kind {
	case "a", "A", "i", "I":
		p.label = formatNumber(l.count, l.kind) + "."
	default:
		p.label = strconv.Itoa(l.count) + "."
	}
	return nil
}

func (p *page) end(name string) error {
	switch name {
	case "pre":
		err := p.flush()
		p.pre = max(0, p.pre-1)
		return err
	case "b", "strong":
		p.bold = max(0, p.bold-1)
	case "ul", "ol", "menu":
		if err := p.flush(); err != nil {
			return err
		}
		if n := len(p.lists); n > 0 {
			p.lists = p.lists[:n-1]
		}
	case "td", "th":
		if name == "th" {
			p.bold = max(0, p.bold-1)
		}
		if n := len(p.table); n > 0 {
			p.table[n-1].row = append(p.table[n-1].row, fold(p.text.b.String()))
		}
		p.text.reset()
		p.inCell = false
	case "tr":
		return p.endRow()
	case "table":
		if n := len(p.table); n > 0 {
			p.table = p.table[:n-1]
		}
		p.inCell = len(p.table) > 0
	case "nav", "footer", "form", "aside":
		err := p.flush()
		p.menu = max(0, p.menu-1)
		return err
	case "header":
		err := p.flush()
		p.banner = max(0, p.banner-1)
		return err
	case "h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "li", "section", "article", "main", "blockquote", "dt", "dd", "address", "summary", "body":
		if !p.inCell {
			return p.flush()
		}
	}
	return nil
}

func (p *page) endRow() error {
	n := len(p.table)
	if n == 0 {
		return nil
	}
	t := &p.table[n-1]
	if n > 1 {
		p.text.write(" "+strings.Join(t.row, " ")+" ", false)
		return nil
	}
	if len(t.row) == 1 {
		return p.rich.add(&para{text: t.row[0], line: p.at})
	}
	if len(t.row) == 0 {
		return nil
	}
	return p.rich.add(&para{text: strings.Join(t.row, " "), cells: t.row, table: t.id, line: p.at})
}

// lines reads a paragraph of several lines as text: people set lists and whole
// documents with line breaks alone.
func (p *page) lines(text string) error {
	for _, b := range readText(text) {
		for k := range b.marks {
			b.marks[k].line = min(p.at+b.marks[k].line-1, p.line)
		}
		if err := p.rich.add(&para{text: b.text, line: b.line(), ready: b}); err != nil {
			return err
		}
	}
	return nil
}

// flush ends the open paragraph.
func (p *page) flush() error {
	raw := strings.TrimRight(p.text.b.String(), " \n")
	text := fold(raw)
	if strings.Contains(raw, "\n") && p.menu == 0 && p.banner == 0 && p.head == 0 && !p.listed {
		p.text.reset()
		p.breaks = 0
		return p.lines(raw)
	}
	if text == "" {
		if p.label == "" && !p.bullet {
			p.head = 0
		}
		p.text.reset()
		return nil
	}
	out := &para{
		text: text, line: p.at, heading: p.head, label: p.label, bullet: p.bullet,
		listed: p.listed, level: max(0, len(p.lists)-1), strong: p.text.strong,
	}
	if p.menu > 0 || p.banner > 0 && p.head == 0 {
		out.aside = "menu"
	}
	p.text.reset()
	p.head, p.label, p.bullet, p.listed, p.breaks = 0, "", false, false, 0
	return p.rich.add(out)
}
