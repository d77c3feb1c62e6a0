package verdict

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/isms"
)

func TestStalenessBeginsWhenDueAlsoWhileTheServerWasDown(t *testing.T) {
	in := tls()
	live := NewLive(in)
	back := at("2026-03-11 09:00") // nobody looked for a night
	var looks []Look
	for _, l := range in.Looks {
		l.Observed, l.Received, l.Recorded, l.Ref.Entry = back, back, back, l.Ref.Entry+10
		looks = append(looks, l)
	}
	got, err := Walk(nil, live, looks, at("2026-03-11 10:00"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Interval{
		{From: noon, Until: at("2026-03-10 14:30"), Verdict: isms.Holding, Version: 1},
		{From: at("2026-03-10 14:30"), Until: back, Verdict: isms.Stale, Version: 1},
		{From: back, Verdict: isms.Holding, Version: 1, Cause: Ref{Entry: 18}},
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %+v", got)
	}
	days := Days(got, nil, isms.Must(time.LoadLocation("Europe/Ljubljana")), back, 3)
	if days[0].Verdict != "" || days[1].Verdict != isms.Stale || days[2].Verdict != isms.Stale {
		t.Errorf("the worst of a day must win: %+v", days)
	}
	shares := Shares(got, noon, back)
	if shares[0].Verdict != isms.Holding || shares[0].Time != 150*time.Minute || shares[0].Parts != 1190 ||
		shares[1].Verdict != isms.Stale || shares[1].Parts != 8810 {
		t.Errorf("shares %+v", shares)
	}
	if _, err := Append(got, noon, live.Summary(), Ref{}); err == nil {
		t.Error("history was rewritten")
	}
}

// A follower that is ahead of an entry takes it at its own moment: it never goes back.
func TestALookRecordedBeforeTheLastStepIsTakenNow(t *testing.T) {
	in := tls()
	live := NewLive(in)
	prev, err := Walk(nil, live, nil, at("2026-03-10 16:00")) // stale since 14:30
	if err != nil {
		t.Fatal(err)
	}
	var looks []Look
	for _, l := range in.Looks {
		l.Observed, l.Received, l.Recorded = at("2026-03-10 14:00"), at("2026-03-10 14:00"), at("2026-03-10 14:00")
		looks = append(looks, l)
	}
	got, err := Walk(prev, live, looks, at("2026-03-10 16:30"))
	if err != nil || len(got) != 3 || got[2].Verdict != isms.Holding || got[2].From != at("2026-03-10 16:00") {
		t.Fatalf("%v %+v", err, got)
	}
}

func TestTheQueueKnowsWhatChangesNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "pairs")
		v := view{pairs: make([]pair, n)}
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			v.wake(int32(rapid.IntRange(0, n-1).Draw(t, "pair")), isms.Instant(rapid.IntRange(0, 30).Draw(t, "until")))
		}
		waiting := 0
		for k, p := range v.pairs {
			if p.until == 0 {
				continue
			}
			waiting++
			if v.queue[p.queued] != int32(k) {
				t.Fatalf("pair %d does not know its place", k)
			}
			if p.until < v.pairs[v.queue[0]].until {
				t.Fatalf("%d comes before the first in the queue", p.until)
			}
			if up := (p.queued - 1) / 2; p.queued > 0 && v.before(p.queued, up) {
				t.Fatal("the queue is out of order")
			}
		}
		if waiting != len(v.queue) {
			t.Fatalf("%d wait, %d stand in the queue", waiting, len(v.queue))
		}
	})
}

func TestLateEvidenceStandsBesideTheRecord(t *testing.T) {
	in := tls()
	late := at("2026-03-10 20:00")
	live := NewLive(in)
	var looks []Look
	for _, l := range in.Looks { // seen every hour by an agent that could not send
		for h := range isms.Instant(8) {
			l.Observed, l.Received, l.Recorded = noon+h*hour, late, late
			looks = append(looks, l)
		}
	}
	recorded, err := Walk(nil, live, looks, late)
	if err != nil {
		t.Fatal(err)
	}
	in.Looks, in.At = append(in.Looks, looks...), late
	got, err := ShownAfterwards(recorded, in)
	if err != nil {
		t.Fatal(err)
	}
	want := []Afterwards{{From: at("2026-03-10 14:30"), Until: late, Was: isms.Stale, Shown: isms.Holding, Version: 1}}
	if !slices.Equal(got, want) {
		t.Fatalf("got %+v", got)
	}
	if recorded[1].Verdict != isms.Stale || recorded[1].Until != late {
		t.Errorf("the record changed: %+v", recorded)
	}
	if d := Days(recorded, got, time.UTC, late, 1)[0]; d.Verdict != isms.Stale || !d.Afterwards {
		t.Errorf("day %+v", d)
	}
}

func TestNoRoundingHidesAFailure(t *testing.T) {
	year := isms.Instant(365 * 24 * int64(hour))
	got := Shares([]Interval{{From: 0, Until: year - 1, Verdict: isms.Holding}, {From: year - 1, Verdict: isms.Failing}}, 0, year)
	if got[0].Percent() != "99.99" || got[1].Percent() != "0.01" {
		t.Fatalf("%s %% and %s %%", got[0].Percent(), got[1].Percent())
	}
	if all := Shares([]Interval{{Verdict: isms.Holding}}, 0, year); len(all) != 1 || all[0].Percent() != "100" {
		t.Fatalf("%+v", all)
	}
	if none := Shares(nil, 5, 5); none[0].Parts != 0 {
		t.Fatalf("no time at all is not a success: %+v", none)
	}
}

func TestDaysOfChangingClocks(t *testing.T) {
	zone := isms.Must(time.LoadLocation("Europe/Ljubljana"))
	failed := isms.InstantOf(time.Date(2026, 3, 29, 23, 59, 59, 0, zone)) // the 23-hour day
	in := []Interval{{From: 1, Until: failed, Verdict: isms.Holding}, {From: failed, Until: failed.Add(time.Second), Verdict: isms.Failing}, {From: failed.Add(time.Second), Verdict: isms.Holding}}
	days := Days(in, nil, zone, isms.InstantOf(time.Date(2026, 3, 30, 12, 0, 0, 0, zone)), 90)
	if len(days) != 90 || days[89].Date != "2026-03-30" || days[89].Verdict != isms.Holding || days[88].Verdict != isms.Failing || days[87].Verdict != isms.Holding {
		t.Fatalf("%+v", days[87:])
	}
}

func TestIntervalsFollowOneAnotherAndAgreeWithDerive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		looks := in.Looks
		in.Looks = nil
		in.At = day0
		to := day0 + 120*hour
		got, err := Walk(nil, NewLive(in), looks, to)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got[:len(got)-1] {
			if got[i].Until != got[i+1].From || got[i].Until < got[i].From || got[i].Verdict == got[i+1].Verdict {
				t.Fatalf("%+v then %+v", got[i], got[i+1])
			}
		}
		in.Looks, in.At = looks, moment(t, "asked")
		want := Derive(in).Verdict
		i := slices.IndexFunc(got, func(i Interval) bool { return i.From <= in.At && in.At < i.end() })
		if got[i].Verdict != want {
			t.Fatalf("recorded %+v, derived %s at %s", got, want, in.At)
		}
		var sum int64
		for _, s := range Shares(got, day0, to) {
			sum += s.Time.Microseconds()
		}
		if sum != int64(to-day0) {
			t.Fatalf("shares add up to %d of %d", sum, to-day0)
		}
	})
}
