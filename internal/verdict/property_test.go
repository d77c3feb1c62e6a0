package verdict

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/internal/isms"
)

// small worlds: few names and few moments, so that collisions and boundaries are common.
const hour = isms.Instant(3_600_000_000)

var day0 = at("2026-03-27 00:00") // two days before summer time

func moment(t *rapid.T, name string) isms.Instant {
	return day0 + hour*isms.Instant(rapid.IntRange(1, 96).Draw(t, name))
}

func drawLook(t *rapid.T) Look {
	l := Look{
		Proof:    isms.ID(rapid.SampledFrom([]string{"prf_1", "prf_2", "prf_3"}).Draw(t, "proof")),
		Subject:  isms.ID(rapid.SampledFrom([]string{"", "sub_1", "sub_2", "sub_3"}).Draw(t, "subject")),
		Outcome:  rapid.SampledFrom([]Outcome{Positive, Positive, Negative, Error}).Draw(t, "outcome"),
		Observed: moment(t, "observed"), Received: moment(t, "received"), Recorded: moment(t, "recorded"),
		Ref: Ref{Entry: rapid.Int64Range(1, 1<<40).Draw(t, "entry")},
	}
	if rapid.Bool().Draw(t, "measured") {
		l.Measures = []Measure{{Kind: ThresholdFigure, Name: "n", Value: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "measure")}}
	}
	return l
}

func drawFigures(t *rapid.T, parts []string) []Figure {
	var out []Figure
	for range rapid.IntRange(0, 2).Draw(t, "figures") {
		f := Figure{Kind: PeriodFigure, Value: rapid.SampledFrom([]string{"PT6H", "P1D", "P2D"}).Draw(t, "period")}
		if rapid.IntRange(0, 3).Draw(t, "threshold") == 0 {
			f = Figure{Kind: ThresholdFigure, Name: "n", Value: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "value")}
		}
		f.Part = rapid.SampledFrom(append([]string{""}, parts...)).Draw(t, "part")
		out = append(out, f)
	}
	return out
}

func drawParts(t *rapid.T, of []string) []string {
	return slices.DeleteFunc(slices.Clone(of), func(string) bool { return rapid.Bool().Draw(t, "without") })
}

func drawInput(t *rapid.T) Input {
	in := Input{Version: Version, At: moment(t, "at"), Zone: "Europe/Ljubljana", Clause: Clause{ID: "cla_1"}}
	in.Clause.Parts = drawParts(t, []string{"a", "b"})
	in.Clause.Figures = drawFigures(t, in.Clause.Parts)
	for i := range rapid.IntRange(0, 2).Draw(t, "bindings") {
		b := Binding{ID: isms.ID(fmt.Sprint("bnd_", i)), Control: isms.ID(fmt.Sprint("ctl_", i)), Parts: drawParts(t, in.Clause.Parts)}
		b.Figures = drawFigures(t, in.Clause.Parts)
		if rapid.IntRange(0, 3).Draw(t, "confirmed") > 0 {
			b.Confirmed = day0
		}
		in.Bindings = append(in.Bindings, b)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "proofs") {
		p := Proof{ID: isms.ID(fmt.Sprint("prf_", i+1)), Control: isms.ID(fmt.Sprint("ctl_", i%2)),
			Kind:     rapid.SampledFrom([]ProofKind{CheckProof, DutyProof, RuleProof}).Draw(t, "kind"),
			Required: rapid.IntRange(0, 3).Draw(t, "required") > 0,
			Every:    rapid.SampledFrom([]isms.Period{{}, period("PT6H"), period("P1D")}).Draw(t, "every"),
			Window:   rapid.SampledFrom([]isms.Period{{}, period("PT12H"), period("P2D")}).Draw(t, "window"),
			Scope:    isms.ID(rapid.SampledFrom([]string{"", "scp_1", "scp_1", "scp_2"}).Draw(t, "scope")),
			Parts:    drawParts(t, in.Clause.Parts),
		}
		if rapid.Bool().Draw(t, "plans") {
			p.Figures = []Figure{{Kind: ThresholdFigure, Name: "n", Value: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "value")}}
		}
		in.Proofs = append(in.Proofs, p)
	}
	for i := range 2 {
		s := Scope{ID: isms.ID(fmt.Sprint("scp_", i+1))}
		if rapid.IntRange(0, 3).Draw(t, "declared") > 0 {
			s.Declared = day0
		}
		for k := range rapid.IntRange(0, 3).Draw(t, "subjects") {
			x := Subject{ID: isms.ID(fmt.Sprint("sub_", k+1))}
			if rapid.IntRange(0, 4).Draw(t, "moves") == 0 {
				x.Added, x.Retired = moment(t, "added"), moment(t, "retired")
			}
			s.Subjects = append(s.Subjects, x)
		}
		in.Scopes = append(in.Scopes, s)
	}
	for range rapid.IntRange(0, 12).Draw(t, "looks") {
		in.Looks = append(in.Looks, drawLook(t))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "exceptions") {
		in.Exceptions = append(in.Exceptions, Exception{ID: isms.ID(fmt.Sprint("exc_", i)), Approved: moment(t, "approved"),
			Proofs:   drawIDs(t, "prf_1", "prf_2"),
			Subjects: drawIDs(t, "sub_1", "sub_2"),
			From:     moment(t, "from"), Until: moment(t, "until")})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "duties") {
		in.Duties = append(in.Duties, Duty{Proof: isms.ID(fmt.Sprint("prf_", i+1)), Subject: isms.ID(rapid.SampledFrom([]string{"", "sub_1"}).Draw(t, "on")),
			Due: moment(t, "due"), Recorded: moment(t, "planned")})
	}
	return in
}

