package evidence_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"holdfast/internal/evidence"
	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/probe"
	"holdfast/internal/register"
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

type house struct {
	*evidence.Room
	t     testing.TB
	clock *housetest.Clock
}

// build opens an organisation in which observation "host.clock" answers proof prf_clock: good
// if the facts say that the clock is synchronised.
func build(t testing.TB, cfg store.Config) *house {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{Config: cfg, Organisation: []store.Schema{evidence.Schema}})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Karst Metering"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	room := &evidence.Room{Log: log}
	room.Judge = func(_ context.Context, _ *store.Tx, seen []probe.Observation) ([][]evidence.Answer, error) {
		out := make([][]evidence.Answer, len(seen))
		for i, o := range seen {
			a := evidence.Answer{Proof: "prf_clock", Subject: o.Subject.ID, Outcome: verdict.Negative}
			if yes, _ := o.Facts.Bool("clock.synchronised"); yes {
				a.Outcome = verdict.Positive
			}
			if o.Error != nil {
				a.Outcome = verdict.Error
			}
			out[i] = []evidence.Answer{a}
		}
		return out, nil
	}
	return &house{room, t, cfg.Clock.(*housetest.Clock)}
}

func (h *house) ana() isms.Actor {
	return isms.Actor{Account: "acc_ana", Means: isms.BySession, Roles: []isms.Role{isms.SecurityOfficer}, Place: h.Log.DB.Name, SteppedUp: h.clock.Now()}
}

func (h *house) looks(at int64) (out []verdict.Look) {
	h.t.Helper()
	must(h.t, h.Log.DB.ReadAt(ctx, at, func(tx *store.Tx) (err error) { out, err = evidence.Looks(ctx, tx, "prf_clock"); return err }))
	return out
}

var key = func() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("SAMPLE agent key"))
	return ed25519.NewKeyFromSeed(seed[:])
}()

// clocks are observations of hosts' clocks; a minus before a name says that it runs astray.
func (h *house) clocks(hosts string) []probe.Observation {
	var out []probe.Observation
	for _, name := range strings.Fields(hosts) {
		id, astray := strings.CutPrefix(name, "-")
		value := "true"
		if astray {
			value = "false"
		}
		out = append(out, probe.Observation{Check: "host.clock", Subject: probe.Subject{ID: isms.ID("sub_" + id), Address: id, Kind: probe.Host},
			Occurred: h.clock.Now(), Facts: probe.Facts{{Name: "clock.synchronised", Type: probe.BoolFact, Value: value}}})
	}
	return out
}

func (h *house) batch(agent isms.ID, epoch, sequence int64, hosts string) []byte {
	h.t.Helper()
	b, err := probe.Seal(key, wire.BatchHeader{Agent: agent, Epoch: epoch, Sequence: sequence, Made: h.clock.Now()}, h.clocks(hosts))
	must(h.t, err)
	return isms.Must(b.Encode())
}

