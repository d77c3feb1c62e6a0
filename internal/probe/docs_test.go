package probe

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The page names every check, and every parameter that the code reads.
func TestTheDocumentsKnowEveryCheck(t *testing.T) {
	page, err := os.ReadFile("../../docs/probes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys() {
		if !strings.Contains(string(page), "| `"+k+"` |") {
			t.Errorf("docs/probes.md says nothing of %s", k)
		}
	}
	read := regexp.MustCompile(`(?:params|p)\["([a-z_]+)"\]|(?:whole|decimal)\(p, "([a-z_]+)"|words\((?:p|params), "([a-z_]+)"`)
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		code, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range read.FindAllStringSubmatch(string(code), -1) {
			name := m[1] + m[2] + m[3]
			found++
			if !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("docs/probes.md says nothing of the parameter %s, which %s reads", name, f.Name())
			}
		}
	}
	if found < 20 {
		t.Fatalf("only %d parameters were found: the test looks at the wrong place", found)
	}
}
