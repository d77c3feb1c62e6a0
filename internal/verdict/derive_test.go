package verdict

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"holdfast/internal/isms"
)

func at(s string) isms.Instant {
	t, err := time.Parse("2006-01-02 15:04", s)
	return isms.InstantOf(isms.Must(t, err))
}

func period(s string) isms.Period { return isms.Must(isms.ParsePeriod(s)) }

var noon = at("2026-03-10 12:00")

// tls is a clause about two endpoints, bound, declared and looked at within the hour.
func tls() Input {
	look := func(subject isms.ID, entry int64) Look {
		return Look{Proof: "prf_tls", Subject: subject, Outcome: Positive, Observed: at("2026-03-10 11:30"),
			Received: at("2026-03-10 11:31"), Recorded: at("2026-03-10 11:31"), Ref: Ref{Entry: entry}}
	}
	return Input{
		Version: Version, At: noon, Zone: "Europe/Ljubljana",
		Clause:   Clause{ID: "cla_tls"},
		Bindings: []Binding{{ID: "bnd_1", Control: "ctl_tls", Confirmed: at("2026-03-01 09:00"), ConfirmedBy: "acc_ana"}},
		Proofs:   []Proof{{ID: "prf_tls", Control: "ctl_tls", Kind: CheckProof, Required: true, Every: period("PT1H"), Window: period("PT3H"), Scope: "scp_web"}},
		Scopes: []Scope{{ID: "scp_web", Declared: at("2026-03-01 09:00"), DeclaredBy: "acc_ana",
			Subjects: []Subject{{ID: "sub_portal"}, {ID: "sub_mail"}}}},
		Looks: []Look{look("sub_portal", 7), look("sub_mail", 8)},
	}
}

// review is a clause answered by a yearly duty of the organisation, done in January.
func review() Input {
	return Input{
		Version: Version, At: noon, Zone: "Europe/Ljubljana",
		Clause:   Clause{ID: "cla_review"},
		Bindings: []Binding{{ID: "bnd_r", Control: "ctl_r", Confirmed: 1}},
		Proofs:   []Proof{{ID: "prf_r", Control: "ctl_r", Kind: DutyProof, Required: true, Every: period("P1Y")}},
		Looks:    []Look{{Proof: "prf_r", Outcome: Positive, Observed: at("2026-01-05 10:00"), Recorded: at("2026-01-05 10:00"), Ref: Ref{Entry: 3}}},
	}
}

type row struct {
	name  string
	from  func() Input
	do    func(in *Input)
	want  isms.Verdict
	says  string       // code of a reason that must stand somewhere in the result
	next  isms.Instant // expected NextChange; zero: not asked
	tally string       // "holding/of" of Subjects; empty: not asked
}

