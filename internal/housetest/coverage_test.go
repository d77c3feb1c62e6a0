package housetest

import (
	"encoding/csv"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var writeDocs = flag.Bool("update", false, "write docs/coverage.md anew from docs/coverage.csv")

// promise is one line of docs/coverage.csv.
type promise struct {
	id, words, state, by string
	tests                []string
}

// sources are the five published policies whose promises are counted, with how many each makes.
var sources = []struct {
	prefix string
	name   string
	count  int
	digits int
}{
	{"K", "public summary of a services company", 105, 2}, {"I", "cloud security policy of a metering company", 120, 2},
	{"M", "policy of a hosting company", 47, 2}, {"X", "statement of a software company (German)", 72, 2}, {"S", "requirements on a supplier", 53, 2},
}

func readCoverage(t *testing.T) []promise {
	t.Helper()
	f, err := os.Open("../../docs/coverage.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []promise
	for _, r := range rows[1:] {
		out = append(out, promise{id: r[0], words: r[1], state: r[2], by: r[3], tests: strings.Fields(r[4])})
	}
	return out
}

// Every promise stands in the list once; what is served names what serves it and tests that exist.
func TestCoverageIsWholeAndItsTestsExist(t *testing.T) {
	promises, tests := readCoverage(t), testsInTheTree(t)
	seen := map[string]bool{}
	for _, p := range promises {
		if seen[p.id] {
			t.Errorf("%s stands twice", p.id)
		}
		seen[p.id] = true
		switch p.state {
		case "served", "partly":
			if p.by == "" || len(p.tests) == 0 {
				t.Errorf("%s is %s, but by what and shown by which test?", p.id, p.state)
			}
		case "not yet":
			if p.by != "" || len(p.tests) > 0 {
				t.Errorf("%s is not yet served, but names what serves it", p.id)
			}
		default:
			t.Errorf("%s: state %q", p.id, p.state)
		}
		for _, name := range p.tests {
			if !tests[name] {
				t.Errorf("%s names the test %s, which does not exist", p.id, name)
			}
		}
	}
	for _, s := range sources {
		for n := 1; n <= s.count; n++ {
			if id := fmt.Sprintf("%s%0*d", s.prefix, s.digits, n); !seen[id] {
				t.Errorf("%s is missing", id)
			}
		}
	}
	if len(promises) != 397 {
		t.Errorf("%d promises instead of 397", len(promises))
	}
}

// testsInTheTree are the names package.TestName of all tests, by parsing them.
func testsInTheTree(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		room := filepath.Base(filepath.Dir(path))
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				out[room+"."+f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil || len(out) < 50 {
		t.Fatal(len(out), err)
	}
	return out
}

// docs/coverage.md is made of docs/coverage.csv; go test ./internal/housetest -update writes it anew.
func TestCoverageIsWrittenOut(t *testing.T) {
	want := coverageDocument(readCoverage(t))
	const file = "../../docs/coverage.md"
	if *writeDocs {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("docs/coverage.md is not what docs/coverage.csv says: run go test ./internal/housetest -run Coverage -update")
	}
}

func coverageDocument(promises []promise) string {
	var b strings.Builder
	b.WriteString("# What is served of 397 promises\n\n" +
		"Five published security policies make these promises. Holdfast is built so that a company that makes them can show,\n" +
		"sentence by sentence, whether they hold. **served**: the product does all of it. **partly**: the named part. Everything\n" +
		"else is **not yet** there. Each line names the tests that show it. Any of the sentences can be imported, bound and judged\n" +
		"by hand-made controls; that alone is not counted here.\n\n" +
		"This page is made of `docs/coverage.csv`; a test keeps both alike and every named test in existence.\n\n")
	count := func(prefix, state string) (n int) {
		for _, p := range promises {
			if strings.HasPrefix(p.id, prefix) && p.state == state {
				n++
			}
		}
		return n
	}
	b.WriteString("| | served | partly | not yet | of |\n|---|---|---|---|---|\n")
	for _, s := range sources {
		fmt.Fprintf(&b, "| %s: %s | %d | %d | %d | %d |\n", s.prefix, s.name, count(s.prefix, "served"), count(s.prefix, "partly"), count(s.prefix, "not yet"), s.count)
	}
	fmt.Fprintf(&b, "| all | %d | %d | %d | %d |\n", count("", "served"), count("", "partly"), count("", "not yet"), len(promises))
	for _, s := range sources {
		fmt.Fprintf(&b, "\n## %s: %s\n\n| | promise | state | what serves it | shown by |\n|---|---|---|---|---|\n", s.prefix, s.name)
		for _, p := range promises {
			if strings.HasPrefix(p.id, s.prefix) {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", p.id, cell(p.words), p.state, cell(p.by), strings.Join(p.tests, "<br>"))
			}
		}
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
