package housetest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Each direct module has its reason, and no reason stands for a module that is gone.
func TestEveryDependencyHasItsReason(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(?:require )?\t?([a-z][\w.-]+\.[a-z]+/\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		direct[m[1]] = true
	}
	if len(direct) < 10 {
		t.Fatalf("only %d direct modules seen", len(direct))
	}
	for m := range direct {
		if !strings.Contains(string(doc), "`"+m+"`") {
			t.Errorf("%s has no reason in docs/dependencies.md", m)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z][\\w.-]+\\.[a-z]+/[^`]+)`").FindAllStringSubmatch(string(doc), -1) {
		if !direct[m[1]] {
			t.Errorf("docs/dependencies.md gives a reason for %s, which is no direct module", m[1])
		}
	}
}