func TestTheAlgebra(t *testing.T) {
	rows := []row{
		{name: "all looks positive and fresh", from: tls, want: isms.Holding, next: at("2026-03-10 14:30"), tally: "2/2"},
		{name: "one subject negative", from: tls, do: func(in *Input) { in.Looks[0].Outcome = Negative }, want: isms.Failing, says: "verdict.negative", tally: "1/2"},
		{name: "a negative look stays negative past its window", from: tls, do: func(in *Input) { in.Looks[0].Outcome = Negative; in.At = at("2026-03-12 12:00") }, want: isms.Failing},
		{name: "failing outranks stale", from: tls, do: func(in *Input) { in.Looks[0].Outcome = Negative; in.Looks[1].Observed = 1 }, want: isms.Failing, says: "verdict.stale"},
		{name: "one moment before the window ends", from: tls, do: func(in *Input) { in.At = at("2026-03-10 14:30") - 1 }, want: isms.Holding},
		{name: "the window has ended", from: tls, do: func(in *Input) { in.At = at("2026-03-10 14:30") }, want: isms.Stale, says: "verdict.stale", tally: "0/2"},
		{name: "stale outranks unproven", from: tls, do: func(in *Input) { in.Looks = in.Looks[:1]; in.At = at("2026-03-10 15:00") }, want: isms.Stale, says: "verdict.never_looked"},
		{name: "a claimed time in the future makes nothing younger", from: tls, do: func(in *Input) {
			in.Looks[0].Observed, in.Looks[1].Observed = at("2030-01-01 00:00"), at("2030-01-01 00:00")
			in.At = at("2026-03-10 14:31")
		}, want: isms.Stale},
		{name: "nor does a claimed time of receipt in the future", from: tls, do: func(in *Input) {
			for i := range in.Looks {
				in.Looks[i].Observed, in.Looks[i].Received = at("2030-01-01 00:00"), at("2030-01-01 00:00")
			}
			in.At = at("2026-03-10 14:31")
		}, want: isms.Stale},
		{name: "of two looks at the same moment the one recorded later counts", from: tls, do: func(in *Input) {
			again := in.Looks[0]
			again.Outcome, again.Recorded = Negative, again.Recorded-1
			in.Looks = append(in.Looks, again)
		}, want: isms.Holding},
		{name: "of two looks recorded together the worse counts", from: tls, do: func(in *Input) {
			again := in.Looks[0]
			again.Outcome, again.Ref.Entry = Negative, 1
			in.Looks = append(in.Looks, again)
		}, want: isms.Failing},
		{name: "whichever of them comes first", from: tls, do: func(in *Input) {
			again := in.Looks[0]
			again.Outcome, again.Ref.Entry = Negative, 99
			in.Looks = append(in.Looks, again)
		}, want: isms.Failing},
		{name: "a look recorded later plays no part", from: tls, do: func(in *Input) { in.Looks[0].Outcome, in.Looks[0].Recorded = Negative, noon+1 }, want: isms.Unproven, says: "verdict.never_looked"},
		{name: "without window and plan nothing counts", from: tls, do: func(in *Input) { in.Proofs[0].Every, in.Proofs[0].Window = isms.Period{}, isms.Period{} }, want: isms.Unproven, says: "verdict.no_window"},
		{name: "the plan is the window where none is given", from: tls, do: func(in *Input) { in.Proofs[0].Window = isms.Period{} }, want: isms.Holding, next: at("2026-03-10 12:30")},

		{name: "could not look, never looked", from: tls, do: func(in *Input) { in.Looks[0].Outcome = Error }, want: isms.Unproven, says: "verdict.could_not_look", tally: "1/2"},
		{name: "could not look ages into stale", from: tls, do: func(in *Input) { in.Looks[0].Outcome = Error; in.At = at("2026-03-10 14:30") }, want: isms.Stale},
		{name: "could not look again and again does not stay young", from: tls, do: func(in *Input) {
			in.Scopes[0].Subjects = in.Scopes[0].Subjects[:1]
			in.Looks[0].Outcome = Error
			again := in.Looks[0]
			again.Observed, again.Received, again.Recorded = at("2026-03-10 14:20"), at("2026-03-10 14:20"), at("2026-03-10 14:20")
			in.Looks = append(in.Looks, again)
			in.At = at("2026-03-10 14:30")
		}, want: isms.Stale, says: "verdict.could_not_look"},
		{name: "could not look after a good look", from: tls, do: func(in *Input) {
			in.Looks = append(in.Looks, Look{Proof: "prf_tls", Subject: "sub_mail", Outcome: Error, Observed: noon - 60, Recorded: noon - 60})
		}, want: isms.Holding, says: "verdict.could_not_look", next: at("2026-03-10 14:30")},
		{name: "could not look after a bad look is still bad", from: tls, do: func(in *Input) {
			in.Looks[1].Outcome = Negative
			in.Looks = append(in.Looks, Look{Proof: "prf_tls", Subject: "sub_mail", Outcome: Error, Observed: noon - 60, Recorded: noon - 60})
		}, want: isms.Failing},

		{name: "nothing bound", from: tls, do: func(in *Input) { in.Bindings = nil }, want: isms.Unproven, says: "verdict.no_binding"},
		{name: "bound but not confirmed", from: tls, do: func(in *Input) { in.Bindings[0].Confirmed = 0 }, want: isms.Unproven, says: "verdict.binding_proposed"},
		{name: "confirmed later", from: tls, do: func(in *Input) { in.Bindings[0].Confirmed = noon + 1 }, want: isms.Unproven},
		{name: "a failing proof under an unconfirmed binding plays no part", from: tls, do: func(in *Input) {
			in.Bindings = append(in.Bindings, Binding{ID: "bnd_2", Control: "ctl_x"})
			in.Proofs = append(in.Proofs, Proof{ID: "prf_x", Control: "ctl_x", Kind: RuleProof, Required: true, Every: period("P1D")})
			in.Looks = append(in.Looks, Look{Proof: "prf_x", Outcome: Negative, Observed: noon - 1, Recorded: noon - 1})
		}, want: isms.Holding, says: "verdict.binding_proposed"},
		{name: "no proof at all", from: tls, do: func(in *Input) { in.Proofs = nil }, want: isms.Unproven, says: "verdict.no_required_proof"},
		{name: "only supporting proofs", from: tls, do: func(in *Input) { in.Proofs[0].Required = false }, want: isms.Unproven, says: "verdict.no_required_proof"},
		{name: "one of two controls has no proof", from: tls, do: func(in *Input) {
			in.Bindings = append(in.Bindings, Binding{ID: "bnd_2", Control: "ctl_x", Confirmed: 1})
		}, want: isms.Unproven, says: "verdict.no_required_proof"},
		{name: "a supporting proof fails", from: tls, do: func(in *Input) {
			in.Proofs = append(in.Proofs, Proof{ID: "prf_x", Control: "ctl_tls", Kind: RuleProof, Every: period("P1D")})
			in.Looks = append(in.Looks, Look{Proof: "prf_x", Outcome: Negative, Observed: noon - 1, Recorded: noon - 1})
		}, want: isms.Holding, says: "verdict.negative"},

		{name: "zero subjects", from: tls, do: func(in *Input) { in.Scopes[0].Subjects = nil }, want: isms.Unproven, says: "verdict.no_subjects", tally: "0/0"},
		{name: "no scope", from: tls, do: func(in *Input) { in.Scopes = nil }, want: isms.Unproven, says: "verdict.no_subjects"},
		{name: "a check about the organisation as a whole has no subjects", from: tls, do: func(in *Input) { in.Proofs[0].Scope = "" }, want: isms.Unproven, says: "verdict.no_subjects"},
		{name: "list not declared complete", from: tls, do: func(in *Input) { in.Scopes[0].Declared = 0 }, want: isms.Unproven, says: "verdict.scope_undeclared", tally: "2/2"},
		{name: "list declared complete later", from: tls, do: func(in *Input) { in.Scopes[0].Declared = noon + 1 }, want: isms.Unproven, says: "verdict.scope_undeclared"},
		{name: "a failing subject shows through an undeclared list", from: tls, do: func(in *Input) { in.Scopes[0].Declared = 0; in.Looks[0].Outcome = Negative }, want: isms.Failing},
		{name: "a new subject without a look", from: tls, do: func(in *Input) {
			in.Scopes[0].Subjects = append(in.Scopes[0].Subjects, Subject{ID: "sub_new", Added: noon})
		}, want: isms.Unproven, says: "verdict.never_looked", tally: "2/3"},
		{name: "a subject not yet there", from: tls, do: func(in *Input) {
			in.Scopes[0].Subjects = append(in.Scopes[0].Subjects, Subject{ID: "sub_new", Added: noon + 1})
		}, want: isms.Holding, tally: "2/2"},
		{name: "a failing subject was retired", from: tls, do: func(in *Input) { in.Looks[0].Outcome = Negative; in.Scopes[0].Subjects[0].Retired = noon }, want: isms.Holding, tally: "1/1"},
		{name: "the last subject was retired", from: tls, do: func(in *Input) { in.Scopes[0].Subjects[0].Retired, in.Scopes[0].Subjects[1].Retired = 1, 1 }, want: isms.Unproven, says: "verdict.no_subjects"},
		{name: "a look on a subject outside the scope", from: tls, do: func(in *Input) { in.Looks[0].Subject = "sub_other" }, want: isms.Unproven, says: "verdict.never_looked"},

		{name: "a part of the sentence without proof", from: tls, do: func(in *Input) {
			in.Clause.Parts, in.Bindings[0].Parts = []string{"a", "b", "c"}, []string{"a", "c"}
		}, want: isms.Unproven, says: "verdict.part_without_proof"},
		{name: "every part proven", from: tls, do: func(in *Input) { in.Clause.Parts = []string{"a", "b"} }, want: isms.Holding, says: "verdict.parts_proven"},
		{name: "the proof covers fewer parts than its binding", from: tls, do: func(in *Input) { in.Clause.Parts, in.Proofs[0].Parts = []string{"a", "b"}, []string{"b"} }, want: isms.Unproven, says: "verdict.part_without_proof"},

		{name: "promised daily, planned with three days", from: tls, do: func(in *Input) {
			in.Proofs[0].Every, in.Proofs[0].Window = period("P1D"), period("P3D")
			in.Bindings[0].Figures = []Figure{{Kind: PeriodFigure, Value: "P1D"}}
			in.At = at("2026-03-11 11:30")
		}, want: isms.Stale, says: "verdict.promised_shorter"},
		{name: "a longer promise changes nothing", from: tls, do: func(in *Input) { in.Clause.Figures = []Figure{{Kind: PeriodFigure, Value: "P1Y"}} }, want: isms.Holding, next: at("2026-03-10 14:30")},
		{name: "promised P3M, planned P1Y, within the quarter", from: review, do: func(in *Input) { in.Clause.Figures = []Figure{{Kind: PeriodFigure, Value: "P3M"}} },
			want: isms.Holding, says: "verdict.promised_shorter", next: at("2026-04-05 09:00")}, // summer time has begun
		{name: "promised P3M, planned P1Y, after the quarter", from: review, do: func(in *Input) {
			in.Clause.Figures = []Figure{{Kind: PeriodFigure, Value: "P3M"}}
			in.At = at("2026-04-05 09:00")
		}, want: isms.Stale, says: "verdict.promised_shorter"},
		{name: "the stricter of clause and binding counts", from: review, do: func(in *Input) {
			in.Clause.Figures, in.Bindings[0].Figures = []Figure{{Kind: PeriodFigure, Value: "P1M"}}, []Figure{{Kind: PeriodFigure, Value: "P3M"}}
		}, want: isms.Stale},
		{name: "a figure of another part does not tighten", from: review, do: func(in *Input) {
			in.Clause.Parts, in.Clause.Figures = []string{"a", "b"}, []Figure{{Kind: PeriodFigure, Value: "P1M", Part: "b"}}
			in.Proofs[0].Parts = []string{"a"}
			in.Bindings[0].Parts = []string{"a"}
		}, want: isms.Unproven, next: at("2027-01-05 10:00")},
		{name: "a promised threshold that nothing judges", from: tls, do: func(in *Input) { in.Bindings[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.2"}} }, want: isms.Unproven, says: "verdict.figure_not_planned"},
		{name: "a promised threshold, planned as strictly", from: tls, do: func(in *Input) {
			in.Bindings[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.2"}}
			in.Proofs[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.3"}}
		}, want: isms.Holding},
		{name: "a promised threshold, planned weaker", from: tls, do: func(in *Input) {
			in.Bindings[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.2"}}
			in.Proofs[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.1"}}
		}, want: isms.Unproven, says: "verdict.figure_not_judged"},
		{name: "planned weaker, but measured well", from: tls, do: func(in *Input) {
			in.Bindings[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.2"}}
			in.Proofs[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.1"}}
			for i := range in.Looks {
				in.Looks[i].Measures = []Measure{{Kind: ThresholdFigure, Name: "tls", Value: "1.2"}}
			}
		}, want: isms.Holding},
		{name: "planned weaker, and measured badly", from: tls, do: func(in *Input) {
			in.Bindings[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.2"}}
			in.Proofs[0].Figures = []Figure{{Kind: ThresholdFigure, Name: "tls", Value: "1.1"}}
			in.Looks[1].Measures = []Measure{{Kind: ThresholdFigure, Name: "tls", Value: "1.1"}}
		}, want: isms.Failing, says: "verdict.figure_missed"},

		{name: "an exception for the failing subject", from: tls, do: func(in *Input) {
			in.Looks[0].Outcome = Negative
			in.Exceptions = []Exception{{ID: "exc_1", Subjects: []isms.ID{"sub_portal"}, Until: noon + 9, Approved: 1}}
		}, want: isms.Excepted, says: "verdict.excepted", next: noon + 9, tally: "1/2"},
		{name: "the exception has ended", from: tls, do: func(in *Input) {
			in.Looks[0].Outcome = Negative
			in.Exceptions = []Exception{{ID: "exc_1", Subjects: []isms.ID{"sub_portal"}, Until: noon, Approved: 1}}
		}, want: isms.Failing},
		{name: "the exception has not begun", from: tls, do: func(in *Input) {
			in.Looks[0].Outcome = Negative
			in.Exceptions = []Exception{{ID: "exc_1", Subjects: []isms.ID{"sub_portal"}, From: noon + 5, Until: noon + 9, Approved: 1}}
		}, want: isms.Failing, next: noon + 5},
		{name: "the exception is not approved", from: tls, do: func(in *Input) {
			in.Looks[0].Outcome = Negative
			in.Exceptions = []Exception{{ID: "exc_1", Subjects: []isms.ID{"sub_portal"}, Until: noon + 9}}
		}, want: isms.Failing},
		{name: "an exception without an end", from: tls, do: func(in *Input) {
			in.Looks[0].Outcome = Negative
			in.Exceptions = []Exception{{ID: "exc_1", Subjects: []isms.ID{"sub_portal"}, Until: isms.Forever, Approved: 1}}
		}, want: isms.Failing, says: "verdict.exception_unending"},
		{name: "an exception for another subject", from: tls, do: func(in *Input) {
			in.Looks[0].Outcome = Negative
			in.Exceptions = []Exception{{ID: "exc_1", Subjects: []isms.ID{"sub_mail"}, Until: noon + 9, Approved: 1}}
		}, want: isms.Failing},
		{name: "an exception for another proof on the same subject", from: tls, do: func(in *Input) {
			in.Looks[0].Outcome = Negative
			in.Exceptions = []Exception{{ID: "exc_1", Proofs: []isms.ID{"prf_x"}, Subjects: []isms.ID{"sub_portal"}, Until: noon + 9, Approved: 1}}
		}, want: isms.Failing},
		{name: "an exception that names nothing", from: tls, do: func(in *Input) {
			in.Looks[0].Outcome = Negative
			in.Exceptions = []Exception{{ID: "exc_1", Until: noon + 9, Approved: 1}}
		}, want: isms.Failing},
		{name: "an exception for the proof covers its lacks", from: tls, do: func(in *Input) {
			in.Scopes[0].Subjects = nil
			in.Exceptions = []Exception{{ID: "exc_1", Proofs: []isms.ID{"prf_tls"}, Until: noon + 9, Approved: 1}}
		}, want: isms.Excepted, says: "verdict.no_subjects"},
		{name: "an exception for a subject does not cover an undeclared list", from: tls, do: func(in *Input) {
			in.Scopes[0].Declared, in.Looks[0].Outcome = 0, Negative
			in.Exceptions = []Exception{{ID: "exc_1", Subjects: []isms.ID{"sub_portal"}, Until: noon + 9, Approved: 1}}
		}, want: isms.Unproven},
		{name: "an exception changes nothing that holds", from: tls, do: func(in *Input) {
			in.Exceptions = []Exception{{ID: "exc_1", Subjects: []isms.ID{"sub_portal"}, Until: noon + 9, Approved: 1}}
		}, want: isms.Holding},
		{name: "an exception does not cover a part without proof", from: tls, do: func(in *Input) {
			in.Clause.Parts, in.Bindings[0].Parts, in.Looks[0].Outcome = []string{"a", "b"}, []string{"a"}, Negative
			in.Exceptions = []Exception{{ID: "exc_1", Proofs: []isms.ID{"prf_tls"}, Until: noon + 9, Approved: 1}}
		}, want: isms.Unproven},

		{name: "a duty done within its period", from: review, want: isms.Holding, next: at("2027-01-05 10:00"), tally: "0/0"},
		{name: "a duty never done, not yet due", from: review, do: func(in *Input) { in.Looks = nil; in.Duties = []Duty{{Proof: "prf_r", Due: noon + 7}} }, want: isms.Unproven, says: "verdict.duty_not_yet_due", next: noon + 7},
		{name: "a duty never done, and due", from: review, do: func(in *Input) { in.Looks = nil; in.Duties = []Duty{{Proof: "prf_r", Due: noon}} }, want: isms.Unproven, says: "verdict.duty_never_done"},
		{name: "a duty due again before its period is over", from: review, do: func(in *Input) { in.Duties = []Duty{{Proof: "prf_r", Due: noon}} }, want: isms.Stale},
		{name: "a duty done after its due date", from: review, do: func(in *Input) { in.Duties = []Duty{{Proof: "prf_r", Due: at("2026-01-01 00:00")}} }, want: isms.Holding},
		{name: "a duty done at the very moment it was due", from: review, do: func(in *Input) { in.Duties = []Duty{{Proof: "prf_r", Due: at("2026-01-05 10:00")}} }, want: isms.Holding},
		{name: "a duty that could not be done", from: review, do: func(in *Input) { in.Looks[0].Outcome = Error }, want: isms.Unproven, says: "verdict.could_not_look"},
		{name: "a due date recorded later plays no part", from: review, do: func(in *Input) { in.Duties = []Duty{{Proof: "prf_r", Due: noon, Recorded: noon + 1}} }, want: isms.Holding},
		{name: "a proof added later plays no part", from: review, do: func(in *Input) {
			in.Proofs = append(in.Proofs, Proof{ID: "prf_s", Control: "ctl_r", Kind: DutyProof, Required: true, Every: period("P1Y"), Recorded: noon + 1})
		}, want: isms.Holding},
		{name: "a zone that nobody knows", from: review, do: func(in *Input) { in.Zone = "Mars/Olympus" }, want: isms.Unproven, says: "verdict.zone_unknown"},
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			in := c.from()
			if c.do != nil {
				c.do(&in)
			}
			r := Derive(in)
			if r.Verdict != c.want {
				t.Errorf("is %s, want %s: %+v", r.Verdict, c.want, r.Reasons)
			}
			if c.says != "" && !says(r, c.says) {
				t.Errorf("does not say %s: %+v", c.says, r)
			}
			if c.next != 0 && r.NextChange != c.next {
				t.Errorf("next change %s, want %s", r.NextChange, c.next)
			}
			if tally := string(rune('0'+r.Subjects.Holding)) + "/" + string(rune('0'+r.Subjects.Of())); c.tally != "" && c.tally != tally {
				t.Errorf("subjects %s, want %s", tally, c.tally)
			}
			if live := NewLive(in).Summary(); !same(live, r.Summary) {
				t.Errorf("kept up to date it is %+v, derived %+v", live, r.Summary)
			}
		})
	}
}

// says looks for a code among all reasons of a result.
func says(r Result, code string) bool {
	in := func(rs []isms.Reason) bool {
		return slices.ContainsFunc(rs, func(x isms.Reason) bool { return x.Code == code })
	}
	if in(r.Reasons) {
		return true
	}
	for _, b := range r.Bindings {
		for _, p := range b.Proofs {
			for _, s := range p.Items {
				if in(s.Reasons) {
					return true
				}
			}
		}
	}
	return false
}

func same(a, b Summary) bool {
	x, y := isms.Must(json.Marshal(a)), isms.Must(json.Marshal(b))
	return string(x) == string(y)
}

func TestPromisedAgainstPlannedIsSaidInFigures(t *testing.T) {
	in := review()
	in.Clause.Figures = []Figure{{Kind: PeriodFigure, Value: "P3M"}}
	in.Proofs[0].Window = period("P13M")
	r := Derive(in).Bindings[0].Proofs[0]
	if r.Window.String() != "P3M" || len(r.Reasons) != 1 || r.Reasons[0].Params["promised"] != "P3M" || r.Reasons[0].Params["planned"] != "P1Y" {
		t.Errorf("%+v", r)
	}
}

func TestAControlIsJudgedByItsOwnPlan(t *testing.T) {
	in := review()
	in.Clause.Figures = []Figure{{Kind: PeriodFigure, Value: "P1M"}}
	if v := Derive(in).Verdict; v != isms.Stale {
		t.Fatalf("the monthly promise is %s", v)
	}
	if v := Derive(ForControl("ctl_r", in)).Verdict; v != isms.Holding {
		t.Fatalf("the yearly control is %s", v)
	}
}

func TestDecimalsCompareExactly(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1.2", "1.20", 0}, {"1.3", "1.2", 1}, {"01", "1", 0}, {"10", "9", 1}, {"-1", "1", -1}, {"-2", "-1", -1},
		{"0.30000000000000001", "0.3", 1}, {"-0", "0", 0}, {"1.10", "1.2", -1},
	} {
		if got, ok := compareDecimals(c.a, c.b); !ok || got != c.want {
			t.Errorf("%s against %s is %d", c.a, c.b, got)
		}
	}
	for _, s := range []string{"", ".", "1.", ".5", "1e3", "1,2", "--1", "NaN"} {
		if _, ok := compareDecimals(s, "1"); ok {
			t.Errorf("%q was read as a number", s)
		}
	}
}
