package bundle_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"holdfast/internal/bundle"
	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

func TestMain(m *testing.M) { housetest.Main(m) }

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// house is an organisation with one promise, a check of one host and a yearly duty.
type house struct {
	t      testing.TB
	clock  *housetest.Clock
	log    *ledger.Log
	zone   *time.Location
	room   *control.Room
	proofs *evidence.Room
	runner *evidence.Runner
	words  isms.ID
	duty   isms.ID
	check  isms.ID
	astray bool
}

// Key and Look make the house the probe of its own clock.
func (h *house) Key() string { return "host.clock" }

func (h *house) Look(_ context.Context, s probe.Subject, _ probe.Params) probe.Observation {
	value := "true"
	if h.astray {
		value = "false"
	}
	return probe.Observation{Check: "host.clock", Subject: s, Occurred: h.clock.Now(), Source: "SAMPLE machine", Facts: probe.Facts{
		{Name: "clock.offset", Type: probe.DecimalFact, Unit: "s", Value: "0.001"}, {Name: "clock.synchronised", Type: probe.BoolFact, Value: value}}}
}

func (h *house) person(name string, role isms.Role) isms.Actor {
	return isms.Actor{Account: isms.ID("acc_" + name), Means: isms.BySession, Roles: []isms.Role{role}, Place: h.log.DB.Name, SteppedUp: h.clock.Now()}
}

func build(t testing.TB, cfg store.Config) *house {
	in, err := instance.Open(ctx, instance.Config{Config: cfg, Organisation: []store.Schema{schedule.Schema, policy.Schema, evidence.Schema, control.Schema}})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Karst Metering", Zone: "Europe/Ljubljana"})
	must(t, err)
	h := &house{t: t, clock: cfg.Clock.(*housetest.Clock)}
	h.log, err = in.Organisation(ctx, o.ID)
	must(t, err)
	h.zone, err = time.LoadLocation(o.Zone)
	must(t, err)
	h.room = &control.Room{Log: h.log, Zone: h.zone, Host: "here"}
	h.proofs = &evidence.Room{Log: h.log, Judge: h.room.Judge, Duty: h.room.Duty}
	h.runner = &evidence.Runner{Room: h.proofs, Plan: h.room.Plan, Probes: []probe.Probe{h}}
	h.promise(&policy.Room{Log: h.log, Zone: h.zone})
	return h
}

func (h *house) promise(docs *policy.Room) {
	ana := h.person("ana", isms.SecurityOfficer)
	const words = "The clocks of all servers are kept in step, and somebody looks at it once a year."
	got, err := docs.Import(ctx, ana, policy.Import{Name: "SAMPLE policy", Language: isms.English, FileName: "policy.txt", Original: strings.NewReader(words),
		Sentences: []policy.Sentence{{Text: words, Line: 1, Kind: "does", Normative: true, Theme: "clock"}}})
	must(h.t, err)
	must(h.t, docs.Adopt(ctx, ana, got.Version, policy.Adoption{Approver: "M. Kos", Approved: "2026-01-15"}))
	must(h.t, h.log.Read(ctx, func(tx *store.Tx) error {
		cs, _, err := policy.ClausesOf(ctx, tx, got.Text, policy.Filter{}, "", 10)
		h.words = cs[0].ID
		return err
	}))
	_, err = h.room.AddSubjects(ctx, ana, []control.Subject{{Kind: probe.Host, Address: "here"}})
	must(h.t, err)
	scope, err := h.room.MakeScope(ctx, ana, isms.TextIn(isms.English, "All servers"), control.Selector{Kinds: []probe.SubjectKind{probe.Host}})
	must(h.t, err)
	must(h.t, h.room.Declare(ctx, ana, scope.ID, scope.Rev))
	c, ps, err := h.room.Make(ctx, ana, control.Control{Title: isms.TextIn(isms.English, "Clocks in step"), Owner: ana.Account}, []control.Proof{
		{Key: "clock", Kind: verdict.CheckProof, Probe: "host.clock", Every: isms.Period{Hours: 1}, Required: true, Scope: scope.ID},
		{Key: "review", Kind: verdict.DutyProof, Every: isms.Period{Years: 1}, Window: isms.Period{Years: 1}, Required: true, Role: isms.SecurityOfficer},
	})
	must(h.t, err)
	h.check, h.duty = ps[0].ID, ps[1].ID
	_, err = h.room.Bind(ctx, ana, h.words, c.ID, nil, nil)
	must(h.t, err)
}

