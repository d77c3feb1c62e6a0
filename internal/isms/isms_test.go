package isms

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestIDsSortByTimeAndKeepTheirKind(t *testing.T) {
	a, b := NewID(ClausePrefix, 1_000_000), NewID(ClausePrefix, 2_000_000)
	if a >= b {
		t.Fatalf("%s made earlier sorts after %s", a, b)
	}
	if !a.Valid(ClausePrefix) || a.Valid(ControlPrefix) || ID("cla_short").Valid(ClausePrefix) {
		t.Fatal("validity does not follow the form")
	}
}

func TestPeriodParseAndPrintAgree(t *testing.T) {
	for _, s := range []string{"P1Y", "P3M", "P2W", "P1D", "PT24H", "P1DT12H", "PT0S", "PT15M30S"} {
		if got := Must(ParsePeriod(s)).String(); got != s {
			t.Errorf("%s reads back as %s", s, got)
		}
	}
	for _, s := range []string{"", "P", "PT", "1D", "P-1D", "P1H", "P1D2Y", "P1.5D", "PT1", "P1DT"} {
		if p, err := ParsePeriod(s); err == nil {
			t.Errorf("%q was taken as %v", s, p)
		}
	}
}

func TestPeriodFollowsTheCalendar(t *testing.T) {
	zone := Must(time.LoadLocation("Europe/Ljubljana"))
	for _, c := range []struct{ from, period, want string }{
		{"2026-01-31T09:00:00+01:00", "P1M", "2026-02-28T09:00:00+01:00"},
		{"2028-01-31T09:00:00+01:00", "P1M", "2028-02-29T09:00:00+01:00"},
		{"2026-03-28T12:00:00+01:00", "P1D", "2026-03-29T12:00:00+02:00"},   // a 23-hour day
		{"2026-10-24T12:00:00+02:00", "P1D", "2026-10-25T12:00:00+01:00"},   // a 25-hour day
		{"2026-03-28T12:00:00+01:00", "PT24H", "2026-03-29T13:00:00+02:00"}, // hours are hours
		{"2026-11-30T00:00:00+01:00", "P3M", "2027-02-28T00:00:00+01:00"},
	} {
		from := Must(time.Parse(time.RFC3339, c.from))
		want := Must(time.Parse(time.RFC3339, c.want))
		if got := Must(ParsePeriod(c.period)).After(InstantOf(from), zone); got != InstantOf(want) {
			t.Errorf("%s + %s = %s, want %s", c.from, c.period, got, InstantOf(want))
		}
	}
}

func TestLaterStartsNeverEndEarlier(t *testing.T) {
	zone := Must(time.LoadLocation("Europe/Berlin"))
	rapid.Check(t, func(t *rapid.T) {
		a := Instant(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "a") * 1_000_000)
		d := rapid.Int64Range(0, 90*86400).Draw(t, "d")
		p := Period{Months: rapid.IntRange(0, 24).Draw(t, "months"), Days: rapid.IntRange(0, 40).Draw(t, "days")}
		// Two starts more than an hour apart keep their order even where a clock hour repeats.
		if d > 7200 && p.After(a, zone) > p.After(a.Add(time.Duration(d)*time.Second), zone).Add(3*24*time.Hour+time.Hour) {
			t.Fatal("order lost by more than a month's end can explain")
		}
		if q := Must(ParsePeriod(p.String())); q != p {
			t.Fatalf("%v reads back as %v", p, q)
		}
	})
}

func TestWorst(t *testing.T) {
	if Worst() != Unproven {
		t.Error("nothing proven must be unproven")
	}
	if Worst(Holding, Excepted, Stale) != Stale || Worst(Holding, Holding) != Holding {
		t.Error("worst is not the worst")
	}
}
