package reading

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/isms"
)

// TestSentencesAloneHaveTheirTheme reads single sentences, without any heading, of
// all themes in three languages: lines of a theme and its sentences, each with
// its cadence behind an @ if that is stated too.
func TestSentencesAloneHaveTheirTheme(t *testing.T) {
	for _, l := range []isms.Language{isms.English, isms.German, isms.Slovenian} {
		data, err := os.ReadFile(filepath.Join("testdata", "themes", string(l)+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		right, binding, all, timed, inTime := 0, 0, 0, 0, 0
		for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
			theme, rest, _ := strings.Cut(line, "|")
			for _, s := range strings.Split(rest, "|") {
				text, cadence, stated := strings.Cut(s, "@")
				r, err := Read(t.Context(), "a.txt", []byte(text), Options{Language: l})
				if err != nil || len(r.Clauses) != 1 {
					t.Errorf("%s: %q: %d clauses, %v", l, text, len(r.Clauses), err)
					continue
				}
				c := r.Clauses[0]
				all++
				binding += count(c.Normative)
				right += count(c.Theme == theme)
				if c.Theme != theme {
					t.Logf("%s: %s was read as %s: %q", l, theme, c.Theme, text)
				}
				if stated {
					timed++
					inTime += count(c.Cadence == cadence)
					if c.Cadence != cadence {
						t.Logf("%s: cadence %q was read as %q: %q", l, cadence, c.Cadence, text)
					}
				}
			}
		}
		t.Logf("%s: theme %.3f, binding %.3f of %d; cadence %.3f of %d", l, ratio(right, all), ratio(binding, all), all, ratio(inTime, timed), timed)
		if ratio(right, all) < 0.95 || ratio(binding, all) < 0.95 || timed > 0 && ratio(inTime, timed) < 0.93 {
			t.Errorf("%s: below its floors of 0.95, 0.95 and 0.93", l)
		}
	}
}
