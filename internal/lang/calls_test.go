package lang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"holdfast/internal/isms"
)

// call is one place in the code that names a message.
type call struct {
	where  string
	key    string
	params []string // the placeholder names given there
	open   bool     // the names are not all written out, so they cannot be checked
}

// TestEveryMessageThatTheCodeNamesExists reads the whole product: the keys that
// pages ask for, and the codes of errors and reasons that the rooms make.
func TestEveryMessageThatTheCodeNamesExists(t *testing.T) {
	calls := callsIn(t, "..", "../../cmd")
	if len(calls) == 0 {
		t.Fatal("no call was found: the test looks at the wrong place")
	}
	for _, c := range calls {
		m, ok := table()[c.key]
		if !ok {
			t.Errorf("%s: no message %q", c.where, c.key)
			continue
		}
		if c.open {
			continue
		}
		for _, name := range m.in[isms.English].placeholders() {
			if !slices.Contains(c.params, name) {
				t.Errorf("%s: %q needs {%s}", c.where, c.key, name)
			}
		}
		if m.in[isms.Slovenian].plural != nil && !slices.Contains(c.params, "n") {
			t.Errorf("%s: %q counts, but no n is given", c.where, c.key)
		}
	}
}

func callsIn(t *testing.T, roots ...string) []call {
	t.Helper()
	var calls []call
	fset := token.NewFileSet()
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if ce, ok := n.(*ast.CallExpr); ok {
					if c, ok := readCall(ce); ok {
						c.where = fset.Position(ce.Pos()).String()
						calls = append(calls, c)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return calls
}

// readCall understands x.T("key", …), isms.Errorf(kind, "code", …) and isms.Because("code", …).
func readCall(ce *ast.CallExpr) (call, bool) {
	sel, ok := ce.Fun.(*ast.SelectorExpr)
	if !ok {
		return call{}, false
	}
	first, prefix := -1, ""
	pkg, _ := sel.X.(*ast.Ident)
	switch {
	case sel.Sel.Name == "T":
		first = 0
	case pkg != nil && pkg.Name == "isms" && sel.Sel.Name == "Errorf":
		first, prefix = 1, "error."
	case pkg != nil && pkg.Name == "isms" && sel.Sel.Name == "Because":
		first, prefix = 0, "reason."
	}
	if first < 0 || len(ce.Args) <= first {
		return call{}, false
	}
	code, ok := literal(ce.Args[first])
	if !ok || code == "" {
		return call{}, false
	}
	c := call{key: prefix + code, open: ce.Ellipsis.IsValid()}
	for i := first + 1; i < len(ce.Args); i += 2 {
		name, ok := literal(ce.Args[i])
		if !ok {
			c.open = true
		}
		c.params = append(c.params, name)
	}
	return c, true
}

func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(b.Value)
	return s, err == nil
}
