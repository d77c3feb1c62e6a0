package reading

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"

	"holdfast/internal/isms"
)

// sourceBlocks reads a text file and settles its headings, for writing it out in
// other formats.
func sourceBlocks(t testing.TB, path string) []*block {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := decode(path, data)
	if err != nil {
		t.Fatal(err)
	}
	vocab, err := lexicons()
	if err != nil {
		t.Fatal(err)
	}
	d := &document{ctx: t.Context(), vocab: vocab, blocks: readText(text), scans: map[isms.Language]*scanner{}, out: &Reading{}}
	d.lx = vocab.lex[vocab.detect(allText(d.blocks))]
	if d.lx == nil {
		t.Fatalf("%s: language is not known", filepath.Base(path))
	}
	d.findHeadings()
	marked := false
	for _, b := range d.blocks {
		marked = marked || b.kind == blockHeading && b.level > 0
	}
	for _, b := range d.blocks {
		if b.kind == blockHeading && b.level <= 0 && marked {
			b.level = 6 // below those that the text marks, as in the text itself
		}
	}
	return d.blocks
}

// shown is the number before a block's text as the author wrote it.
func shown(b *block) string {
	if b.number == "" || b.number == b.text {
		return ""
	}
	switch {
	case strings.HasPrefix(b.style, "("):
		return "(" + b.number + ") "
	case strings.HasSuffix(b.style, ")"):
		return b.number + ") "
	case len(b.style) == 2:
		return b.number + ". "
	case b.style == "člen":
		return b.number + ". člen "
	default:
		return b.number + " "
	}
}

// tableAt returns the rows of the table that begins at block i, head included.
func tableAt(blocks []*block, i int) int {
	n := i
	for n < len(blocks) && blocks[n].table > 0 && blocks[n].table == blocks[i].table {
		n++
	}
	return n
}

func escaped(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return ""
	}
	return b.String()
}

func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, body := range parts {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(body))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const wordNS = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`

// wordFile wraps a body of paragraphs into a Word file with automatic bullets
// (list 1) and decimals in three levels (list 2).
func wordFile(t testing.TB, body string) []byte {
	t.Helper()
	var styles, bullets strings.Builder
	for n := 1; n <= 9; n++ {
		fmt.Fprintf(&styles, `<w:style w:type="paragraph" w:styleId="H%d"><w:name w:val="heading %d"/></w:style>`, n, n)
		fmt.Fprintf(&bullets, `<w:lvl w:ilvl="%d"><w:numFmt w:val="bullet"/><w:lvlText w:val=""/></w:lvl>`, n-1)
	}
	return zipped(t, map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"word/styles.xml":     `<w:styles ` + wordNS + `>` + styles.String() + `</w:styles>`,
		"word/numbering.xml": `<w:numbering ` + wordNS + `><w:abstractNum w:abstractNumId="0">` + bullets.String() + `</w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl>
<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%3)"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>`,
		"word/document.xml": `<?xml version="1.0" encoding="UTF-8"?><w:document ` + wordNS + `><w:body>` + body + `</w:body></w:document>`,
	})
}

func wordRun(s string, bold bool) string {
	if s == "" {
		return ""
	}
	props := ""
	if bold {
		props = `<w:rPr><w:b/></w:rPr>`
	}
	return `<w:r>` + props + `<w:t xml:space="preserve">` + escaped(s) + `</w:t></w:r>`
}

func asWord(t testing.TB, blocks []*block) []byte {
	var b strings.Builder
	for i := 0; i < len(blocks); i++ {
		x := blocks[i]
		if x.table > 0 {
			end := tableAt(blocks, i)
			b.WriteString(`<w:tbl>`)
			for ; i < end; i++ {
				b.WriteString(`<w:tr>`)
				for _, c := range blocks[i].cells {
					b.WriteString(`<w:tc><w:p>` + wordRun(c, false) + `</w:p></w:tc>`)
				}
				b.WriteString(`</w:tr>`)
			}
			b.WriteString(`</w:tbl>`)
			i--
			continue
		}
		props, lead := "", shown(x)
		switch {
		case x.kind == blockHeading:
			props = fmt.Sprintf(`<w:pStyle w:val="H%d"/>`, max(1, min(x.level, 9)))
		case x.kind == blockItem && x.number == "":
			props = fmt.Sprintf(`<w:numPr><w:ilvl w:val="%d"/><w:numId w:val="1"/></w:numPr>`, max(x.level, 0))
		}
		b.WriteString(`<w:p><w:pPr>` + props + `</w:pPr>` + wordRun(lead+x.text[:x.strong], x.strong > 0) + wordRun(x.text[x.strong:], false) + `</w:p>`)
	}
	return wordFile(t, b.String())
}

