package control_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

func reader(s string) io.Reader { return strings.NewReader(s) }

func TestAPromiseFromItsFirstDayThroughAFailureAndBack(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.is(isms.Unproven) // nothing is bound
		h.bind()
		h.is(isms.Unproven) // bound, but about nothing
		h.server("here")
		h.look()
		h.is(isms.Unproven) // looked at, but nobody says that these are all servers
		h.declare()
		h.is(isms.Holding)
		held := h.clock.Now()

		h.pass(5*time.Hour, 30*time.Minute)
		h.is(isms.Holding)
		h.astray["here"] = true
		h.pass(time.Hour, 30*time.Minute)
		h.is(isms.Failing)
		failed := h.clock.Now()
		f := h.failure()
		same(t, "opened by", f.Verdict, isms.Failing)

		boss := h.person("mira", isms.Owner) // not the owner of this control
		_, err := h.Take(ctx, boss, f.ID, control.Step{State: control.Restored, Note: "Started chrony again."})
		refused(t, err, "can.not_yours")
		_, err = h.Take(ctx, h.ana(), f.ID, control.Step{State: control.Restored, Note: "Started chrony again."})
		refused(t, err, "failure.still_failing")
		h.astray["here"] = false
		h.pass(time.Hour, 30*time.Minute)
		h.is(isms.Holding)
		_, err = h.Take(ctx, h.ana(), f.ID, control.Step{State: control.CauseFound, Category: "technical", Note: "x"})
		refused(t, err, "failure.out_of_order")
		_, err = h.Take(ctx, h.ana(), f.ID, control.Step{State: control.Restored})
		refused(t, err, "failure.proof_missing")
		for _, s := range []control.Step{
			{State: control.Restored, Note: "Started chrony again."},
			{State: control.CauseFound, Category: "technical", Note: "The package was removed by an upgrade."},
			{State: control.ExposureChecked, Category: "none_found", Note: "Logs of the hour carry usable times."},
			{State: control.Prevented, Measures: []control.Measure{{What: "Pin the package", Owner: "acc_ana", Due: "2026-12-01"}}},
		} {
			_, err := h.Take(ctx, h.ana(), f.ID, s)
			must(t, err)
		}
		_, err = h.Watch(ctx, h.ana(), f.ID, h.clock.Now().Add(6*time.Hour), isms.Period{Minutes: 15})
		must(t, err)
		h.pass(5*time.Hour, 15*time.Minute)
		same(t, "watched", h.failure().State, control.Watching)
		h.pass(2*time.Hour, 15*time.Minute)
		h.see(func(tx *store.Tx) error {
			got, err := control.Failures.Get(ctx, tx, f.ID)
			same(t, "after a clean watch", got.State, control.Closed)
			same(t, "steps", len(got.Steps), 5)
			return err
		})
		h.is(isms.Holding)
		h.was(held, isms.Holding)
		h.was(failed, isms.Failing)
		h.was(h.clock.Now(), isms.Holding)
		h.verify()
	})
}

func TestAFailureThatComesBackBeginsAnew(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.bind()
		h.server("here")
		h.declare()
		h.look()
		h.is(isms.Holding)
		h.astray["here"] = true
		h.pass(time.Hour, time.Hour)
		f := h.failure()
		h.astray["here"] = false
		h.pass(time.Hour, time.Hour)
		_, err := h.Take(ctx, h.ana(), f.ID, control.Step{State: control.Restored, Note: "Repaired."})
		must(t, err)
		h.astray["here"] = true
		h.pass(time.Hour, time.Hour)
		f = h.failure()
		same(t, "state", f.State, control.Detected)
		same(t, "relapses", f.Relapses, 1)
		same(t, "steps", len(f.Steps), 0)

		refused(t, h.RetireControl(ctx, h.ana(), h.control.ID), "control.still_bound")
		h.see(func(tx *store.Tx) error {
			bs, err := control.BoundTo(ctx, tx, h.control.ID)
			must(t, h.Unbind(ctx, h.ana(), bs[0].ID))
			return err
		})
		refused(t, h.RetireControl(ctx, h.ana(), h.control.ID), "control.failure_open")
		h.is(isms.Unproven)
	})
}

