package control_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/register"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
	"holdfast/internal/wire"
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

// house is an organisation with its rooms, a clock that moves when told, and machines whose
// clocks run astray when told.
type house struct {
	*control.Room
	t      testing.TB
	clock  *housetest.Clock
	docs   *policy.Room
	proofs *evidence.Room
	runner *evidence.Runner
	astray map[string]bool // by address
	blind  map[string]bool // cannot be looked at

	agent    evidence.Agent
	sequence int64

	subjects []control.Subject
	text     policy.Imported
	words    []policy.ClauseText
	control  control.Control
	check    control.Proof
	scope    control.Scope
}

func build(t testing.TB, cfg store.Config) *house {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{Config: cfg, Organisation: []store.Schema{schedule.Schema, policy.Schema, evidence.Schema, control.Schema}})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	return buildIn(t, in)
}

// buildIn makes one more organisation of an installation.
func buildIn(t testing.TB, in *instance.Instance) *house {
	t.Helper()
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Karst Metering", Zone: "Europe/Ljubljana"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	zone, err := time.LoadLocation(o.Zone)
	must(t, err)
	h := &house{t: t, clock: in.Clock.(*housetest.Clock), docs: &policy.Room{Log: log, Zone: zone},
		Room: &control.Room{Log: log, Zone: zone, Host: "here"}, astray: map[string]bool{}, blind: map[string]bool{}}
	h.proofs = &evidence.Room{Log: log, Judge: h.Judge, Duty: h.Duty}
	h.runner = &evidence.Runner{Room: h.proofs, Plan: h.Plan, Probes: []probe.Probe{clockProbe{h}}}
	return h
}

func (h *house) person(name string, roles ...isms.Role) isms.Actor {
	return isms.Actor{Account: isms.ID("acc_" + name), Means: isms.BySession, Roles: roles, Place: h.Log.DB.Name, SteppedUp: h.clock.Now()}
}

func (h *house) ana() isms.Actor   { return h.person("ana", isms.SecurityOfficer) }
func (h *house) boris() isms.Actor { return h.person("boris", isms.Management) }

// clockProbe looks at the machines of the house.
type clockProbe struct{ h *house }

func (clockProbe) Key() string { return "host.clock" }

func (p clockProbe) Look(_ context.Context, s probe.Subject, _ probe.Params) probe.Observation {
	o := probe.Observation{Check: "host.clock", Subject: s, Occurred: p.h.clock.Now(), Source: "SAMPLE machine", Facts: probe.Facts{}}
	if p.h.blind[s.Address] {
		o.Error = &probe.CouldNot{Code: probe.ErrNotInstalled, What: "chronyc"}
		return o
	}
	value := "true"
	if p.h.astray[s.Address] {
		value = "false"
	}
	o.Facts = probe.Facts{{Name: "clock.offset", Type: probe.DecimalFact, Unit: "s", Value: "0.001"}, {Name: "clock.synchronised", Type: probe.BoolFact, Value: value}}
	return o
}

const promise = "The clocks of all servers are kept in step with a reliable source."

// adopt takes in a policy of one promise that is in force already.
func (h *house) adopt(sentences ...policy.Sentence) {
	h.t.Helper()
	if len(sentences) == 0 {
		sentences = []policy.Sentence{{Text: promise}}
	}
	for i := range sentences {
		s := &sentences[i]
		s.Line, s.Kind, s.Normative, s.Theme = i+1, "does", true, "clock"
	}
	got, err := h.docs.Import(ctx, h.ana(), policy.Import{Name: "SAMPLE policy", Language: isms.English, Sentences: sentences, FileName: "policy.txt", Original: reader(promise)})
	must(h.t, err)
	must(h.t, h.docs.Adopt(ctx, h.ana(), got.Version, policy.Adoption{Approver: "M. Kos", Approved: "2026-01-15"}))
	h.text = got
	h.see(func(tx *store.Tx) (err error) {
		h.words, _, err = policy.ClausesOf(ctx, tx, got.Text, policy.Filter{}, "", 100)
		return err
	})
}

// control makes the control of the clocks, looked at every hour on all servers, and binds the
// promise to it.
func (h *house) bind() {
	h.t.Helper()
	var err error
	h.scope, err = h.MakeScope(ctx, h.ana(), isms.TextIn(isms.English, "All servers"), control.Selector{Kinds: []probe.SubjectKind{probe.Host}})
	must(h.t, err)
	var ps []control.Proof
	h.control, ps, err = h.Make(ctx, h.ana(), control.Control{Title: isms.TextIn(isms.English, "Clocks in step")}, []control.Proof{
		{Key: "clock", Kind: verdict.CheckProof, Probe: "host.clock", Every: isms.Period{Hours: 1}, Required: true, Scope: h.scope.ID},
	})
	must(h.t, err)
	h.check = ps[0]
	_, err = h.Bind(ctx, h.ana(), h.words[0].ID, h.control.ID, nil, nil)
	must(h.t, err)
}