func asODT(t testing.TB, blocks []*block) []byte {
	var b strings.Builder
	for i := 0; i < len(blocks); i++ {
		x := blocks[i]
		switch {
		case x.table > 0:
			end := tableAt(blocks, i)
			b.WriteString(`<table:table>`)
			for ; i < end; i++ {
				b.WriteString(`<table:table-row>`)
				for _, c := range blocks[i].cells {
					b.WriteString(`<table:table-cell><text:p>` + escaped(c) + `</text:p></table:table-cell>`)
				}
				b.WriteString(`</table:table-row>`)
			}
			b.WriteString(`</table:table>`)
			i--
		case x.kind == blockHeading:
			fmt.Fprintf(&b, `<text:h text:outline-level="%d">%s</text:h>`, max(1, x.level), escaped(shown(x)+x.text))
		case x.kind == blockItem && x.number == "":
			open, shut := "", ""
			for range max(x.level, 0) + 1 {
				open, shut = open+`<text:list text:style-name="L1"><text:list-item>`, `</text:list-item></text:list>`+shut
			}
			b.WriteString(open + odtPara0(x) + shut)
		default:
			b.WriteString(odtPara0(x))
		}
	}
	var levels strings.Builder
	for n := 1; n < 9; n++ {
		fmt.Fprintf(&levels, `<text:list-level-style-bullet text:level="%d" text:bullet-char="•"/>`, n)
	}
	return zipped(t, map[string]string{
		"mimetype": "application/vnd.oasis.opendocument.text",
		"content.xml": `<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="tb" xmlns:style="s" xmlns:fo="f">
<office:automatic-styles><style:style style:name="B" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>
<text:list-style style:name="L1">` + levels.String() + `</text:list-style></office:automatic-styles><office:body><office:text>` + b.String() + `</office:text></office:body></office:document-content>`,
	})
}

func odtPara0(x *block) string {
	lead := ""
	if x.strong > 0 {
		lead = `<text:span text:style-name="B">` + escaped(shown(x)+x.text[:x.strong]) + `</text:span>`
	} else {
		lead = escaped(shown(x))
	}
	return `<text:p text:style-name="Standard">` + lead + escaped(x.text[x.strong:]) + `</text:p>`
}

func asHTML(blocks []*block) []byte {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><head><title>x</title><style>p{}</style></head>\n<body><nav><a href=/>Home</a></nav>\n")
	for i := 0; i < len(blocks); i++ {
		x := blocks[i]
		text := html.EscapeString(x.text[x.strong:])
		if x.strong > 0 {
			text = "<b>" + html.EscapeString(shown(x)+x.text[:x.strong]) + "</b>" + text
		} else {
			text = html.EscapeString(shown(x)) + text
		}
		switch {
		case x.table > 0:
			end := tableAt(blocks, i)
			b.WriteString("<table>\n")
			for ; i < end; i++ {
				b.WriteString("<tr>")
				for _, c := range blocks[i].cells {
					b.WriteString("<td>" + html.EscapeString(c) + "</td>")
				}
				b.WriteString("</tr>\n")
			}
			b.WriteString("</table>\n")
			i--
		case x.kind == blockHeading:
			n := max(1, min(x.level, 6))
			fmt.Fprintf(&b, "<h%d>%s</h%d>\n", n, text, n)
		case x.kind == blockItem && x.number == "":
			n := max(x.level, 0) + 1
			b.WriteString(strings.Repeat("<ul>", n) + "<li>" + text + "</li>" + strings.Repeat("</ul>", n) + "\n")
		default:
			b.WriteString("<p>" + text + "</p>\n")
		}
	}
	return []byte(b.String() + "</body></html>\n")
}

// asPDF sets the blocks in a core font, with a page header, page numbers, larger
// headings and bullets.
func asPDF(t testing.TB, blocks []*block) []byte {
	t.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	tr := pdf.UnicodeTranslatorFromDescriptor("")
	pdf.SetHeaderFunc(func() {
		pdf.SetFont("Helvetica", "", 8)
		pdf.CellFormat(0, 5, "SAMPLE - for internal use", "", 1, "R", false, 0, "")
		pdf.Ln(6)
	})
	pdf.SetFooterFunc(func() {
		pdf.SetY(-15)
		pdf.SetFont("Helvetica", "", 8)
		pdf.CellFormat(0, 10, fmt.Sprintf("Page %d", pdf.PageNo()), "", 0, "C", false, 0, "")
	})
	pdf.AddPage()
	for _, x := range blocks {
		left := 10.0
		size, style, text := 10.5, "", shown(x)+x.text
		switch {
		case x.kind == blockHeading:
			size, style = 16-float64(min(max(x.level, 1), 3)), "B"
		case x.kind == blockItem && x.number == "":
			left, text = 15+5*float64(max(x.level, 0)), "• "+text
		case x.table > 0:
			text = strings.Join(x.cells, " | ")
		}
		pdf.SetLeftMargin(left)
		pdf.SetX(left)
		pdf.SetFont("Helvetica", style, size)
		pdf.MultiCell(0, size*0.5, tr(text), "", "L", false)
		pdf.Ln(3)
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