func TestBatchesAreTakenOnceAndInOrder(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		agent, err := h.Enrol(ctx, h.ana(), "SAMPLE rack 1", key.Public().(ed25519.PublicKey))
		must(t, err)
		_, err = h.Receive(ctx, h.batch("agt_stranger", 1, 1, "a"))
		refused(t, err, "evidence.agent_unknown")

		raw := h.batch(agent.ID, 5, 1, "a -b")
		first, err := h.Receive(ctx, raw)
		must(t, err)
		again, err := h.Receive(ctx, raw)
		must(t, err)
		same(t, "a batch that came before", again, evidence.Receipt{Batch: first.Batch, Entry: first.Entry, Duplicate: true})
		got := h.looks(store.Now)
		same(t, "looks", len(got), 2)
		same(t, "b is astray", got[1].Outcome, verdict.Negative)
		same(t, "item", got[1].Ref, verdict.Ref{Entry: first.Entry, Item: 1})

		h.clock.Pass(time.Minute)
		_, err = h.Receive(ctx, h.batch(agent.ID, 5, 1, "a b"))
		refused(t, err, "evidence.rolled_back")
		_, err = h.Receive(ctx, h.batch(agent.ID, 4, 9, "a b"))
		refused(t, err, "evidence.rolled_back")
		late := h.batch(agent.ID, 5, 2, "-a")
		h.clock.Pass(time.Minute)
		third, err := h.Receive(ctx, h.batch(agent.ID, 5, 3, "a"))
		must(t, err)
		_, err = h.Receive(ctx, late)
		must(t, err)
		must(t, h.Log.Read(ctx, func(tx *store.Tx) error {
			fs, err := evidence.Findings.Where(ctx, tx, `agent = $2`, 10, string(agent.ID))
			same(t, "findings", len(fs), 2)
			o, oerr := evidence.ObservationAt(ctx, tx, verdict.Ref{Entry: first.Entry, Item: 1})
			must(t, oerr)
			same(t, "observation", o.Subject.Address, "b")
			b, berr := evidence.BatchAt(ctx, tx, third.Entry)
			must(t, berr)
			p, perr := b.Prove(0)
			must(t, perr)
			_, cerr := probe.CheckProof(key.Public().(ed25519.PublicKey), p)
			must(t, cerr)
			return err
		}))
		must(t, h.Revoke(ctx, h.ana(), agent.ID))
		_, err = h.Receive(ctx, h.batch(agent.ID, 5, 4, "a"))
		refused(t, err, "evidence.agent_unknown")
	})
}

func TestLooksAreReadAsOfAnyEntry(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		agent, err := h.Enrol(ctx, h.ana(), "SAMPLE rack 1", key.Public().(ed25519.PublicKey))
		must(t, err)
		type step struct {
			entry int64
			want  verdict.Look
		}
		var steps []step
		for n := range int64(140) { // three pages
			h.clock.Pass(time.Minute)
			hosts := "a"
			if n%7 == 3 {
				hosts = "-a"
			}
			got, err := h.Receive(ctx, h.batch(agent.ID, 1, n+1, hosts))
			must(t, err)
			now := h.looks(store.Now)
			same(t, "looks that count", len(now), 1)
			same(t, "entry", now[0].Ref.Entry, got.Entry)
			steps = append(steps, step{got.Entry, now[0]})
		}
		for _, s := range steps {
			then := h.looks(s.entry)
			same(t, "looks that counted", len(then), 1)
			same(t, "recorded", then[0].Recorded, s.want.Recorded)
			same(t, "outcome", then[0].Outcome, s.want.Outcome)
		}
		must(t, h.Log.Read(ctx, func(tx *store.Tx) error {
			all, err := evidence.LookHistory(ctx, tx, "prf_clock", "sub_a", store.Now, 1000)
			same(t, "history", len(all), 140)
			same(t, "newest first", all[0].Ref.Entry, steps[139].entry)
			return err
		}))
	})
}

func TestADutyIsSealedWithItsFiles(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		digest, size, err := h.Log.DB.PutFile(ctx, strings.NewReader("minutes of the review"))
		must(t, err)
		rec, err := h.Seal(ctx, h.ana(), evidence.Record{Proof: "prf_clock", Outcome: evidence.Done, Files: []evidence.File{{Digest: digest, Name: "minutes.txt", Size: size}}})
		must(t, err)
		same(t, "look", h.looks(store.Now)[0].Outcome, verdict.Positive)
		h.clock.Pass(time.Hour)
		_, err = h.Seal(ctx, h.ana(), evidence.Record{Proof: "prf_clock", Outcome: evidence.CouldNot})
		refused(t, err, "evidence.note_missing")
		_, err = h.Seal(ctx, h.ana(), evidence.Record{Proof: "prf_clock", Outcome: evidence.Done, Occurred: h.clock.Now() + 1})
		refused(t, err, "evidence.in_future")
		employee := h.ana()
		employee.Roles = []isms.Role{isms.Employee}
		_, err = h.Seal(ctx, employee, evidence.Record{Proof: "prf_clock", Outcome: evidence.Done})
		refused(t, err, "can.not_yours")
		tired := h.ana()
		tired.SteppedUp = 0
		_, err = h.Seal(ctx, tired, evidence.Record{Proof: "prf_clock", Outcome: evidence.Done})
		refused(t, err, "step_up.needed")
		_, err = h.Seal(ctx, isms.System, evidence.Record{Proof: "prf_clock", Outcome: evidence.Done})
		refused(t, err, "evidence.person_needed")
		_, err = h.Seal(ctx, h.ana(), evidence.Record{Proof: "prf_clock", Outcome: evidence.Done, Files: []evidence.File{{Digest: "00"}}})
		refused(t, err, "file.missing")
		_, err = h.Seal(ctx, h.ana(), evidence.Record{Proof: "prf_clock", Outcome: evidence.CouldNot, Note: "The owner was ill."})
		must(t, err)
		same(t, "what was done and what could not be", len(h.looks(store.Now)), 2)
		must(t, h.Log.Read(ctx, func(tx *store.Tx) error {
			got, err := evidence.RecordAt(ctx, tx, rec.From)
			same(t, "record of the entry", got.ID, rec.ID)
			all, lerr := evidence.RecordsOf(ctx, tx, "prf_clock", isms.Forever, 10)
			same(t, "records", len(all), 2)
			must(t, lerr)
			return err
		}))
	})
}

