package reading

import (
	"strings"
	"testing"

	"holdfast/internal/isms"
)

// fuzzed reads data as name and checks what comes out; errors must be for people.
func fuzzed(t *testing.T, name string, data []byte) {
	r, err := Read(t.Context(), name, data, Options{MaxBytes: 1 << 20})
	if err != nil {
		if isms.CodeOf(err) == "" {
			t.Fatalf("an error without a code: %v", err)
		}
		return
	}
	if !Foreign(name, data) {
		text, err := decode(name, data)
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, text, r)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("# Policy\n\n1.1 Users must lock screens.\n\n| a | every |\n|---|---|\n| x | 3 months |\n"))
	f.Add([]byte("§ 4 Zugang\n(1) Alle Zu-\ngänge werden ge-\nprüft.\n  • eins\n    • zwei\n"))
	f.Add([]byte("5. člen\n(dostop)\n\nVsak uporabnik mora imeti geslo.\n"))
	f.Add([]byte("+---+---+\n| a | b |\n+---+---+\n\x00\xff\xfe"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, "a.txt", data) })
}

func FuzzHTML(f *testing.F) {
	f.Add([]byte("<h1>P</h1><ul><li>Users must lock screens.<li>x</ul><table><tr><td>a<td>b</table>"))
	f.Add([]byte("<div hidden><p>x</p></div><ol type=a start=-3><li><b>y</b> z<br><br>q</ol></td></tr>"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, "a.html", data) })
}

func FuzzDocx(f *testing.F) {
	f.Add(`<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Rules</w:t></w:r></w:p><w:p><w:pPr><w:numPr><w:ilvl w:val="2"/><w:numId w:val="2"/></w:numPr></w:pPr><w:r><w:t>Users must lock.</w:t></w:r></w:p>`)
	f.Add(`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p><w:tbl><w:tr><w:tc/></w:tr></w:tbl></w:tc></w:tr></w:tbl><w:p><w:del><w:r><w:t>x</w:t></w:r></w:del></w:p>`)
	f.Fuzz(func(t *testing.T, body string) { fuzzed(t, "a.docx", wordFile(t, body)) })
}

func FuzzODT(f *testing.F) {
	f.Add(`<d><text:h text:outline-level="2">Rules</text:h><text:list text:style-name="L"><text:list-item><text:p>Users must lock.</text:p></text:list-item></text:list></d>`)
	f.Add(`<d><table:table><table:table-row><table:table-cell><text:p>x<text:s text:c="99999999"/></text:p></table:table-cell></table:table-row></table:table></d>`)
	f.Fuzz(func(t *testing.T, content string) {
		fuzzed(t, "a.odt", zipped(t, map[string]string{"content.xml": content, "styles.xml": content}))
	})
}

func FuzzArchive(f *testing.F) {
	f.Add(wordFile(f, "<w:p/>"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, "a.docx", append([]byte("PK"), data...)) })
}

// FuzzLayout feeds the part of the PDF reader that is ours; PDFium itself runs
// inside WebAssembly.
func FuzzLayout(f *testing.F) {
	f.Add("Rules\x01Users must lock their\x01screens.\x01- x", uint8(12), uint16(500))
	f.Fuzz(func(t *testing.T, text string, size uint8, width uint16) {
		var p pdfPage
		p.number, p.height = 1, 800
		for i, s := range strings.Split(text, "\x01") {
			y := 790 - float64(i%60)*float64(size)
			x := float64(int(width) * (i % 3) / 7)
			p.runs = append(p.runs, pdfRun{text: s, x0: x, x1: x + float64(len(s))*float64(size)/2, top: y, bottom: y - float64(size), size: float64(size + uint8(i%2)), bold: i%5 == 0})
		}
		if _, err := readDocument(t.Context(), "a.pdf", layOut([]pdfPage{p, p}), Options{Language: "en"}); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzSentences(f *testing.F) {
	f.Add("Es gilt z. B. Art. 3. Alle müssen ... (usw.) handeln! Ja?")
	f.Add("Družba d.o.o. Velja 5. člen.")
	f.Fuzz(func(t *testing.T, text string) {
		text = fold(strings.ToValidUTF8(text, ""))
		for _, l := range []isms.Language{"en", "de", "sl"} {
			at := 0
			for _, s := range lexiconOf(t, l).sentences(text) {
				if s.start < at || s.end <= s.start || s.end > len(text) || strings.TrimSpace(text[at:s.start]) != "" {
					t.Fatalf("%q: %v after %d", text, s, at)
				}
				at = s.end
			}
			if strings.TrimSpace(text[at:]) != "" {
				t.Fatalf("%q: %q was lost", text, text[at:])
			}
		}
	})
}

// BenchmarkHundredPages reads about 100 pages of text: 300 words a page.
func BenchmarkHundredPages(b *testing.B) {
	data := hundredPages(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Read(b.Context(), "a.txt", data, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
