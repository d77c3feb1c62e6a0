package reading

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reading.md anew")

// confusion counts, for binding clauses, which theme was read for which label.
type confusion map[[2]string]int

func (c confusion) add(labels []labelled, got []*Clause) {
	for i, l := range labels {
		if !l.normative || got[i] == nil {
			continue
		}
		want := l.theme
		if got[i].Theme == l.theme2 {
			want = l.theme2 // either is right
		}
		c[[2]string{want, got[i].Theme}]++
	}
}

// table writes the counts; columns are the first letters of the rows' numbers.
func (c confusion) table() string {
	var b strings.Builder
	b.WriteString("| labelled as \\ read as |")
	for i := range Themes {
		fmt.Fprintf(&b, " %d |", i+1)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(Themes)) + "\n")
	for i, want := range Themes {
		fmt.Fprintf(&b, "| %d %s |", i+1, want)
		for _, got := range Themes {
			n := c[[2]string{want, got}]
			switch {
			case n == 0:
				b.WriteString(" |")
			case want == got:
				fmt.Fprintf(&b, " **%d** |", n)
			default:
				fmt.Fprintf(&b, " %d |", n)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func row(name string, labels int, t tally) string {
	f := t.figures()
	return fmt.Sprintf("| %s | %d | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %d/%d |\n", name, labels, f[0],
		f[1], ratio(t.tp, t.tp+t.fp), ratio(t.tp, t.tp+t.fn), f[2], f[3], t.periodOK, t.periods)
}

const rowHead = "| document | clauses | found | normative F1 | its precision | its recall | theme | cadence | fixed periods |\n|---|---|---|---|---|---|---|---|---|\n"

// TestPageStatesTodaysScores keeps docs/reading.md true: its tables are what
// today's reader scores. With -update the page is written.
func TestPageStatesTodaysScores(t *testing.T) {
	shared := sharedDir(t)
	published, own := rowHead, rowHead
	var all, mine tally
	confused := confusion{}
	n, m := 0, 0
	for _, s := range seeds {
		labels := readLabels(t, filepath.Join(shared, "seeds-gold", s[0]))
		one, got := score(labels, readFile(t, filepath.Join(shared, "seeds", s[1])).Clauses, false)
		published += row(s[1], len(labels), one)
		all.add(one)
		confused.add(labels, got)
		n += len(labels)
	}
	for _, p := range corpus(t, "corpus") {
		labels := readLabels(t, p[0])
		one, got := score(labels, readFile(t, p[1]).Clauses, false)
		own += row(filepath.Base(p[1]), len(labels), one)
		mine.add(one)
		confused.add(labels, got)
		m += len(labels)
	}
	template, err := os.ReadFile("testdata/page.md")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		"{{published}}", published+row("**all**", n, all),
		"{{own}}", own+row("**all**", m, mine),
		"{{confusion}}", confused.table(),
	).Replace(string(template))
	page := filepath.Join("..", "..", "docs", "reading.md")
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("docs/reading.md does not state today's scores; run: go test ./internal/reading -run Page -update")
	}
}
