package lang

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"holdfast/internal/isms"
)

const at = isms.Instant(1_757_160_309_000_000) // 2025-09-06T12:05:09Z

func TestEveryMessageStandsInEveryLanguage(t *testing.T) {
	all, twice, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range twice {
		t.Errorf("%s stands in two files", key)
	}
	if len(all) < 40 {
		t.Fatalf("only %d messages were read", len(all))
	}
	for key, m := range all {
		want := m.in[isms.English].placeholders()
		for l := range m.in {
			if !Supported(l) {
				t.Errorf("%s: %q is no language of the interface", key, l)
			}
		}
		for _, l := range Languages {
			w, ok := m.in[l]
			if !ok {
				t.Errorf("%s: missing in %s", key, l)
				continue
			}
			checkForms(t, key, l, w)
			got := w.placeholders()
			if w.plural != nil || m.in[isms.English].plural != nil {
				got, want = withN(got), withN(want) // "1 minute ago" may leave its n out
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s in %s: placeholders %v, in English %v", key, l, got, want)
			}
		}
	}
}

func checkForms(t *testing.T, key string, l isms.Language, w words) {
	t.Helper()
	if w.plural == nil {
		if len(w.plain) == 0 {
			t.Errorf("%s in %s: empty", key, l)
		}
		return
	}
	for _, f := range Forms(l) {
		if len(w.plural[f]) == 0 {
			t.Errorf("%s in %s: form %q missing", key, l, f)
		}
	}
	if len(w.plural) != len(Forms(l)) {
		t.Errorf("%s in %s: has forms that the language does not know", key, l)
	}
}

func withN(names []string) []string {
	if slices.Contains(names, "n") {
		return names
	}
	names = append(slices.Clone(names), "n")
	slices.Sort(names)
	return names
}

func TestPluralFormsAreThoseOfCLDR(t *testing.T) {
	names := map[plural.Form]Form{plural.One: One, plural.Two: Two, plural.Few: Few, plural.Other: Other}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1_000_000).Draw(t, "n")
		for _, l := range Languages {
			want := names[plural.Cardinal.MatchPlural(language.Make(string(l)), n, 0, 0, 0, 0)]
			if got := FormOf(l, n); got != want {
				t.Fatalf("%s %d: %s, CLDR says %s", l, n, got, want)
			}
		}
	})
}

