package policy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/store"
)

func TestMain(m *testing.M) { housetest.Main(m) }

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t testing.TB, err error, code string) {
	t.Helper()
	if isms.CodeOf(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func same[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// house is an organisation with its policy room.
type house struct {
	*policy.Room
	t     *testing.T
	clock *housetest.Clock
}

func build(t *testing.T, cfg store.Config) *house {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{Config: cfg, Organisation: []store.Schema{policy.Schema}})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Karst Metering", Zone: "Europe/Ljubljana"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	zone, err := time.LoadLocation(o.Zone)
	must(t, err)
	return &house{&policy.Room{Log: log, Zone: zone}, t, cfg.Clock.(*housetest.Clock)}
}

func (h *house) ana() isms.Actor {
	return isms.Actor{Account: "acc_ana", Means: isms.BySession, Roles: []isms.Role{isms.SecurityOfficer, isms.Management}, Place: h.Log.DB.Name, SteppedUp: h.clock.Now()}
}

func (h *house) boris() isms.Actor {
	return isms.Actor{Account: "acc_boris", Means: isms.BySession, Roles: []isms.Role{isms.Management}, Place: h.Log.DB.Name, SteppedUp: h.clock.Now()}
}

func (h *house) read(fn func(tx *store.Tx) error) { h.t.Helper(); must(h.t, h.Log.Read(ctx, fn)) }

// words lists the clause texts of a text.
func (h *house) words(text isms.ID) (out []policy.ClauseText) {
	h.t.Helper()
	h.read(func(tx *store.Tx) error {
		cursor := ""
		for {
			cs, next, err := policy.ClausesOf(ctx, tx, text, policy.Filter{}, cursor, 2)
			out = append(out, cs...)
			if cursor = next; err != nil || next == "" {
				return err
			}
		}
	})
	return out
}

func (h *house) version(id isms.ID) (v policy.Version) {
	h.t.Helper()
	h.read(func(tx *store.Tx) (err error) { v, err = policy.Versions.Get(ctx, tx, id); return err })
	return v
}

func sentences(texts ...string) []policy.Sentence {
	out := make([]policy.Sentence, len(texts))
	for i, s := range texts {
		out[i] = policy.Sentence{Line: i + 1, Text: s, Kind: "must", Normative: true, Theme: "governance", Path: []string{"Rules"}, Parts: []string{}, Because: []isms.Reason{}}
	}
	return out
}

func (h *house) importText(doc isms.ID, texts ...string) policy.Imported {
	h.t.Helper()
	got, err := h.Import(ctx, h.ana(), policy.Import{
		Document: doc, Name: "SAMPLE security policy", Label: "1.0", Language: isms.English, Title: "Security policy", Sentences: sentences(texts...),
		Omitted:  []policy.Omitted{{Line: 1, Text: "Doors are locked at night.", Because: isms.Because("policy.struck_by_person")}},
		FileName: "policy.txt", Original: strings.NewReader(strings.Join(texts, "\n")),
	})
	must(h.t, err)
	return got
}

const (
	logs    = "Clocks of all servers are kept in step with two sources."
	backups = "Backups are made daily, encrypted and kept in two places."
	rights  = "Access rights are reviewed every quarter by the owner of the system."
)

func TestAPolicyInForceIsAdoptedByOnePerson(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		first := h.importText("", logs, backups, rights)
		refused(t, h.Adopt(ctx, h.ana(), first.Version, policy.Adoption{Approved: "2026-01-15"}), "policy.approver_missing")
		refused(t, h.Adopt(ctx, h.ana(), first.Version, policy.Adoption{Approver: "M. Kos", Approved: "2026-12-01"}), "policy.not_yet")
		must(t, h.Adopt(ctx, h.ana(), first.Version, policy.Adoption{Approver: "M. Kos", Approved: "2026-01-15", Every: isms.Period{Years: 1}}))
		refused(t, h.Adopt(ctx, h.ana(), first.Version, policy.Adoption{Approver: "M. Kos", Approved: "2026-01-15"}), "policy.state_forbids")
		same(t, "state", h.version(first.Version).State, policy.Effective)
		clause := h.words(first.Text)[0].Clause
		mira := h.boris()
		mira.Account, mira.Roles = "acc_mira", []isms.Role{isms.Owner}
		refused(t, h.Assign(ctx, mira, clause, "acc_mira", ""), "can.not_yours")
		must(t, h.Own(ctx, h.ana(), first.Document, "acc_mira"))
		must(t, h.Assign(ctx, mira, clause, "acc_mira", "acc_ana"))
		h.read(func(tx *store.Tx) error {
			d, err := policy.Documents.Get(ctx, tx, first.Document)
			must(t, err)
			same(t, "review due", d.ReviewDue, "2027-01-15")
			_, err = policy.InForce(ctx, tx, first.Document, "2026-01-14")
			refused(t, err, "policy.none_in_force")
			v, err := policy.InForce(ctx, tx, first.Document, "2026-01-15")
			same(t, "in force", v.ID, first.Version)
			return err
		})
	})
}