// hour lets an hour pass and looks.
func (h *house) hour() {
	h.t.Helper()
	h.clock.Pass(time.Hour)
	_, _, err := h.runner.Round(ctx)
	must(h.t, err)
}

func (h *house) review() {
	h.t.Helper()
	_, err := h.proofs.Seal(ctx, h.person("ana", isms.SecurityOfficer), evidence.Record{Proof: h.duty, Outcome: evidence.Done, Note: "Looked."})
	must(h.t, err)
}

func (h *house) bundle(at isms.Instant) []byte {
	h.t.Helper()
	raw, err := bundle.Build(ctx, h.log, h.words, at, h.zone)
	must(h.t, err)
	return raw
}

// says verifies a bundle and expects a verdict.
func (h *house) says(raw []byte, want isms.Verdict) *bundle.Result {
	h.t.Helper()
	res, err := bundle.Verify(raw, ledger.Trust{})
	must(h.t, err)
	if !res.Report.OK || res.Verdict != want || res.Report.Signer != ledger.SignerUnknown {
		h.t.Fatalf("%s by %s, want %s: %v %+v", res.Verdict, res.Report.Signer, want, res.Report.Problems, res.Derived.Reasons)
	}
	return res
}

// TestABundleProvesWhatTheVerdictWas goes through the life of a promise.
func TestABundleProvesWhatTheVerdictWas(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		h.says(h.bundle(h.clock.Now()), isms.Unproven)
		h.hour()
		h.review()
		h.clock.Pass(time.Minute)
		held := h.clock.Now()
		if res := h.says(h.bundle(held), isms.Holding); !strings.HasPrefix(res.Words, "The clocks") {
			t.Errorf("words %q", res.Words)
		}
		h.astray = true
		h.hour()
		h.says(h.bundle(h.clock.Now()), isms.Failing)
		h.says(h.bundle(held), isms.Holding) // yesterday stays as it was
		h.astray = false
		h.hour()
		must(t, h.log.OpenGeneration(ctx, isms.System, ledger.LostRange{}))
		h.clock.Pass(12 * time.Hour)
		raw := h.bundle(h.clock.Now())
		h.says(raw, isms.Stale)
		if res, err := bundle.Verify(raw, ledger.Trust{Keys: []string{h.log.VerifierKey()}}); err != nil || res.Report.Signer != ledger.SignerKnown {
			t.Errorf("with the key: %v %v", res.Report.Signer, err)
		}
		if rep, err := ledger.Verify(ctx, h.log.DB, ledger.Trust{}); err != nil || !rep.OK {
			t.Errorf("the log: %v %v", rep.Problems, err)
		}
	})
}

// TestEveryByteOfABundleCounts flips bits all over a bundle.
func TestEveryByteOfABundleCounts(t *testing.T) {
	h := build(t, housetest.Config(t, store.SQLite))
	h.hour()
	h.review()
	raw := h.bundle(h.clock.Now())
	step := max(1, len(raw)/1500)
	if !testing.Short() {
		step = max(1, len(raw)/4000)
	}
	for i := 0; i < len(raw); i += step {
		bad := bytes.Clone(raw)
		bad[i] ^= 1 << (i % 7)
		if res, err := bundle.Verify(bad, ledger.Trust{}); err == nil && res.Report.OK {
			t.Fatalf("byte %d, %q for %q, passed in …%s…", i, bad[i], raw[i], bad[max(0, i-20):min(len(bad), i+20)])
		}
	}
	for _, cut := range []int{0, 1, len(raw) / 2, len(raw) - 1} {
		if res, err := bundle.Verify(raw[:cut], ledger.Trust{}); err == nil && res.Report.OK {
			t.Errorf("the first %d bytes passed", cut)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"bundle":{},"seal":""}` + "\n"))
	f.Add([]byte(`{"bundle":{"about":"clt_1","at":1,"entries":[],"input":{},"looks":[],"rules":1,"trees":[{"checkpoint":"","start":0,"vkey":""}],"verdict":"holding","version":1,"zone":"UTC"},"seal":"x"}` + "\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if res, err := bundle.Verify(raw, ledger.Trust{}); err == nil && res.Report.OK {
			t.Fatalf("nobody signed %q", raw)
		}
	})
}