func TestSilenceIsNeverSuccess(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.bind()
		h.server("here")
		h.declare()
		h.look()
		h.is(isms.Holding)
		looked := h.clock.Now()
		h.blind["here"] = true
		h.pass(2*time.Hour, time.Hour)
		h.is(isms.Holding) // it could not look, and the last look still counts
		h.clock.Pass(48 * time.Hour)
		h.is(isms.Stale) // nobody was there for two days
		same(t, "opened by", h.failure().Verdict, isms.Stale)
		h.see(func(tx *store.Tx) error {
			v, err := control.VerdictOf(ctx, tx, h.words[0].Clause)
			same(t, "stale since the window ended, not since somebody noticed", v.Since, looked.Add(3*time.Hour))
			return err
		})
		h.was(looked.Add(2*time.Hour), isms.Holding)
		h.blind["here"] = false
		h.look()
		h.is(isms.Holding)
	})
}

func TestANewServerAndARetiredOne(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.bind()
		h.server("here")
		h.declare()
		h.look()
		h.is(isms.Holding)
		far := h.server("far away") // no agent there yet
		h.look()
		h.is(isms.Unproven)
		h.clock.Pass(time.Minute)
		refused(t, h.RetireSubject(ctx, h.ana(), far.ID, " "), "policy.reason_missing")
		must(t, h.RetireSubject(ctx, h.ana(), far.ID, "Switched off."))
		h.is(isms.Holding)
		must(t, h.Select(ctx, h.ana(), h.scope.ID, 2, control.Selector{Subjects: []isms.ID{far.ID}}))
		h.is(isms.Unproven)
		refused(t, h.Declare(ctx, h.ana(), h.scope.ID, 2), "record.changed")
	})
}

func TestAnExceptionIsApprovedByAnotherPersonAndEnds(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.bind()
		old := h.server("here")
		h.declare()
		h.astray["here"] = true
		h.look()
		h.is(isms.Failing)
		_, err := h.Ask(ctx, h.ana(), control.Exception{Subjects: []isms.ID{old.ID}, Reason: "Replaced in December."})
		refused(t, err, "exception.endless")
		_, err = h.Ask(ctx, h.ana(), control.Exception{Reason: "Replaced.", Until: h.clock.Now().Add(time.Hour)})
		refused(t, err, "exception.names_nothing")
		e, err := h.Ask(ctx, h.ana(), control.Exception{Subjects: []isms.ID{old.ID}, Proofs: []isms.ID{h.check.ID}, Reason: "Replaced in December.", Until: h.clock.Now().Add(10 * time.Hour)})
		must(t, err)
		h.is(isms.Failing)
		refused(t, h.Decide(ctx, h.ana(), e.ID, true, ""), "apart.you_asked")
		h.clock.Pass(time.Minute)
		must(t, h.Decide(ctx, h.boris(), e.ID, true, "Until the new gateway is there."))
		h.is(isms.Excepted)
		excepted := h.clock.Now()
		h.pass(9*time.Hour, time.Hour)
		h.is(isms.Excepted)
		h.pass(2*time.Hour, time.Hour)
		h.is(isms.Failing)
		h.was(excepted, isms.Excepted)
		h.verify()
		h.see(func(tx *store.Tx) error {
			v, err := control.VerdictOf(ctx, tx, h.words[0].Clause)
			same(t, "failing again when it ended", v.Since, e.Until)
			return err
		})
	})
}

func TestADutyIsSealedAndFallsDueAgain(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt(policy.Sentence{Text: "Access rights are reviewed every quarter.", Cadence: "P3M"})
		c, ps, err := h.Make(ctx, h.ana(), control.Control{Title: isms.TextIn(isms.English, "Rights reviewed")}, []control.Proof{
			{Key: "review", Kind: verdict.DutyProof, Every: isms.Period{Years: 1}, Required: true, Role: isms.Owner}})
		must(t, err)
		_, err = h.Bind(ctx, h.ana(), h.words[0].ID, c.ID, nil, nil)
		must(t, err)
		h.is(isms.Unproven)
		_, err = h.proofs.Seal(ctx, h.person("emil", isms.Employee), evidence.Record{Proof: ps[0].ID, Outcome: evidence.Done})
		refused(t, err, "can.not_yours")
		_, err = h.proofs.Seal(ctx, h.person("mira", isms.Owner), evidence.Record{Proof: ps[0].ID, Outcome: evidence.DoneWithFinding, Note: "Two leavers still had rights."})
		must(t, err)
		h.is(isms.Holding)
		h.clock.Pass(91 * 24 * time.Hour)
		h.is(isms.Holding)
		h.clock.Pass(3 * 24 * time.Hour)
		h.is(isms.Stale) // promised quarterly, planned yearly: the promise binds
		h.see(func(tx *store.Tx) error {
			v, err := control.VerdictOf(ctx, tx, c.ID)
			same(t, "the control by its own plan", v.Verdict, isms.Holding)
			bs, berr := control.BoundTo(ctx, tx, c.ID)
			must(t, berr)
			must(t, h.Unbind(ctx, h.ana(), bs[0].ID))
			return err
		})
		must(t, h.RetireControl(ctx, h.ana(), c.ID))
		h.is(isms.Unproven)
		h.see(func(tx *store.Tx) error {
			v, err := control.VerdictOf(ctx, tx, c.ID)
			same(t, "nothing is said of a retired control", v.Rev, 0)
			return err
		})
		h.verify()
	})
}