func TestANewVersionNeedsASecondPersonAndReplacesTheOldOne(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		first := h.importText("", logs, backups, rights)
		must(t, h.Adopt(ctx, h.ana(), first.Version, policy.Adoption{Approver: "M. Kos", Approved: "2026-01-15"}))
		summary, err := h.Import(ctx, h.ana(), policy.Import{Kind: policy.Summary, Parent: first.Document, Name: "SAMPLE in short", Language: isms.English, Sentences: sentences(logs)})
		must(t, err)

		second := h.importText(first.Document, logs, "Backups are made hourly, encrypted and kept in three places.", "Visitors are accompanied.", rights)
		same(t, "unchanged", second.Unchanged, 2)
		same(t, "proposed", second.Proposed, 1)
		before, now := h.words(first.Text), h.words(second.Text)
		same(t, "clause of the same words", now[3].Clause, before[2].Clause)
		if now[1].Clause == before[1].Clause {
			t.Fatal("changed words took over a clause that nobody confirmed")
		}
		h.read(func(tx *store.Tx) error {
			as, err := policy.AlignmentsOf(ctx, tx, second.Text, "", 10)
			must(t, err)
			must(t, h.Decide(ctx, h.ana(), as[0].ID, true))
			refused(t, h.Decide(ctx, h.ana(), as[0].ID, false), "policy.already_decided")
			return nil
		})
		same(t, "aligned clause", h.words(second.Text)[1].Clause, before[1].Clause)
		h.read(func(tx *store.Tx) error {
			cs, err := policy.Compare(ctx, tx, first.Text, second.Text)
			var kinds []string
			for _, c := range cs {
				kinds = append(kinds, string(c.Kind))
			}
			same(t, "comparison", strings.Join(kinds, " "), "same changed added same")
			return err
		})

		must(t, h.Submit(ctx, h.ana(), second.Version))
		refused(t, h.Approve(ctx, h.ana(), second.Version), "apart.you_asked")
		must(t, h.Approve(ctx, h.boris(), second.Version))
		must(t, h.Publish(ctx, h.ana(), second.Version, "2026-11-10", isms.Period{}))
		same(t, "before its day", h.version(second.Version).State, policy.Approved)
		h.clock.Pass(8 * 24 * time.Hour)
		must(t, h.Tick(ctx))
		must(t, h.Tick(ctx))
		same(t, "on its day", h.version(second.Version).State, policy.Effective)
		same(t, "replaced", h.version(first.Version).State, policy.Superseded)
		h.read(func(tx *store.Tx) error {
			for day, want := range map[isms.Date]isms.ID{"2026-11-09": first.Version, "2026-11-10": second.Version} {
				v, err := policy.InForce(ctx, tx, first.Document, day)
				must(t, err)
				same(t, string(day), v.ID, want)
			}
			d, err := policy.Documents.Get(ctx, tx, summary.Document)
			same(t, "summary asks for a review", d.ReviewRequired, true)
			return err
		})

		refused(t, h.Delete(ctx, h.ana(), second.Version), "policy.in_force")
		refused(t, h.Delete(ctx, h.ana(), first.Version), "policy.locked")
		h.read(func(tx *store.Tx) error {
			es, err := ledger.Recent(ctx, tx, store.Now, 1)
			same(t, "logged", es[0].Kind, "version.deletion_refused")
			return err
		})
		h.clock.Pass(5 * 366 * 24 * time.Hour)
		must(t, h.Delete(ctx, h.ana(), first.Version))
		same(t, "destroyed words", len(h.words(first.Text)), 0)
	})
}

