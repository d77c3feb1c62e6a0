package people_test

import (
	"bytes"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

var update = flag.Bool("update", false, "write docs/permissions.md")

const matrixFile = "../../docs/permissions.md"

// The manual's matrix is the decision table itself.
func TestTheMatrixOfTheManualIsTheTable(t *testing.T) {
	want := people.Matrix()
	if *update {
		must(t, os.MkdirAll(filepath.Dir(matrixFile), 0o755))
		must(t, os.WriteFile(matrixFile, want, 0o644))
	}
	have, err := os.ReadFile(matrixFile)
	must(t, err)
	if !bytes.Equal(have, want) {
		t.Error("docs/permissions.md is not the decision table: read the difference, then run this test with -update")
	}
}

var (
	roles = append(slices.Clone(people.RolesOf("org_x")), people.Operator)
	me    = isms.ID("acc_me")
)

func drawActor(t *rapid.T) isms.Actor {
	return isms.Actor{
		Account: me, Means: rapid.SampledFrom([]isms.Means{isms.BySession, isms.ByToken}).Draw(t, "means"),
		Roles:     rapid.SliceOfNDistinct(rapid.SampledFrom(roles), 0, 3, rapid.ID).Draw(t, "roles"),
		Scopes:    rapid.SliceOfN(rapid.SampledFrom([]string{"read", "write", "policy.read", "exception.approve"}), 0, 2).Draw(t, "scopes"),
		SteppedUp: isms.Instant(rapid.Int64Range(0, 10).Draw(t, "stepped up")) * 60_000_000,
	}
}

func drawRecord(t *rapid.T) people.Record {
	who := rapid.SampledFrom([]isms.ID{"", me, "acc_other"})
	return people.Record{Owner: who.Draw(t, "owner"), Restricted: rapid.Bool().Draw(t, "restricted"), RequestedBy: who.Draw(t, "requested by")}
}

func TestAuditorsNeverWriteAndNobodyActsWithoutARole(t *testing.T) {
	acts := people.Acts()
	rapid.Check(t, func(t *rapid.T) {
		actor, rec := drawActor(t), drawRecord(t)
		act := rapid.SampledFrom(acts).Draw(t, "act")
		ok, why := people.Can(actor, act, rec)
		if ok == (why.Code != "") {
			t.Fatal("a refusal has a reason and a permission has none", why)
		}
		if !ok {
			return
		}
		if len(actor.Roles) == 0 {
			t.Fatal("somebody without a role may", act)
		}
		if slices.Equal(actor.Roles, []isms.Role{isms.Auditor}) && people.Writes(act) {
			t.Fatal("an auditor may", act)
		}
		if people.NeedsTwo(act) && rec.RequestedBy == me {
			t.Fatal("who asked may decide", act)
		}
		if actor.Means == isms.ByToken && people.Writes(act) && !slices.Contains(actor.Scopes, "write") && !slices.Contains(actor.Scopes, string(act)) {
			t.Fatal("a token goes beyond its scope with", act)
		}
		// More roles never allow less.
		for _, r := range roles {
			more := actor
			more.Roles = append(slices.Clone(actor.Roles), r)
			if still, _ := people.Can(more, act, rec); !still {
				t.Fatal("another role takes a permission away:", act, r)
			}
		}
		// Elsewhere the same roles count nothing.
		actor.Place, rec.Place = "org_a", "org_b"
		if ok, _ := people.Can(actor, act, rec); ok {
			t.Fatal("roles of one organisation count in another:", act)
		}
	})
	for _, act := range acts {
		for _, actor := range []isms.Actor{{}, {Account: me}, {Roles: roles}, {Means: isms.BySession, Roles: roles}} {
			if ok, _ := people.Can(actor, act, people.Record{}); ok {
				t.Errorf("%+v may %s", actor, act)
			}
		}
		if ok, _ := people.Can(isms.System, act, people.Record{}); ok && people.NeedsTwo(act) {
			t.Errorf("the command line may %s", act)
		}
		agent := isms.Actor{Means: isms.ByAgent, Via: "agt_x"}
		if ok, _ := people.Can(agent, act, people.Record{}); ok != (act == people.AgentReport) {
			t.Errorf("agent and %s: %v", act, ok)
		}
		if ok, why := people.Can(isms.Actor{Account: me, Means: isms.BySession, Roles: []isms.Role{isms.Auditor}}, act, people.Record{Owner: me}); people.Writes(act) && ok {
			t.Errorf("auditor may %s %v", act, why)
		}
	}
}

var things = store.Schema{Room: "test", Files: fstest.MapFS{"m/0001_thing.sql": {Data: []byte(
	`CREATE TABLE thing (id TEXT PRIMARY KEY, owner TEXT NOT NULL, restricted BOOLEAN NOT NULL, requested_by TEXT NOT NULL);`)}}, Housekeeping: []string{"thing"}}

// A list shows exactly the records that the actor may act on one by one.
func TestScopeOfAListAgreesWithCanOfEachRecord(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		h := open(t, cfg)
		db := h.in.Store.Instance()
		must(t, db.Migrate(ctx, store.FilesSchema, ledger.Schema, people.Schema, things))
		recs := map[string]people.Record{}
		must(t, h.in.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			for _, owner := range []isms.ID{"", me, "acc_other"} {
				for _, asked := range []isms.ID{"", me, "acc_other"} {
					for _, restricted := range []bool{false, true} {
						id := fmt.Sprint(len(recs))
						recs[id] = people.Record{Owner: owner, Restricted: restricted, RequestedBy: asked}
						if _, err := tx.Exec(ctx, `INSERT INTO thing (id, owner, restricted, requested_by) VALUES ($1, $2, $3, $4)`,
							id, string(owner), restricted, string(asked)); err != nil {
							return err
						}
					}
				}
			}
			return nil
		}))
		check := func(t *rapid.T) {
			actor := drawActor(t)
			act := rapid.SampledFrom(people.Acts()).Draw(t, "act")
			cond, args := people.Scope(actor, act, 2)
			listed := map[string]bool{}
			err := h.in.Log.Read(ctx, func(tx *store.Tx) error {
				return tx.Query(ctx, func(r *sql.Rows) error {
					var id string
					err := r.Scan(&id)
					listed[id] = true
					return err
				}, `SELECT id FROM thing WHERE id <> $1 AND `+cond, append([]any{"none"}, args...)...)
			})
			if err != nil {
				t.Fatal(err)
			}
			for id, rec := range recs {
				if ok, why := people.Can(actor, act, rec); ok != listed[id] {
					t.Fatalf("%s by %v on %+v: Can says %v %v, the list %v (%s)", act, actor, rec, ok, why, listed[id], cond)
				}
			}
		}
		rapid.Check(t, check)
	})
}