// loud is a probe that always sees the same.
type loud struct{ h *house }

func (loud) Key() string { return "host.clock" }

func (p loud) Look(_ context.Context, s probe.Subject, _ probe.Params) probe.Observation {
	o := p.h.clocks("a")[0]
	o.Subject = s
	return o
}

func TestTheRunnerIsAnAgentLikeOthers(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		run := &evidence.Runner{Room: h.Room, Probes: []probe.Probe{loud{h}}, Plan: func(context.Context, *store.Tx, isms.Instant) ([]evidence.Task, isms.Instant, error) {
			return []evidence.Task{
				{Probe: "host.clock", Subject: probe.Subject{ID: "sub_a", Address: "a", Kind: probe.Host}},
				{Probe: "host.nothing", Subject: probe.Subject{ID: "sub_b", Address: "b", Kind: probe.Host}},
			}, 0, nil
		}}
		for range 2 {
			n, _, err := run.Round(ctx)
			must(t, err)
			same(t, "looks", n, 2)
			h.clock.Pass(time.Minute)
		}
		got := h.looks(store.Now)
		same(t, "seen", got[0].Outcome, verdict.Positive)
		same(t, "no such probe", got[1].Outcome, verdict.Error)
		must(t, h.Log.Read(ctx, func(tx *store.Tx) error {
			es, err := ledger.Recent(ctx, tx, store.Now, 1)
			same(t, "kind", es[0].Kind, evidence.BatchReceived)
			if !bytes.Contains(es[0].Payload, []byte(`"turned":[]`)) {
				t.Errorf("the same again turned something: %s", es[0].Payload)
			}
			return err
		}))
	})
}

func TestVerifyFindsWhatWasChangedUnderneath(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := build(t, cfg)
		agent, err := h.Enrol(ctx, h.ana(), "SAMPLE rack 1", key.Public().(ed25519.PublicKey))
		must(t, err)
		_, err = h.Receive(ctx, h.batch(agent.ID, 1, 1, "a b"))
		must(t, err)
		verify := func() string {
			rep := &ledger.Report{OK: true}
			must(t, h.Log.Read(ctx, func(tx *store.Tx) error { return register.Verify(ctx, tx, rep, evidence.Tables()...) }))
			return strings.Join(rep.Codes(), " ")
		}
		same(t, "untouched", verify(), "")
		change := func(text string, args ...any) {
			must(t, h.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
				tx.Append("test.changed", "tst_x", 0, nil)
				_, err := tx.Exec(ctx, text, args...)
				return err
			}))
		}
		change(`UPDATE evidence_look SET proof = 'prf_other' WHERE subject = 'sub_a'`)
		same(t, "a look put under another proof", verify(), "verify.row_without_entry")
		change(`UPDATE evidence_look SET proof = 'prf_clock' WHERE subject = 'sub_a'`)
		change(`UPDATE evidence_batch SET body = $1`, []byte("other"))
		same(t, "a batch changed", verify(), "verify.row_changed")
	})
}
