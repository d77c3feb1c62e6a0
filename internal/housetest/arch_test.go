package housetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors says on which floor each package stands (docs/architecture.md). A package imports
// lower floors only, and its neighbours as named in sideways.
var floors = map[string]int{
	"isms": 0, "verdict": 0, "probe": 0, "wire": 0, "reading": 0, "catalogue": 0, "lang": 0,
	"store": 1, "ledger": 1, "register": 1, "instance": 1, "people": 1, "schedule": 1,
	"policy": 2, "control": 2, "evidence": 2, "duty": 2, "bundle": 2, "keep": 2,
	"notice": 3, "organisation": 3,
	"web": 4, "api": 4, "agent": 4,
	"housetest": 5,
}

// sideways are the arrows between packages of one floor. Adding one is a reviewed change.
var sideways = map[string][]string{
	"verdict": {"isms"}, "probe": {"isms", "wire", "verdict"}, "wire": {"isms"}, "reading": {"isms"}, "catalogue": {"isms"}, "lang": {"isms"},
	"ledger": {"store"}, "register": {"store", "ledger"}, "instance": {"store", "ledger", "register"},
	"people": {"store", "ledger", "register", "instance"}, "schedule": {"store", "ledger"},
	"control": {"policy", "evidence"}, "duty": {"control", "evidence"}, "bundle": {"policy", "control", "evidence"},
}

// only names packages of others that one floor or room alone may use.
var only = map[string][]string{
	"database/sql":                     {"store", "ledger", "register", "instance", "people", "policy", "control", "evidence", "duty", "keep", "bundle", "schedule", "housetest"},
	"github.com/jackc/pgx/v5":          {"store", "housetest"},
	"github.com/ncruces/go-sqlite3":    {"store"},
	"github.com/danielgtaylor/huma/v2": {"api"},
	"github.com/a-h/templ":             {"web"},
	"net/http":                         {"wire", "web", "api", "agent", "notice", "probe", "people", "ledger"},
	"github.com/go-webauthn/webauthn":  {"people"},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "holdfast/internal/...").Output()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	var ps []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return ps
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
}

func room(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, "holdfast/internal/")
	name, _, _ := strings.Cut(rest, "/")
	return name, ok
}

func TestImportsGoDownwardsOnly(t *testing.T) {
	ps := packages(t)
	if len(ps) < 5 {
		t.Fatalf("only %d packages seen", len(ps))
	}
	for _, p := range ps {
		from, _ := room(p.ImportPath)
		floor, known := floors[from]
		if !known {
			t.Errorf("%s stands on no floor: enter it in floors", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			to, ours := room(imp)
			switch {
			case !ours:
				for lib, rooms := range only {
					if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.Contains(rooms, from) {
						t.Errorf("%s imports %s, which is for %v", from, imp, rooms)
					}
				}
			case to == from, floors[to] < floor, slices.Contains(sideways[from], to):
			default:
				t.Errorf("%s (floor %d) imports %s (floor %d)", from, floor, to, floors[to])
			}
		}
	}
}

// Long files are hard to read: 400 lines, 800 for tests, unless the first line says why.
func TestFilesStayReadable(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_templ.go") {
			return err
		}
		seen++
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		lines, first := 0, ""
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			if lines++; lines == 1 {
				first = s.Text()
			}
		}
		limit := 400
		if strings.HasSuffix(path, "_test.go") {
			limit = 800
		}
		if lines > limit && !strings.HasPrefix(first, "// long: ") {
			t.Errorf("%s has %d lines (limit %d): split it, or say why in a first line \"// long: ...\"", path, lines, limit)
		}
		return s.Err()
	})
	if err != nil || seen < 20 {
		t.Fatal(seen, err)
	}
}

// The product speaks of the product alone.
func TestNothingOfTheWorkshopIsLeft(t *testing.T) {
	words := []string{"TO" + "DO", "FIX" + "ME", "/wo" + "rk/"}
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && d.Name() == ".git" {
				return filepath.SkipDir
			}
			return err
		}
		switch filepath.Ext(path) {
		case ".go", ".templ", ".md", ".sql", ".css":
		default:
			return nil
		}
		b, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				t.Errorf("%s contains %q", path, w)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
