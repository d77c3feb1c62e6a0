package reading

import (
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConvertersThatKeepNoStructure writes the published policies as careless
// converters do: every line a paragraph in Word, line breaks or preformatted text
// in HTML. They reach the aims all the same.
func TestConvertersThatKeepNoStructure(t *testing.T) {
	shared := sharedDir(t)
	totals := map[string]*tally{"lines.docx": {}, "pre.html": {}, "br.html": {}}
	for _, s := range seeds {
		labels := readLabels(t, filepath.Join(shared, "seeds-gold", s[0]))
		data, err := os.ReadFile(filepath.Join(shared, "seeds", s[1]))
		if err != nil {
			t.Fatal(err)
		}
		var word, page strings.Builder
		for _, l := range strings.Split(string(data), "\n") {
			word.WriteString(`<w:p>` + wordRun(l, false) + `</w:p>`)
			page.WriteString(html.EscapeString(l) + "<br>\n")
		}
		for name, file := range map[string][]byte{
			"lines.docx": wordFile(t, word.String()),
			"pre.html":   []byte("<html><body><pre>" + html.EscapeString(string(data)) + "</pre></body></html>"),
			"br.html":    []byte("<html><body>" + page.String() + "</body></html>"),
		} {
			one, _ := score(labels, readBytes(t, name, file).Clauses, true)
			t.Logf("%-10s %-22s %s", name, s[1], one)
			totals[name].add(one)
		}
	}
	for name, all := range totals {
		t.Logf("%-10s %-22s %s", name, "all", all)
		holds(t, name, all.figures(), [5]float64{0.97, 0.95, 0.88, 0.92, 1})
	}
}
