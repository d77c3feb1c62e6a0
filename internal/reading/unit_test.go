package reading

import (
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/isms"
)

func lexiconOf(t testing.TB, l isms.Language) *lexicon {
	t.Helper()
	v, err := lexicons()
	if err != nil {
		t.Fatal(err)
	}
	return v.lex[l]
}

func TestSentencesAreSplitWhereTheyEnd(t *testing.T) {
	for _, c := range []struct {
		lang isms.Language
		want []string
	}{
		{"en", []string{"Logs are kept for 1.5 years, e.g. on tape.", "They are read weekly."}},
		{"en", []string{"Acme Inc. keeps records (cf. Art. 30 GDPR).", "See sec. 4.2 for more."}},
		{"en", []string{"We use the domain acme.example (see www.acme.example).", "User names are unique."}},
		{"en", []string{"Is this allowed?", "No!", "Use the portal."}},
		{"de", []string{"Es gilt z. B. die DSGVO (Art. 33 Abs. 1).", "Der 1. Januar ist Stichtag.", "Am 6. Sept. 2025 wird geprüft."}},
		{"de", []string{"Firewalls, Filter usw. sind aktiv.", "Die Prüfung erfolgt lt. Plan zum 3. Quartal."}},
		{"sl", []string{"Družba Gaber d.o.o. hrani zapise npr. eno leto.", "Velja 5. člen pravilnika.", "Dne 1. 9. 2025 se pregleda."}},
		{"sl", []string{"Uporablja se t. i. načelo štirih oči.", "Izjeme odobri vodja."}},
	} {
		text := strings.Join(c.want, " ")
		var got []string
		for _, s := range lexiconOf(t, c.lang).sentences(text) {
			got = append(got, strings.TrimSpace(text[s.start:s.end]))
		}
		if strings.Join(got, "¦") != strings.Join(c.want, "¦") {
			t.Errorf("%s: %s\n got %s", c.lang, strings.Join(c.want, " ¦ "), strings.Join(got, " ¦ "))
		}
	}
}

func TestTimesAreRead(t *testing.T) {
	for _, c := range []struct{ text, cadence, deadline, retention string }{
		{"Backups are tested every three months.", "P3M", "", ""},
		{"Access rights are reviewed at least twice a year.", "P6M", "", ""},
		{"The plan shall be rehearsed at intervals of no more than 18 months.", "P18M", "", ""},
		{"Logs shall be reviewed weekly and retained for 12 months.", "P1W", "", "P1Y"},
		{"Visitor records are stored for a period of two years.", "", "", "P2Y"},
		{"Leavers' accounts are disabled within 24 hours.", "event", "PT24H", ""},
		{"The firewall rules must be reviewed semi-annually.", "P6M", "", ""},
		{"The network is monitored around the clock.", "continuous", "", ""},
		{"Die Rechte werden quartalsweise geprüft.", "P3M", "", ""},
		{"Die Wiederherstellung wird alle sechs Monate geübt.", "P6M", "", ""},
		{"Protokolle werden 90 Tage aufbewahrt.", "", "", "P90D"},
		{"Datenpannen werden binnen 72 Stunden gemeldet.", "event", "PT72H", ""},
		{"Die Server werden einmal pro Woche neu gestartet.", "P1W", "", ""},
		{"Die Systeme werden kontinuierlich überwacht.", "continuous", "", ""},
		{"Pravice se pregledajo dvakrat letno.", "P6M", "", ""},
		{"Kopije se izdelujejo vsakih 12 ur.", "PT12H", "", ""},
		{"Zapise hranimo pet let.", "", "", "P5Y"},
		{"Ob prenehanju zaposlitve se dostop ukine v 24 urah.", "event", "PT24H", ""},
		{"Načrt se preizkusi na vsaki dve leti.", "P2Y", "", ""},
	} {
		r := readBytes(t, "a.txt", []byte(c.text+"\n"))
		if len(r.Clauses) != 1 {
			t.Errorf("%q: %d clauses, omitted %v, language %s", c.text, len(r.Clauses), r.Omitted, r.Language)
			continue
		}
		got := r.Clauses[0]
		if got.Cadence != c.cadence || got.Deadline != c.deadline || got.Retention != c.retention {
			t.Errorf("%q: cadence %q deadline %q retention %q, want %q %q %q", c.text, got.Cadence, got.Deadline, got.Retention, c.cadence, c.deadline, c.retention)
		}
	}
}

