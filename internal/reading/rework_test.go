package reading

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// renames give the published policies other names, so that no rule may rest on one.
var renames = strings.NewReplacer(
	"Iskraemeco", "Talvera", "iskraemeco", "talvera", "KOPUR", "DERMOT", "kopur", "dermot", "Kopexa", "Nordwinkel", "kopexa", "nordwinkel",
	"MyProduction", "OurWorkshop", "Signicat", "Verilane", "signicat", "verilane", "Kranj", "Linz", "Savska Loka", "Uferweg", "Microsoft Azure", "Contoso Cloud", "Microsoft", "Contoso", "Arnes", "Metnet",
)

// section is a heading with the blocks under it.
type section struct{ blocks []*block }

// sectionsOf cuts a document before each heading; the beginning stays first.
func sectionsOf(blocks []*block) (head section, rest []section) {
	for _, b := range blocks {
		if b.kind == blockHeading {
			rest = append(rest, section{})
		}
		if len(rest) == 0 {
			head.blocks = append(head.blocks, b)
			continue
		}
		rest[len(rest)-1].blocks = append(rest[len(rest)-1].blocks, b)
	}
	return head, rest
}

// reordered swaps neighbouring sections in the middle of a document that both
// hold sentences; beginning and end keep their places.
func reordered(blocks []*block) []*block {
	head, rest := sectionsOf(blocks)
	for i := len(rest) / 4; i+1 < len(rest)*3/4; i += 2 {
		if len(rest[i].blocks) > 1 && len(rest[i+1].blocks) > 1 && rest[i].blocks[0].level == rest[i+1].blocks[0].level {
			rest[i], rest[i+1] = rest[i+1], rest[i]
		}
	}
	out := head.blocks
	for _, s := range rest {
		out = append(out, s.blocks...)
	}
	return out
}

// wrapped writes blocks as text broken at 72 characters with blank lines between.
func wrappedText(blocks []*block) string {
	var b strings.Builder
	for i, x := range blocks {
		indent, lead := "", shown(x)
		if x.kind == blockItem && x.number == "" {
			indent = strings.Repeat("  ", max(x.level, 0)+1)
			lead = indent + "- "
			indent += "  "
		}
		listGoesOn := i > 0 && x.kind == blockItem && blocks[i-1].kind == blockItem && x.style == blocks[i-1].style
		if i > 0 && !listGoesOn {
			b.WriteString("\n")
		}
		line := lead
		for _, w := range strings.Fields(x.text) {
			if len([]rune(line))+1+len([]rune(w)) > 72 && strings.TrimSpace(line) != "" {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line = indent
			}
			if strings.TrimSpace(line) != "" && !strings.HasSuffix(line, " ") {
				line += " "
			}
			line += w
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

var spaces = regexp.MustCompile(`\s+`)

// TestReworkedPoliciesScoreAlike replaces the names in the published policies,
// reorders their sections and writes them hard-wrapped and as Word files. No
// figure may lose more than 0.02.
func TestReworkedPoliciesScoreAlike(t *testing.T) {
	shared := sharedDir(t)
	totals := map[string]*tally{"as published": {}, "renamed": {}, "reordered, wrapped": {}, "reordered, Word": {}}
	for _, s := range seeds {
		labels := readLabels(t, filepath.Join(shared, "seeds-gold", s[0]))
		path := filepath.Join(shared, "seeds", s[1])
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range labels {
			labels[i].text = spaces.ReplaceAllString(renames.Replace(labels[i].text), " ")
		}
		renamed := filepath.Join(t.TempDir(), s[1])
		if err := os.WriteFile(renamed, []byte(renames.Replace(string(data))), 0o600); err != nil {
			t.Fatal(err)
		}
		blocks := reordered(sourceBlocks(t, renamed))
		for what, r := range map[string]*Reading{
			"as published":       nil,
			"renamed":            readFile(t, renamed),
			"reordered, wrapped": readBytes(t, "a.txt", []byte(wrappedText(blocks))),
			"reordered, Word":    readBytes(t, "a.docx", asWord(t, blocks)),
		} {
			want := labels
			if r == nil {
				r, want = readFile(t, path), readLabels(t, filepath.Join(shared, "seeds-gold", s[0]))
			}
			one, _ := score(want, r.Clauses, true)
			totals[what].add(one)
			t.Logf("%-20s %-22s %s", what, s[1], one)
		}
	}
	base := totals["as published"].figures()
	for _, what := range []string{"as published", "renamed", "reordered, wrapped", "reordered, Word"} {
		t.Logf("%-20s %s", what, totals[what])
		floor := base
		for i := range floor {
			floor[i] -= 0.02
		}
		holds(t, what, totals[what].figures(), floor)
	}
}
