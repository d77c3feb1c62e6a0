package catalogue

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/isms"
)

func TestProposingIsDeterministic(t *testing.T) {
	a, b := loaded(t), loaded(t)
	for _, p := range pairs(t, a) {
		if x, y := a.Propose(p.query, nil), b.Propose(p.query, nil); !reflect.DeepEqual(x, y) {
			t.Fatalf("%s: %v, then %v", p.query.Text, x, y)
		}
	}
}

func TestEveryProposalHasReasonsAndAScore(t *testing.T) {
	c := loaded(t)
	all := pairs(t, c)
	rapid.Check(t, func(t *rapid.T) {
		q := all[rapid.IntRange(0, len(all)-1).Draw(t, "sentence")].query
		q.Text += " " + rapid.String().Draw(t, "noise")
		q.Theme = rapid.SampledFrom(append([]string{"", "no theme at all"}, Themes...)).Draw(t, "theme")
		q.Language = rapid.SampledFrom([]isms.Language{isms.English, isms.German, isms.Slovenian, isms.Unknown, ""}).Draw(t, "language")
		got := c.Propose(q, nil)
		seen := map[string]bool{}
		for i, p := range got {
			if _, ok := c.Control(p.Control); !ok || seen[p.Control] {
				t.Fatalf("%s is proposed twice or unknown", p.Control)
			}
			seen[p.Control] = true
			if p.Score < 0 || p.Score > 1 || i > 0 && p.Score > got[i-1].Score {
				t.Fatalf("scores %v do not fall from at most 1", got)
			}
			if len(p.Because) == 0 || p.Because[0].Code == "" {
				t.Fatalf("%s is proposed without a reason", p.Control)
			}
		}
		if len(got) > Most {
			t.Fatalf("%d proposals", len(got))
		}
	})
}

func TestReasonsQuoteTheClause(t *testing.T) {
	got := Propose(Query{Text: "Alle Zugriffsrechte werden halbjährlich rezertifiziert.", Language: isms.German, Theme: "access-identity"}, nil)
	if len(got) == 0 || got[0].Control != "access-recertification" {
		t.Fatalf("got %v", got)
	}
	if r := got[0].Because[0]; r.Code != "proposal.words" || !strings.Contains(r.Params["words"], "rezertifiziert") || r.Params["concept"] != "access-review" {
		t.Errorf("the reason is %v", r)
	}
}

func TestConfirmationsTeach(t *testing.T) {
	c := loaded(t)
	q := Query{Text: "The lighthouse keepers count the lamps each evening.", Language: isms.English, Theme: "operations-change"}
	before := c.Propose(q, nil)
	if len(before) > 0 && before[0].Control == "asset-inventory" {
		t.Fatal("the sentence needs no teaching")
	}
	boosts := c.Learn([]Confirmed{
		{"Keepers count the lamps each morning.", isms.English, "asset-inventory"},
		{"Backups run each night.", isms.English, "backup-runs"},
		{"This names no control of the catalogue.", isms.English, "own-control"},
	})
	after := c.Propose(q, boosts)
	if len(after) == 0 || after[0].Control != "asset-inventory" {
		t.Fatalf("got %v, want asset-inventory first", after)
	}
	if after[0].Because[0].Code != "proposal.confirmed" || after[0].Because[0].Params["clause"] == "" {
		t.Errorf("the reason is %v", after[0].Because)
	}
	if again := c.Propose(q, nil); !reflect.DeepEqual(before, again) {
		t.Error("what one organisation confirmed changed the ranking of others")
	}
	if !reflect.DeepEqual(c.Propose(q, boosts), after) {
		t.Error("the same confirmations gave another order")
	}
}

func TestConfirmationsTeachAcrossLanguages(t *testing.T) {
	c := loaded(t)
	q := Query{Text: "Kennwörter haben zwölf Zeichen.", Language: isms.German}
	boosts := c.Learn([]Confirmed{{"Passwords have twelve characters.", isms.English, "access-authentication"}})
	got := c.Propose(q, boosts)
	for _, p := range got[:min(2, len(got))] {
		if p.Control == "access-authentication" {
			return
		}
	}
	t.Errorf("got %v: the confirmation in English did not help in German", got)
}

func TestALongUnknownTextGivesNoPanicAndNoGuess(t *testing.T) {
	for _, s := range []string{"", " ", "xyzzy plugh", strings.Repeat("zyx ", 20000), "\x00\xff", "ééé"} {
		if got := Propose(Query{Text: s, Language: isms.Unknown}, nil); len(got) != 0 {
			t.Errorf("%.20q: proposed %v", s, got)
		}
	}
}

func FuzzPropose(f *testing.F) {
	f.Add("Backups are encrypted and kept in two places.", "en", "backup-continuity")
	f.Add("Zugriffsrechte werden regelmäßig geprüft.", "de", "")
	f.Add("Dnevnike vsak teden pregleda skrbnik.", "sl", "clock")
	c := loaded(f)
	f.Fuzz(func(t *testing.T, text, language, theme string) {
		for _, p := range c.Propose(Query{Text: text, Language: isms.Language(language), Theme: theme, Headings: []string{theme}, Parts: []string{text}}, nil) {
			if _, ok := c.Control(p.Control); !ok || len(p.Because) == 0 {
				t.Fatalf("%q: %v", text, p)
			}
		}
	})
}

func FuzzControls(f *testing.F) {
	f.Add("== a 1\nthemes: risk\nen: A | B.\nduty: do P1Y° [x] supporting | A | B | C\nrefs: gdpr 5; nis2 21\nparam: p period P1Y\n")
	f.Add("check: a b P1D [ | | |")
	f.Fuzz(func(t *testing.T, text string) {
		controls, err := parseControls(text)
		if err != nil {
			return
		}
		if _, err := (&Catalogue{Controls: controls}).Check(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzConcepts(f *testing.F) {
	f.Add("= a: b 1\nen: x y + !z; *w$\nde: @clock + q\nsl: č")
	f.Fuzz(func(t *testing.T, text string) {
		cs, err := parseConcepts(text, map[string]int{"b": 0})
		if err != nil {
			return
		}
		lex := &lexicon{concepts: cs, byStart: map[isms.Language]map[string][]candidate{}, inside: map[isms.Language][]candidate{}}
		lex.index()
		lex.find(words(text), isms.Unknown, "clock")
	})
}

func BenchmarkPropose(b *testing.B) {
	c := loaded(b)
	ps := pairs(b, c)
	b.ResetTimer()
	for i := range b.N {
		c.Propose(ps[i%len(ps)].query, nil)
	}
}

func BenchmarkProposeAfterAThousandConfirmations(b *testing.B) {
	c := loaded(b)
	ps := pairs(b, c)
	var confirmed []Confirmed
	for len(confirmed) < 1000 {
		for _, p := range ps {
			confirmed = append(confirmed, Confirmed{p.query.Text, p.query.Language, p.controls[0]})
		}
	}
	boosts := c.Learn(confirmed)
	b.ResetTimer()
	for i := range b.N {
		c.Propose(ps[i%len(ps)].query, boosts)
	}
}

func BenchmarkLoad(b *testing.B) {
	for range b.N {
		loaded(b)
	}
}