func TestDatesAndTimes(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Ljubljana")
	if err != nil {
		t.Fatal(err)
	}
	en, de, sl := In(isms.English, zone), In(isms.German, zone), In(isms.Slovenian, zone)
	cases := []struct{ got, want string }{
		{en.Date("2025-09-06"), "6 September 2025"},
		{de.Date("2025-09-06"), "6. September 2025"},
		{sl.Date("2025-09-06"), "6. september 2025"},
		{de.ShortDate("2025-03-01"), "1. März 2025"},
		{sl.ShortDate("2025-08-27"), "27. avg. 2025"},
		{en.Date("nonsense"), ""},
		{en.Weekday("2026-11-26"), "Thu 26 Nov"},
		{de.Weekday("2026-11-26"), "Do 26. Nov."},
		{sl.Weekday("2026-11-26"), "čet. 26. nov."},
		{sl.FullDay("2026-11-24"), "torek, 24. november"},
		{en.Moment(at), "6 Sep 2025, 14:05"},
		{en.Moment(0), "–"},
		{de.Exact(at), "6. September 2025, 14:05:09 UTC+02:00"},
		{In(isms.English, nil).Exact(at), "6 September 2025, 12:05:09 UTC"},
		{Machine(at), "2025-09-06T12:05:09Z"},
		{en.Since(at, at.Add(time.Hour)), "14:05"},
		{en.Since(at, at.Add(3*24*time.Hour)), "Sat 6 Sep, 14:05"},
		{en.Since(at, at.Add(30*24*time.Hour)), "6 Sep"},
		{en.Since(at, at.Add(300*24*time.Hour)), "6 Sep 2025"},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestSpans(t *testing.T) {
	en, de, sl := In(isms.English, nil), In(isms.German, nil), In(isms.Slovenian, nil)
	day := 24 * time.Hour
	period := func(s string) isms.Period { return isms.Must(isms.ParsePeriod(s)) }
	cases := []struct{ got, want string }{
		{en.Ago(at, at.Add(20*time.Second)), "just now"},
		{en.Ago(at, at.Add(2*time.Minute)), "2 minutes ago"},
		{de.Ago(at, at.Add(3*day)), "vor 3 Tagen"},
		{sl.Ago(at, at.Add(time.Minute)), "pred 1 minuto"},
		{sl.Ago(at, at.Add(2*time.Minute)), "pred 2 minutama"},
		{sl.Ago(at, at.Add(3*day)), "pred 3 dnevi"},
		{sl.Ago(at.Add(2*day), at), "čez 2 dneva"},
		{sl.Ago(at.Add(5*time.Hour), at), "čez 5 ur"},
		{en.Ago(at, at.Add(800*day)), "2 years ago"},
		{en.Duration(3*day + 16*time.Hour), "3\u00a0d\u00a016\u00a0h"},
		{de.Duration(1500 * time.Millisecond), "1,5\u00a0s"},
		{en.Duration(-26 * time.Minute), "−26\u00a0min"},
		{en.Period(period("P1DT12H")), "1 day 12 hours"},
		{sl.Period(period("P3M")), "3 meseci"},
		{sl.Every(period("P3M")), "vsako četrtletje"},
		{sl.Every(period("P2W")), "na 2 tedna"},
		{de.Every(period("P2W")), "alle 2 Wochen"},
		{en.Every(period("P2Y")), "every 2 years"},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	en, de := In(isms.English, nil), In(isms.German, nil)
	cases := []struct{ got, want string }{
		{en.Number(0), "0"}, {en.Number(1000), "1000"}, {en.Number(41212), "41,212"}, {de.Number(1234567), "1.234.567"}, {en.Number(-12345), "−12,345"},
		{en.Percent(0.896), "89.6\u00a0%"}, {de.Percent(0.896), "89,6\u00a0%"}, {en.Percent(1), "100\u00a0%"}, {en.Percent(0), "0\u00a0%"},
		{en.Percent(0.99999), "99.9\u00a0%"}, {en.Percent(0.00001), "0.1\u00a0%"},
		{en.Bytes(512), "512\u00a0B"}, {en.Bytes(14_321), "14\u00a0kB"}, {de.Bytes(2_140_000), "2,1\u00a0MB"},
		{en.numberIn(2, "Words"), "Two"}, {de.numberIn(1, "words"), "eine"}, {In("sl", nil).numberIn(4, "Words"), "Štiri"}, {en.numberIn(13, "words"), "13"},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestSortingFollowsTheLanguage(t *testing.T) {
	names := []string{"Zupan", "Čeh", "Cvetko", "Dolenc", "Žagar", "Šuštar", "Sever", "2", "10"}
	In(isms.Slovenian, nil).Collator().SortStrings(names)
	want := []string{"2", "10", "Cvetko", "Čeh", "Dolenc", "Sever", "Šuštar", "Zupan", "Žagar"}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestNegotiation(t *testing.T) {
	cases := []struct {
		header string
		wishes []isms.Language
		want   isms.Language
	}{
		{"", nil, isms.English},
		{"de-AT,de;q=0.9,en;q=0.8", nil, isms.German},
		{"sl", nil, isms.Slovenian},
		{"fr-FR", nil, isms.English},
		{"fr, sl;q=0.5", nil, isms.Slovenian},
		{"de", []isms.Language{"sl"}, isms.Slovenian},
		{"de", []isms.Language{"", "xx"}, isms.German},
		{";;;", nil, isms.English},
	}
	for _, c := range cases {
		if got := Negotiate(c.header, c.wishes...); got != c.want {
			t.Errorf("%q %v: got %s, want %s", c.header, c.wishes, got, c.want)
		}
	}
}

func TestErrorsNeverShowTheirCause(t *testing.T) {
	p := In(isms.English, nil)
	err := isms.Errorf(isms.Conflict, "no.such_code").Because(errors.New("secret path"))
	if got := p.Error(err); got != p.T("error.kind.conflict") {
		t.Errorf("got %q", got)
	}
	if got := p.Error(errors.New("secret path")); got != p.T("error.kind.internal") {
		t.Errorf("got %q", got)
	}
	if got := p.Reason(isms.Because("no.such", "b", "2", "a", "1")); got != "no.such a=1 b=2" {
		t.Errorf("got %q", got)
	}
	stored := isms.Because("verdict.stale", "since", at.String(), "window", "PT45M")
	if got := In(isms.Slovenian, nil).Reason(stored); strings.Contains(got, "PT45M") || strings.Contains(got, "Z") || !strings.Contains(got, "45 minut") {
		t.Errorf("got %q", got)
	}
	if got := p.T("no.such"); got != "⟦no.such⟧" {
		t.Errorf("got %q", got)
	}
	if got := p.List("a", "b", "c"); got != "a, b and c" {
		t.Errorf("got %q", got)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("{n} clauses of {all}")
	f.Add("{n:Words} fails, {")
	f.Add("}{")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := compile(s)
		if err != nil {
			return
		}
		var back string
		for _, p := range c {
			if p.name == "" {
				back += p.literal
				continue
			}
			back += "{" + p.name
			if p.style != "" {
				back += ":" + p.style
			}
			back += "}"
		}
		if back != s && back+":" != s && len(back) > len(s) {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}