func TestAFreshFactorLastsFiveMinutes(t *testing.T) {
	now := isms.InstantOf(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))
	officer := isms.Actor{Account: me, Means: isms.BySession, Roles: []isms.Role{isms.SecurityOfficer}}
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{{0, ""}, {4*time.Minute + 59*time.Second, ""}, {5 * time.Minute, "step_up.needed"}, {-time.Second, "step_up.needed"}} {
		officer.SteppedUp = now.Add(-c.ago)
		err := people.Allow(officer, people.EvidenceSeal, people.Record{}, now)
		if isms.CodeOf(err) != c.want || c.want != "" && isms.KindOf(err) != isms.StepUp {
			t.Errorf("%v ago: %v", c.ago, err)
		}
	}
	officer.SteppedUp = 0
	wantCode(t, people.Allow(officer, people.PolicyImport, people.Record{}, now), "")
	officer.Means, officer.Scopes = isms.ByToken, []string{"write"}
	wantCode(t, people.Allow(officer, people.EvidenceSeal, people.Record{}, now), "step_up.token")
	wantCode(t, people.Allow(isms.Actor{}, people.PolicyRead, people.Record{}, now), "can.nobody")
	wantCode(t, people.Apart(me, officer), "apart.you_asked")
	wantCode(t, people.Apart("acc_other", officer), "")
	wantCode(t, people.Apart(me, isms.System), "apart.person_needed")
	if ok, why := people.Can(officer, "policy.burn", people.Record{}); ok || why.Code != "can.unknown_act" {
		t.Error(why)
	}
	if !strings.Contains(string(people.Matrix()), "exception.approve") {
		t.Error("the matrix lacks an act")
	}
}