// Each line of testdata/periods.txt is a language, a cadence ("", event, continuous
// or a period) and a promise that states it.
func TestCadencesOfEveryKind(t *testing.T) {
	data, err := os.ReadFile("testdata/periods.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		f := strings.SplitN(line, "|", 3)
		r, err := Read(t.Context(), "a.txt", []byte("- "+f[2]+"\n"), Options{Language: isms.Language(f[0])})
		if err != nil || len(r.Clauses) != 1 || r.Clauses[0].Cadence != f[1] {
			t.Errorf("%s: want %s, got %+v, %v", f[2], f[1], r, err)
		}
	}
}

func TestPartsOfCompoundPromises(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
	}{
		{"Information assets shall be identified, classified and protected according to their value.", "be identified|classified|protected according to their value"},
		{"Die Sicherungen sind verschlüsselt, werden täglich erstellt und an zwei Orten gespeichert.", "verschlüsselt|werden täglich erstellt|an zwei Orten gespeichert"},
		{"All employees must lock their screen.", ""},
	} {
		r := readBytes(t, "a.txt", []byte(c.text+"\n"))
		if got := strings.Join(r.Clauses[0].Parts, "|"); got != c.want {
			t.Errorf("%q: parts %q, want %q", c.text, got, c.want)
		}
	}
}

func TestOtherLanguagesAreNotGuessed(t *testing.T) {
	for _, text := range []string{
		"Tous les employés doivent protéger les données de la société et ne pas les divulguer à des tiers sans autorisation.",
		"Alle medewerkers moeten de gegevens van het bedrijf beschermen en mogen die niet aan derden verstrekken.",
		"Svi zaposlenici moraju štititi podatke tvrtke koji su im povjereni i ne smiju ih otkriti trećim osobama.",
		"Tutti i dipendenti devono proteggere i dati della società e non possono comunicarli a terzi senza autorizzazione.",
		"Wszyscy pracownicy muszą chronić dane firmy oraz nie mogą ich ujawniać osobom trzecim.",
	} {
		r := readBytes(t, "a.txt", []byte(text))
		if r.Language != isms.Unknown || len(r.Clauses) != 0 || len(r.Warnings) == 0 || len(r.Omitted) == 0 {
			t.Errorf("%q was read as %s with %d clauses", text, r.Language, len(r.Clauses))
		}
	}
}

func TestVersionAndTitle(t *testing.T) {
	r := readBytes(t, "a.md", []byte("# Access Policy\n\nVersion 2.4, last updated: 3 March 2026\n\n## Rules\n\nUsers must lock their screens.\n"))
	if r.Title != "Access Policy" || r.Version.Label != "2.4" || r.Version.Date != "2026-03-03" {
		t.Errorf("%q %+v", r.Title, r.Version)
	}
	if len(r.Clauses) != 1 || strings.Join(r.Clauses[0].Path, "/") != "Access Policy/Rules" {
		t.Errorf("%+v", r.Clauses)
	}
}

func TestDigestIsThatOfTheWords(t *testing.T) {
	if TextDigest("Zugänge  werden\ngeprüft.") != TextDigest("Zuga\u0308nge werden gepru\u0308ft.") {
		t.Error("blanks or composition change the digest")
	}
	if TextDigest("a") == TextDigest("b") {
		t.Error("other words, same digest")
	}
}

// Whatever the words: lines lie in the text, clauses hold words of it, numbers
// run from 1, and reading twice gives the same.
func TestReadingsAreWellFormed(t *testing.T) {
	words := []string{"must", "users", "Backups", "are", "the", "of", "and", "daily.", "• ", "1.", "§ 4", "\n", "\n\n", "|", ":", "alle", "Die", "werden", "geprüft.", "se", "in", "mora", "#", "**x**", "every 3 months", "(a)", "---", "\t"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 60).Draw(t, "words"), " ")
		r, err := Read(t.Context(), "a.txt", []byte(text), Options{Language: "en"})
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, text, r)
	})
}

type failer interface{ Fatalf(string, ...any) }

func wellFormed(t failer, text string, r *Reading) {
	lines := strings.Count(text, "\n") + 1 + strings.Count(text, "\r") + strings.Count(text, "\f") + strings.Count(text, "\v") + strings.Count(text, "\u2028")
	known := map[string]bool{"": true}
	for _, n := range Themes {
		known[n] = true
	}
	for i, c := range r.Clauses {
		if c.N != i+1 || c.Line < 1 || c.Line > lines || strings.TrimSpace(c.Text) == "" || !known[c.Theme] {
			t.Fatalf("clause %d of %q is %+v", i, text, c)
		}
		if c.Cadence != "" && c.Cadence != "event" && c.Cadence != "continuous" {
			if _, err := isms.ParsePeriod(c.Cadence); err != nil {
				t.Fatalf("%q: cadence %q", c.Text, c.Cadence)
			}
		}
		for _, p := range c.Parts {
			if !strings.Contains(c.Text, p) {
				t.Fatalf("%q has the part %q", c.Text, p)
			}
		}
	}
}