func drawIDs(t *rapid.T, of ...isms.ID) []isms.ID {
	return slices.DeleteFunc(of, func(isms.ID) bool { return rapid.Bool().Draw(t, "not named") })
}

func TestAFailingLookNeverImproves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		before := Derive(in).Verdict
		l := drawLook(t)
		l.Outcome = Negative
		for _, o := range in.Looks { // a look newer than all others, which is what one that arrives is
			l.Observed, l.Received, l.Recorded = max(l.Observed, o.when()), max(l.Received, o.when()), max(l.Recorded, o.when())
		}
		in.Looks = append(in.Looks, l)
		if after := Derive(in).Verdict; after.Rank() > before.Rank() {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

// Without a look that was not negative nothing holds that did not hold with it. (The
// rank may rise within what does not hold: without its old look a stale subject is unproven.)
func TestLosingALookNeverMakesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		if len(in.Looks) == 0 {
			return
		}
		before := Derive(in).Verdict
		i := rapid.IntRange(0, len(in.Looks)-1).Draw(t, "lost")
		if in.Looks[i].Outcome == Negative || len(in.Looks[i].Measures) > 0 {
			return // a positive look can be negative against a promised figure
		}
		in.Looks = slices.Delete(in.Looks, i, i+1)
		if after := Derive(in).Verdict; (after == isms.Holding || after == isms.Excepted) && after.Rank() > before.Rank() {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestNothingRecordedLaterPlaysAPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		before := isms.Must(json.Marshal(Derive(in)))
		for range rapid.IntRange(1, 4).Draw(t, "later looks") {
			l := drawLook(t)
			l.Recorded = in.At + isms.Instant(rapid.Int64Range(1, 1e12).Draw(t, "later"))
			in.Looks = append(in.Looks, l)
		}
		in.Exceptions = append(in.Exceptions, Exception{ID: "exc_later", Proofs: []isms.ID{"prf_1", "prf_2", "prf_3"}, Approved: in.At + 1, Until: in.At + 2*hour})
		in.Duties = append(in.Duties, Duty{Proof: "prf_1", Due: in.At + hour, Recorded: in.At + 1})
		for i := range in.Bindings {
			if in.Bindings[i].Confirmed == 0 {
				in.Bindings[i].Confirmed = in.At + 1
			}
		}
		if after := isms.Must(json.Marshal(Derive(in))); string(after) != string(before) {
			t.Fatalf("before %s\nafter  %s", before, after)
		}
	})
}

func TestOrderIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		a, ca := isms.Must(json.Marshal(Derive(in))), isms.Must(in.Canonical())
		in.Looks = rapid.Permutation(in.Looks).Draw(t, "looks")
		in.Bindings = rapid.Permutation(in.Bindings).Draw(t, "bindings")
		in.Proofs = rapid.Permutation(in.Proofs).Draw(t, "proofs")
		in.Scopes = rapid.Permutation(in.Scopes).Draw(t, "scopes")
		in.Exceptions = rapid.Permutation(in.Exceptions).Draw(t, "exceptions")
		in.Duties = rapid.Permutation(in.Duties).Draw(t, "duties")
		in.Clause.Figures = rapid.Permutation(in.Clause.Figures).Draw(t, "figures")
		if b := isms.Must(json.Marshal(Derive(in))); string(a) != string(b) {
			t.Fatalf("first %s\nthen  %s", a, b)
		}
		if cb := isms.Must(in.Canonical()); string(ca) != string(cb) {
			t.Fatalf("canonical bytes depend on the order:\n%s\n%s", ca, cb)
		}
	})
}

func TestBundlesDeriveToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		b := isms.Must(in.Canonical())
		back, err := Parse(b)
		if err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		if x, y := isms.Must(json.Marshal(Derive(in))), isms.Must(json.Marshal(Derive(back))); string(x) != string(y) {
			t.Fatalf("live %s\nread %s", x, y)
		}
	})
}

func TestNothingChangesBeforeNextChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Looks = slices.DeleteFunc(in.Looks, func(l Look) bool { return l.Recorded > in.At })
		in.Duties = slices.DeleteFunc(in.Duties, func(d Duty) bool { return d.Recorded > in.At })
		in.Exceptions = slices.DeleteFunc(in.Exceptions, func(e Exception) bool { return e.Approved > in.At })
		for i := range in.Scopes {
			for k := range in.Scopes[i].Subjects {
				in.Scopes[i].Subjects[k].Added, in.Scopes[i].Subjects[k].Retired = 0, 0
			}
		}
		before := Derive(in)
		end := before.NextChange
		if end == 0 {
			end = in.At + 1000*hour
		}
		in.At = isms.Instant(rapid.Int64Range(int64(in.At), int64(end-1)).Draw(t, "then"))
		if after := Derive(in); after.Verdict != before.Verdict || after.Subjects != before.Subjects {
			t.Fatalf("%+v became %+v at %s", before.Summary, after.Summary, in.At)
		}
	})
}

func TestPassingOfTimeNeverImproves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Looks = slices.DeleteFunc(in.Looks, func(l Look) bool { return l.Recorded > in.At })
		in.Exceptions, in.Duties = nil, nil
		for i := range in.Scopes {
			for k := range in.Scopes[i].Subjects {
				in.Scopes[i].Subjects[k].Added, in.Scopes[i].Subjects[k].Retired = 0, 0
			}
		}
		before := Derive(in).Verdict
		in.At += isms.Instant(rapid.Int64Range(0, int64(200*hour)).Draw(t, "later"))
		if after := Derive(in).Verdict; after.Rank() > before.Rank() {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestKeptUpToDateEqualsDerivedAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		live := NewLive(in)
		later := slices.DeleteFunc(slices.Clone(in.Looks), func(l Look) bool { return l.Recorded <= in.At })
		in.Looks = slices.DeleteFunc(in.Looks, func(l Look) bool { return l.Recorded > in.At })
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "look") {
				l := drawLook(t)
				if len(later) > 0 {
					l, later = later[0], later[1:]
				}
				in.Looks, in.At = append(in.Looks, l), max(in.At, l.Recorded)
				live.Look(l)
			} else {
				in.At += isms.Instant(rapid.Int64Range(0, int64(20*hour)).Draw(t, "pass"))
				live.Advance(in.At)
			}
			if got, want := live.Summary(), Derive(in).Summary; !same(got, want) {
				t.Fatalf("kept %s\nanew %s", isms.Must(json.Marshal(got)), isms.Must(json.Marshal(want)))
			}
		}
	})
}
