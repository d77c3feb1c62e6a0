package reading

import (
	"strings"
	"testing"
)

func clauseLines(r *Reading) string {
	var out []string
	for _, c := range r.Clauses {
		out = append(out, strings.TrimSpace(c.Number+" "+c.Text))
	}
	return strings.Join(out, "\n")
}

// numbered makes a paragraph of list 2 at a level; heading is its style or "".
func numbered(level, heading, text string) string {
	style := ""
	if heading != "" {
		style = `<w:pStyle w:val="` + heading + `"/>`
	}
	return `<w:p><w:pPr>` + style + `<w:numPr><w:ilvl w:val="` + level + `"/><w:numId w:val="2"/></w:numPr></w:pPr>` + wordRun(text, false) + `</w:p>`
}

func TestWordNumbersAreComputed(t *testing.T) {
	r := readBytes(t, "a.docx", wordFile(t, numbered("0", "H1", "Access")+
		numbered("1", "", "Users must lock their screens.")+
		numbered("1", "", "Administrators must:")+
		numbered("2", "", "use separate accounts;")+
		numbered("2", "", "record their work.")+
		numbered("0", "H1", "Backups")+
		numbered("1", "", "Backups must be made daily.")))
	want := "1.1 Users must lock their screens.\n1.2 Administrators must:\na use separate accounts;\nb record their work.\n2.1 Backups must be made daily."
	if got := clauseLines(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p := strings.Join(r.Clauses[4].Path, "/"); p != "2 Backups" {
		t.Errorf("path %q", p)
	}
	if c := r.Clauses[2]; !c.Normative || c.Kind != Must {
		t.Errorf("an item of %q is %s %v", r.Clauses[1].Text, c.Kind, c.Normative)
	}
}

func TestTrackedChangesCountAsAccepted(t *testing.T) {
	r := readBytes(t, "a.docx", wordFile(t, `<w:p>`+wordRun("Logs are kept for ", false)+
		`<w:del><w:r><w:delText>three</w:delText></w:r></w:del><w:ins>`+wordRun("six", false)+`</w:ins>`+wordRun(" months.", false)+`</w:p>`+
		`<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>`+wordRun("Visitors must ", false)+`</w:p>`+
		`<w:p>`+wordRun("be escorted.", false)+`</w:p>`+
		`<w:p><w:moveFrom>`+wordRun("Doors must be shut.", false)+`</w:moveFrom></w:p>`+
		`<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden words must not be read.</w:t></w:r></w:p>`))
	if got := clauseLines(r); got != "Logs are kept for six months.\nVisitors must be escorted." {
		t.Errorf("got\n%s", got)
	}
	if r.Clauses[0].Retention != "P6M" {
		t.Errorf("retention %q", r.Clauses[0].Retention)
	}
}

func TestOpenDocumentNumbersAreComputed(t *testing.T) {
	item := func(s string) string { return `<text:list-item><text:p>` + s + `</text:p></text:list-item>` }
	data := zipped(t, map[string]string{"content.xml": `<office:d xmlns:office="o" xmlns:text="t" xmlns:style="s">
<text:outline-style><text:outline-level-style text:level="1" style:num-format="1" style:num-suffix="."/></text:outline-style>
<text:list-style style:name="N"><text:list-level-style-number text:level="1" style:num-format="a" style:num-suffix=")"/></text:list-style>
<office:text><text:tracked-changes><text:p>Deleted words must not be read.</text:p></text:tracked-changes>
<text:h text:outline-level="1">Duties</text:h><text:p>Users must:</text:p>
<text:list text:style-name="N">` + item("lock their screens;") + item("wear a badge.") + `</text:list></office:text></office:d>`})
	r := readBytes(t, "a.odt", data)
	if got := clauseLines(r); got != "Users must:\na lock their screens;\nb wear a badge." {
		t.Errorf("got\n%s", got)
	}
	if p := strings.Join(r.Clauses[1].Path, "/"); p != "1 Duties" {
		t.Errorf("path %q", p)
	}
}

func TestBulletsInsideALineAreItems(t *testing.T) {
	r := readBytes(t, "a.docx", wordFile(t, `<w:p>`+wordRun("All staff must: • lock their screens • wear a badge • report incidents", false)+`</w:p>`))
	if got := clauseLines(r); got != "All staff must:\nlock their screens\nwear a badge\nreport incidents" {
		t.Errorf("got\n%s", got)
	}
}