// server adds a server and returns it.
func (h *house) server(address string) control.Subject {
	h.t.Helper()
	h.Host = "here"
	s, err := h.AddSubjects(ctx, h.ana(), []control.Subject{{Kind: probe.Host, Address: address}})
	must(h.t, err)
	same(h.t, "new subjects", len(s), 1)
	return s[0]
}

func (h *house) declare() {
	h.t.Helper()
	h.see(func(tx *store.Tx) (err error) { h.scope, err = control.Scopes.Get(ctx, tx, h.scope.ID); return err })
	must(h.t, h.Declare(ctx, h.ana(), h.scope.ID, h.scope.Rev))
}

// pass lets time pass while the built-in agent looks and verdicts are kept up to date.
func (h *house) pass(d, step time.Duration) {
	h.t.Helper()
	for ; d > 0; d -= step {
		h.clock.Pass(min(step, d))
		h.look()
	}
}

// look does what is due now.
func (h *house) look() {
	h.t.Helper()
	_, _, err := h.runner.Round(ctx)
	must(h.t, err)
	h.react()
}

func (h *house) react() isms.Instant {
	h.t.Helper()
	_, next, err := h.React(ctx)
	must(h.t, err)
	return next
}

func (h *house) see(fn func(tx *store.Tx) error) { h.t.Helper(); must(h.t, h.Log.Read(ctx, fn)) }

// is checks the verdict on the promise.
func (h *house) is(want isms.Verdict) {
	h.t.Helper()
	h.react()
	h.see(func(tx *store.Tx) error {
		v, err := control.VerdictOf(ctx, tx, h.words[0].Clause)
		if v.Verdict != want {
			in, _, _ := control.Assemble(ctx, tx, h.words[0].ID, h.clock.Now(), h.Zone)
			h.t.Fatalf("at %s the promise is %s, want %s: %+v", h.clock.Now(), v.Verdict, want, verdict.Derive(in).Reasons)
		}
		return err
	})
}

// was checks the verdict on the promise as it was at a moment: recorded, and derived again.
func (h *house) was(at isms.Instant, want isms.Verdict) {
	h.t.Helper()
	must(h.t, h.Log.ReadAt(ctx, at, func(tx *store.Tx) error {
		in, refs, err := control.Assemble(ctx, tx, h.words[0].ID, at, h.Zone)
		must(h.t, err)
		same(h.t, "derived as of "+at.String(), verdict.Derive(in).Verdict, want)
		for _, r := range refs {
			if r.Entry > tx.AsOf {
				h.t.Fatalf("as of %s the verdict rests on the later entry %d", at, r.Entry)
			}
		}
		return nil
	}))
	h.see(func(tx *store.Tx) error {
		all, _, err := control.Intervals(ctx, tx, h.words[0].Clause)
		for _, i := range all {
			if i.From <= at && (i.Until == 0 || at < i.Until) {
				same(h.t, "recorded for "+at.String(), i.Verdict, want)
				return err
			}
		}
		h.t.Fatalf("no interval at %s", at)
		return err
	})
}

// failure returns the only open failure.
func (h *house) failure() (f control.Failure) {
	h.t.Helper()
	h.see(func(tx *store.Tx) error {
		fs, err := control.FailuresIn(ctx, tx, true, "", 10)
		same(h.t, "open failures", len(fs), 1)
		f = fs[0]
		return err
	})
	return f
}

// verify compares all rows of the rooms with the ledger.
func (h *house) verify() {
	h.t.Helper()
	rep := &ledger.Report{OK: true}
	h.see(func(tx *store.Tx) error {
		return register.Verify(ctx, tx, rep, slices.Concat(policy.Tables(), evidence.Tables(), control.Tables())...)
	})
	if !rep.OK {
		h.t.Fatalf("rows differ from their entries: %+v", rep.Problems)
	}
}

// receive hands in observations as an agent does.
func (h *house) receive(seen []probe.Observation) {
	h.t.Helper()
	if h.agent.ID == "" {
		var err error
		h.agent, err = h.proofs.Enrol(ctx, h.ana(), "SAMPLE agent", agentKey.Public().(ed25519.PublicKey))
		must(h.t, err)
	}
	h.sequence++
	b, err := probe.Seal(agentKey, wire.BatchHeader{Agent: h.agent.ID, Epoch: 1, Sequence: h.sequence, Made: h.clock.Now()}, seen)
	must(h.t, err)
	_, err = h.proofs.Receive(ctx, isms.Must(b.Encode()))
	must(h.t, err)
}

var agentKey = func() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("SAMPLE agent key"))
	return ed25519.NewKeyFromSeed(seed[:])
}()
