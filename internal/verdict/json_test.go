package verdict

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"holdfast/internal/isms"
)

func TestParseRefusesWhatCouldMeanSomethingElse(t *testing.T) {
	good := string(isms.Must(tls().Canonical()))
	for name, bad := range map[string]string{
		"unknown name":       strings.Replace(good, `"at":`, `"as_of":1,"at":`, 1),
		"repeated name":      strings.Replace(good, `"at":`, `"at":1,"at":`, 1),
		"later rules":        strings.Replace(good, `"version":1`, `"version":2`, 1),
		"unknown outcome":    strings.Replace(good, `"outcome":"positive"`, `"outcome":"fine"`, 1),
		"no zone":            strings.Replace(good, `"zone":"Europe/Ljubljana"`, `"zone":""`, 1),
		"the host's zone":    strings.Replace(good, `"zone":"Europe/Ljubljana"`, `"zone":"Local"`, 1),
		"same proof twice":   strings.Replace(good, `"proofs":[`, `"proofs":[{"id":"prf_tls","control":"c","kind":"rule","required":true},`, 1),
		"same subject twice": strings.Replace(good, `{"id":"sub_mail"}`, `{"id":"sub_mail"},{"id":"sub_mail"}`, 1),
		"trailing":           good + "{}",
		"empty":              "",
	} {
		if bad == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := Parse([]byte(bad)); isms.KindOf(err) != isms.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCanonicalBytesAreFixed(t *testing.T) {
	in := tls()
	in.Looks, in.Scopes = in.Looks[:1], nil
	const want = `{"at":1773144000000000,"bindings":[{"confirmed":1772355600000000,"confirmed_by":"acc_ana","control":"ctl_tls","id":"bnd_1"}],` +
		`"clause":{"id":"cla_tls"},"looks":[{"observed":1773142200000000,"outcome":"positive","proof":"prf_tls","received":1773142260000000,` +
		`"recorded":1773142260000000,"ref":{"entry":7},"subject":"sub_portal"}],"proofs":[{"control":"ctl_tls","every":"PT1H","id":"prf_tls",` +
		`"kind":"check","required":true,"scope":"scp_web","window":"PT3H"}],"scopes":[],"version":1,"zone":"Europe/Ljubljana"}`
	if got := string(isms.Must(in.Canonical())); got != want {
		t.Fatalf("bundles already written would no longer match:\n%s", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(isms.Must(tls().Canonical()))
	in := review()
	in.Clause.Figures = []Figure{{Kind: PeriodFigure, Value: "P3M"}}
	in.Duties = []Duty{{Proof: "prf_r", Due: noon}}
	in.Exceptions = []Exception{{ID: "exc_1", Proofs: []isms.ID{"prf_r"}, Until: noon, Approved: 1}}
	f.Add(isms.Must(in.Canonical()))
	f.Add([]byte(`{"version":1,"at":0,"zone":"UTC"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := Parse(b)
		if err != nil {
			return
		}
		c := isms.Must(in.Canonical())
		back, err := Parse(c)
		if err != nil {
			t.Fatalf("own bytes refused: %v\n%s", err, c)
		}
		if again := isms.Must(back.Canonical()); !bytes.Equal(c, again) {
			t.Fatalf("not canonical:\n%s\n%s", c, again)
		}
		r := Derive(in)
		if x, y := isms.Must(json.Marshal(r)), isms.Must(json.Marshal(Derive(back))); !bytes.Equal(x, y) {
			t.Fatalf("derives to\n%s\n%s", x, y)
		}
		if live := NewLive(in).Summary(); !same(live, r.Summary) {
			t.Fatalf("kept up to date %+v\nderived %+v", live, r.Summary)
		}
	})
}
