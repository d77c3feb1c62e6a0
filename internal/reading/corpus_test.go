package reading

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// corpus lists our own labelled policies: labels and text.
func corpus(t testing.TB, dir string) [][2]string {
	t.Helper()
	labels, err := filepath.Glob(filepath.Join("testdata", dir, "*.csv"))
	if err != nil || len(labels) == 0 {
		t.Fatalf("no labels in testdata/%s: %v", dir, err)
	}
	var out [][2]string
	for _, l := range labels {
		for _, ext := range []string{".txt", ".md"} {
			if text := strings.TrimSuffix(l, ".csv") + ext; exists(text) {
				out = append(out, [2]string{l, text})
			}
		}
	}
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestOwnPolicies(t *testing.T) {
	var all tally
	clauses, perLanguage := 0, map[string]int{}
	for _, p := range corpus(t, "corpus") {
		labels := readLabels(t, p[0])
		r := readFile(t, p[1])
		one, _ := score(labels, r.Clauses, false)
		name := filepath.Base(p[1])
		t.Logf("%-20s %s", name, one)
		if string(r.Language) != name[:2] {
			t.Errorf("%s was read as %s", name, r.Language)
		}
		holds(t, name, one.figures(), [5]float64{0.97, 0.94, 0.85, 0.86, 0.85})
		all.add(one)
		clauses += len(labels)
		perLanguage[name[:2]]++
	}
	t.Logf("%-20s %s", "all", all)
	holds(t, "own policies", all.figures(), [5]float64{0.99, 0.98, 0.94, 0.94, 0.98})
	if clauses < 400 || perLanguage["en"] < 4 || perLanguage["de"] < 4 || perLanguage["sl"] < 4 {
		t.Errorf("the corpus has %d clauses in %v documents; it needs 400 and four of each language", clauses, perLanguage)
	}
}

// hundredPages is our own English policies over and over, 30,000 words long.
func hundredPages(t testing.TB) []byte {
	var b strings.Builder
	for words := 0; words < 30_000; {
		for _, p := range corpus(t, "corpus") {
			if !strings.HasPrefix(filepath.Base(p[1]), "en-") {
				continue
			}
			data, err := os.ReadFile(p[1])
			if err != nil {
				t.Fatal(err)
			}
			b.Write(data)
			b.WriteString("\n\n")
			words += len(strings.Fields(string(data)))
		}
	}
	return []byte(b.String())
}

func TestHundredPagesTakeLessThanASecond(t *testing.T) {
	data := hundredPages(t)
	if _, err := Read(t.Context(), "warm.txt", []byte("Users must lock their screens."), Options{}); err != nil {
		t.Fatal(err)
	}
	best := time.Hour
	for range 3 {
		began := time.Now()
		if _, err := Read(t.Context(), "a.txt", data, Options{}); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
	}
	t.Logf("100 pages (%d bytes) in %v", len(data), best)
	if best > time.Second {
		t.Errorf("100 pages took %v, more than a second", best)
	}
}