func TestCorrectionsSurviveTheNextReading(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		first := h.importText("", logs, backups, rights)
		ws := h.words(first.Text)
		_, err := h.Split(ctx, h.ana(), ws[1].ID, []string{"Backups are made daily,", "encrypted and kept."})
		refused(t, err, "policy.words_differ")
		pieces, err := h.Split(ctx, h.ana(), ws[1].ID, []string{"Backups are made daily,", "encrypted and kept in two places."})
		must(t, err)
		same(t, "first piece keeps the clause", pieces[0].Clause, ws[1].Clause)
		daily := pieces[0].Sentence
		daily.Cadence, daily.Theme = "P1D", "backup-continuity"
		_, err = h.Reclassify(ctx, h.ana(), pieces[0].ID, daily)
		must(t, err)
		daily.Cadence = "now and then"
		_, err = h.Reclassify(ctx, h.ana(), pieces[0].ID, daily)
		refused(t, err, "period.malformed")
		_, err = h.Restore(ctx, h.ana(), first.Text, 0, sentences("x")[0])
		must(t, err)
		must(t, h.Strike(ctx, h.ana(), ws[2].ID))
		want := []string{logs, "Doors are locked at night.", "Backups are made daily,", "encrypted and kept in two places."}
		check := func(text isms.ID) {
			t.Helper()
			got := h.words(text)
			same(t, "clauses", len(got), len(want))
			for i, w := range want {
				same(t, "words", got[i].Text, w)
			}
			same(t, "cadence", got[2].Cadence, "P1D")
		}
		check(first.Text)
		h.read(func(tx *store.Tx) error {
			for i, c := range h.words(first.Text) {
				n, err := policy.Place(ctx, tx, &c)
				must(t, err)
				same(t, "place", n, i+1)
			}
			return nil
		})

		second := h.importText(first.Document, logs, backups, rights)
		check(second.Text)
		same(t, "unchanged", second.Unchanged, 4)

		both, err := h.Merge(ctx, h.ana(), []isms.ID{h.words(second.Text)[2].ID, h.words(second.Text)[3].ID})
		must(t, err)
		same(t, "merged", both[0].Text, backups)
		_, err = h.Merge(ctx, h.ana(), []isms.ID{h.words(second.Text)[0].ID, h.words(second.Text)[2].ID})
		refused(t, err, "policy.not_neighbours")
	})
}

func TestATranslationSharesTheClausesThatAPersonConfirms(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		first := h.importText("", logs, rights)
		german, err := h.Import(ctx, h.ana(), policy.Import{Document: first.Document, Version: first.Version, Language: isms.German,
			Sentences: sentences("Die Uhren aller Server gehen nach zwei Quellen.", "Zugriffsrechte werden jedes Quartal geprüft.")})
		must(t, err)
		same(t, "proposals", german.Proposed, 2)
		same(t, "no clause yet", h.words(german.Text)[0].Clause, "")
		var as []policy.Alignment
		h.read(func(tx *store.Tx) (err error) {
			as, err = policy.AlignmentsOf(ctx, tx, german.Text, "", 10)
			return err
		})
		for _, a := range as {
			must(t, h.Decide(ctx, h.ana(), a.ID, true))
		}
		same(t, "shared clause", h.words(german.Text)[0].Clause, h.words(first.Text)[0].Clause)
		_, err = h.Import(ctx, h.ana(), policy.Import{Document: first.Document, Version: first.Version, Language: isms.German, Sentences: sentences("x")})
		refused(t, err, "policy.language_taken")

		must(t, h.Delete(ctx, h.ana(), first.Version))
		h.read(func(tx *store.Tx) error {
			_, err := policy.Documents.Get(ctx, tx, first.Document)
			refused(t, err, "record.unknown")
			return nil
		})
	})
}

func TestANewerReaderProposesAndLeavesCorrectionsAlone(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		first := h.importText("", logs, backups, rights)
		ws := h.words(first.Text)
		mine := ws[0].Sentence
		mine.Theme = "clock"
		_, err := h.Reclassify(ctx, h.ana(), ws[0].ID, mine)
		must(t, err)

		newer := sentences(logs, backups, "Visitors are accompanied.")
		newer[0].Theme = "operations-change"
		newer[1].Theme, newer[1].Cadence = "backup-continuity", "P1D"
		in := policy.Import{Sentences: newer}
		h.read(func(tx *store.Tx) error {
			ds, err := policy.Reread(ctx, tx, first.Text, in)
			same(t, "differences", len(ds), 3)
			same(t, "what reads otherwise", ds[0].New.Cadence, "P1D")
			if ds[1].Old != nil || ds[2].New != nil {
				t.Errorf("what came and what went: %+v", ds)
			}
			return err
		})
		n, err := h.Take(ctx, h.ana(), first.Text, in)
		must(t, err)
		same(t, "taken", n, 1)
		got := h.words(first.Text)
		same(t, "sentences", len(got), 3)
		same(t, "a person's word", got[0].Theme, "clock")
		same(t, "the reader's", got[1].Cadence, "P1D")
	})
}

func TestAlongTextIsComparedQuickly(t *testing.T) {
	h := build(t, housetest.Config(t, store.SQLite))
	long := func(word string) (out []string) {
		for i := range 1500 {
			out = append(out, fmt.Sprintf("Rule %d of the %s department says that system %d is checked by team %d every week.", i, word, i*7, i%13))
		}
		return out
	}
	first := h.importText("", long("first")...)
	began := time.Now()
	second := h.importText(first.Document, long("second")...)
	t.Logf("1,500 changed sentences took %s", time.Since(began))
	if second.Unchanged != 0 || second.Proposed < 1500 {
		t.Errorf("%+v", second)
	}
}