func TestBindingsGoWithTheWords(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.bind()
		h.server("here")
		h.declare()
		h.look()
		h.is(isms.Holding)
		_, err := h.Bind(ctx, h.ana(), h.words[0].ID, h.control.ID, nil, nil)
		refused(t, err, "control.bound_already")
		_, err = h.Bind(ctx, h.ana(), h.words[0].ID, h.control.ID, []string{"daily"}, nil)
		refused(t, err, "control.part_unknown")

		for i, want := range []isms.Verdict{isms.Holding, isms.Unproven} { // the same words, then others
			words := []string{promise, promise + " Twice."}[i]
			h.clock.Pass(time.Minute)
			got, err := h.docs.Import(ctx, h.ana(), policy.Import{Document: h.text.Document, Language: isms.English, Sentences: []policy.Sentence{{Line: 1, Text: words, Kind: "does", Normative: true}}})
			must(t, err)
			h.see(func(tx *store.Tx) error {
				as, err := policy.AlignmentsOf(ctx, tx, got.Text, "", 10)
				for _, a := range as {
					must(t, h.docs.Decide(ctx, h.ana(), a.ID, true))
				}
				return err
			})
			must(t, h.docs.Submit(ctx, h.ana(), got.Version))
			must(t, h.docs.Approve(ctx, h.boris(), got.Version))
			h.is(isms.Holding) // another version is approved, but not in force
			must(t, h.docs.Publish(ctx, h.boris(), got.Version, "", isms.Period{}))
			h.is(want)
			n, err := h.ProposeAll(ctx, h.ana(), got.Text)
			must(t, err)
			same(t, "proposals for changed words", n, 0+i) // of the first ones nothing is asked again
		}
		h.see(func(tx *store.Tx) error {
			n, err := control.Tally(ctx, tx, h.text.Document)
			same(t, "unproven clauses", n[isms.Unproven], 1)
			return err
		})
		h.verify()
	})
}

func TestDaysAreSealedWhenTheyAreOver(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.bind()
		h.server("here")
		h.declare()
		h.look()
		h.pass(26*time.Hour, time.Hour)
		h.astray["here"] = true
		h.pass(24*time.Hour, time.Hour)
		for _, want := range []int{2, 0} {
			n, err := h.SealDays(ctx)
			must(t, err)
			same(t, "sealed days", n, want)
		}
		h.see(func(tx *store.Tx) error {
			ds, err := control.DaysOf(ctx, tx, h.text.Document, "", 10)
			same(t, "days", len(ds), 2)
			same(t, "first day", ds[0].Verdicts[h.words[0].Clause], isms.Holding)
			same(t, "second day", ds[1].Verdicts[h.words[0].Clause], isms.Failing)
			return err
		})
	})
}

func TestEvidenceThatComesLateStandsBesideTheRecord(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt()
		h.bind()
		s := h.server("far away")
		h.declare()
		seen := func(ago time.Duration) probe.Observation {
			o := clockProbe{h}.Look(ctx, probe.Subject{Address: s.Address, Kind: s.Kind}, nil) // its agent knows no id
			o.Occurred = h.clock.Now().Add(-ago)
			return o
		}
		h.receive([]probe.Observation{seen(0)})
		h.is(isms.Holding)
		began := h.clock.Now()
		h.clock.Pass(6 * time.Hour)
		h.is(isms.Stale)
		h.receive([]probe.Observation{seen(4 * time.Hour), seen(2 * time.Hour), seen(time.Minute)})
		h.is(isms.Holding)
		h.was(began.Add(4*time.Hour), isms.Stale)
		h.see(func(tx *store.Tx) error {
			got, err := h.ShownAfterwards(ctx, tx, h.words[0].ID, h.clock.Now())
			same(t, "stretches", len(got), 1)
			same(t, "stretch", got[0], verdict.Afterwards{From: began.Add(3 * time.Hour), Until: began.Add(6 * time.Hour), Was: isms.Stale, Shown: isms.Holding, Version: verdict.Version})
			return err
		})
	})
}

