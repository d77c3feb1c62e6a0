package evidence

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/isms"
	"holdfast/internal/verdict"
)

var someLook = rapid.Custom(func(t *rapid.T) verdict.Look {
	l := verdict.Look{Proof: "prf_a", Subject: "sub_a", Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"),
		Observed: isms.Instant(rapid.Int64Range(1, 1e16).Draw(t, "observed")), Received: isms.Instant(rapid.Int64Range(0, 1e16).Draw(t, "received")),
		Recorded: isms.Instant(rapid.Int64Range(1, 1e16).Draw(t, "recorded")),
		Ref:      verdict.Ref{Entry: rapid.Int64Range(0, 1e9).Draw(t, "entry"), Item: rapid.IntRange(0, 1<<14).Draw(t, "item")}}
	if rapid.Bool().Draw(t, "measured") {
		l.Measures = []verdict.Measure{{Kind: verdict.ThresholdFigure, Name: "tls_version", Value: rapid.SampledFrom([]string{"1.2", "1.3"}).Draw(t, "value")}}
	}
	if rapid.Bool().Draw(t, "explained") {
		l.Reasons = []isms.Reason{isms.Because("probe.unclear", "what", "x")}
	}
	return l
})

func TestAPageComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		looks := rapid.SliceOfN(someLook, 1, 80).Draw(t, "looks")
		b, err := encodePage(looks)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodePage(b, "prf_a", "sub_a")
		if err != nil || !reflect.DeepEqual(back, looks) {
			t.Fatalf("got %+v, %v\nwant %+v", back, err, looks)
		}
	})
}

// What counts is enough: Derive says the same of it as of all looks.
func TestCountingLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		looks := rapid.SliceOfN(someLook, 1, 20).Draw(t, "looks")
		at := isms.Instant(rapid.Int64Range(1, 2e16).Draw(t, "at"))
		var recorded []verdict.Look
		for _, l := range looks {
			if l.Recorded <= at {
				recorded = append(recorded, l)
			}
		}
		ask := func(looks []verdict.Look) verdict.Summary {
			return verdict.Derive(verdict.Input{Version: verdict.Version, At: at, Zone: "UTC", Looks: looks,
				Bindings: []verdict.Binding{{ID: "bnd_a", Control: "ctl_a", Confirmed: 1}},
				Proofs:   []verdict.Proof{{ID: "prf_a", Control: "ctl_a", Kind: verdict.CheckProof, Required: true, Every: isms.Period{Years: 30}, Scope: "scp_a"}},
				Scopes:   []verdict.Scope{{ID: "scp_a", Declared: 1, Subjects: []verdict.Subject{{ID: "sub_a"}}}},
			}).Summary
		}
		if all, few := ask(recorded), ask(counting(recorded)); !reflect.DeepEqual(all, few) {
			t.Fatalf("all looks: %+v\nthose that count: %+v", all, few)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 2, 2, 2, 2, 0})
	f.Add([]byte{2, 2, 2, 2, 2, 0x81, 2, '{', '}'})
	f.Fuzz(func(t *testing.T, b []byte) {
		looks, err := decodePage(b, "prf_a", "sub_a")
		if err != nil || len(looks) == 0 {
			return
		}
		again, err := encodePage(looks)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodePage(again, "prf_a", "sub_a"); err != nil || !reflect.DeepEqual(back, looks) {
			t.Fatalf("%+v became %+v, %v", looks, back, err)
		}
	})
}