func TestDutiesAreListedWithWhenTheyAreDue(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt(policy.Sentence{Text: "Access rights are reviewed every quarter.", Cadence: "P3M"})
		c, ps, err := h.Make(ctx, h.ana(), control.Control{Title: isms.TextIn(isms.English, "Rights reviewed")}, []control.Proof{
			{Key: "review", Kind: verdict.DutyProof, Every: isms.Period{Years: 1}, Required: true, Role: isms.Owner}})
		must(t, err)
		due := func() (d control.DutyDue) {
			h.see(func(tx *store.Tx) error {
				all, err := h.DutiesAfter(ctx, tx, "", 10)
				same(t, "duties", len(all), 1)
				d = all[0]
				return err
			})
			return d
		}
		same(t, "by its plan", isms.DateOf(due().Due, h.Zone), "2027-11-02")
		_, err = h.Bind(ctx, h.ana(), h.words[0].ID, c.ID, nil, nil)
		must(t, err)
		same(t, "by what is promised", isms.DateOf(due().Due, h.Zone), "2027-02-02")
		h.clock.Pass(10 * 24 * time.Hour)
		_, err = h.proofs.Seal(ctx, h.ana(), evidence.Record{Proof: ps[0].ID, Outcome: evidence.Done})
		must(t, err)
		same(t, "again", isms.DateOf(due().Due, h.Zone), "2027-02-12")
	})
}

func TestProposalsOfTheCatalogueAreConfirmedAboveAScore(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt(policy.Sentence{Text: "The clocks of all servers are synchronised with a reliable time source."}, policy.Sentence{Text: "Access rights are reviewed every quarter.", Cadence: "P3M"})
		n, err := h.ProposeAll(ctx, h.ana(), h.text.Text)
		must(t, err)
		if n < 2 {
			t.Fatalf("%d proposals", n)
		}
		again, err := h.ProposeAll(ctx, h.ana(), h.text.Text)
		must(t, err)
		same(t, "proposed twice", again, 0)
		h.is(isms.Unproven)
		_, err = h.ConfirmAbove(ctx, h.person("emil", isms.Employee), h.text.Document, 1)
		refused(t, err, "can.role")
		n, err = h.ConfirmAbove(ctx, h.ana(), h.text.Document, 1)
		must(t, err)
		same(t, "confirmed", n, 2)
		h.server("here")
		h.see(func(tx *store.Tx) error {
			cs, err := control.List(ctx, tx, "", 10)
			same(t, "adopted", len(cs), 2)
			bs, berr := control.BindingsOf(ctx, tx, h.words[0].Clause, h.words[0].Hash)
			must(t, berr)
			same(t, "by whom", bs[0].ConfirmedBy, "acc_ana")
			ps, perr := control.ProofsOf(ctx, tx, bs[0].Control)
			must(t, perr)
			if len(ps) == 0 {
				t.Error("the control of the clocks came without a proof")
			}
			return err
		})
		h.verify()
	})
}

func TestOneDamagedRecordDoesNotStopTheOthers(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.adopt(policy.Sentence{Text: "Rights are reviewed."}, policy.Sentence{Text: promise})
		h.words[0], h.words[1] = h.words[1], h.words[0]
		h.bind()
		h.server("here")
		h.declare()
		h.look()
		h.is(isms.Holding)
		must(t, h.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			tx.Append("test.damaged", "tst_x", 0, nil)
			_, err := tx.Exec(ctx, `DELETE FROM control_scope WHERE id = $1`, string(h.scope.ID))
			return err
		}))
		c, ps, err := h.Make(ctx, h.ana(), control.Control{Title: isms.TextIn(isms.English, "Rights reviewed")}, []control.Proof{
			{Key: "review", Kind: verdict.DutyProof, Every: isms.Period{Years: 1}, Required: true}})
		must(t, err)
		_, err = h.Bind(ctx, h.ana(), h.words[1].ID, c.ID, nil, nil)
		must(t, err)
		_, err = h.proofs.Seal(ctx, h.ana(), evidence.Record{Proof: ps[0].ID, Outcome: evidence.Done})
		must(t, err)
		h.clock.Pass(4 * time.Hour) // the damaged one is due as well
		if _, _, err := h.React(ctx); err == nil || !strings.Contains(err.Error(), string(h.control.ID)) {
			t.Errorf("the damaged control is not named: %v", err)
		}
		h.see(func(tx *store.Tx) error {
			v, err := control.VerdictOf(ctx, tx, h.words[1].Clause)
			same(t, "the other promise", v.Verdict, isms.Holding)
			return err
		})
	})
}
