// Package sample holds one value for every page, so that tests and the gallery can
// render each without a database. The company, people and sentences are invented.
// Nothing of the product imports it.
//
// Floor 4, part of web.
package sample

import (
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

// Page is a page with a value to show.
type Page struct {
	Name string // also its path in the gallery
	Out  bool   // shown to somebody who is not signed in
	View func(p *lang.Printer) page.View
}

// Now is the moment at which all samples are seen: Tuesday, 24 November 2026, 10:40 in Ljubljana.
const Now = isms.Instant(1_795_513_200_000_000)

// Organisation is the invented company.
var Organisation = page.Organisation{Name: "Karst Metering", Detail: "Kranj · Maribor"}

var (
	mojca = &page.Person{Name: "Mojca Žagar", Role: "security_officer"}
	tomaz = &page.Person{Name: "Tomaž Kos", Role: "owner"}
	ana   = &page.Person{Name: "Ana Horvat", Role: "owner"}
	luka  = &page.Person{Name: "Luka Zupan", Role: "administrator"}
)

// Pages lists every page of the product at least once, and its empty and broken
// forms where they look different.
func Pages() []Page {
	return []Page{
		{"set-up", true, setUp}, {"set-up-problems", true, setUpProblems}, {"enrol", true, enrol}, {"recovery-codes", true, recoveryCodes},
		{"recovery-key", true, recoveryKey}, {"organisation", true, nameOrganisation},
		{"sign-in", true, signIn}, {"sign-in-code", true, secondFactor}, {"step-up", true, stepUp}, {"invitation", true, invitation},
		{"start", false, start}, {"start-later", false, startLater},
		{"documents", false, documents}, {"documents-empty", false, documentsEmpty}, {"import", false, importDocument}, {"reading", false, reading},
		{"statement", false, statement}, {"statement-empty", false, statementEmpty}, {"clause", false, clause}, {"clause-unbound", false, clauseUnbound},
		{"controls", false, controls}, {"control", false, control},
		{"evidence-list", false, evidenceList}, {"evidence", false, evidence},
		{"ledger", false, ledger}, {"entry", false, entry}, {"waiting", false, waiting},
		{"people", false, people}, {"account", false, account}, {"tokens", false, tokens}, {"token-made", false, tokenMade},
		{"backups", false, backups}, {"settings", false, settings}, {"failure", false, failure}, {"failure-outside", true, failure},
	}
}

func ago(d time.Duration) isms.Instant { return Now.Add(-d) }

func day(month time.Month, d, hour, minute int) isms.Instant {
	return isms.InstantOf(time.Date(2026, month, d, hour-1, minute, 0, 0, time.UTC))
}

const hours = time.Hour
const days = 24 * time.Hour

// run is so many days in one state.
type run struct {
	n int
	v isms.Verdict
}

func record(runs ...run) page.Days {
	var out page.Days
	for _, r := range runs {
		for range r.n {
			out = append(out, r.v)
		}
	}
	return out
}

func held(n int) page.Days { return record(run{n, isms.Holding}) }

// say splits a sentence at the bars: "Access |shall| follow" has its second part bold.
func say(l isms.Language, parts ...string) page.Words {
	w := page.Words{Language: l}
	for i, s := range parts {
		w.Spans = append(w.Spans, page.Span{Text: s, Binds: i%2 == 1})
	}
	return w
}

func ref(names ...string) []page.Link {
	var out []page.Link
	for _, n := range names {
		out = append(out, page.Link{Text: n, URL: "#"})
	}
	return out
}

func title(b *page.Base, t string, crumbs ...page.Link) {
	b.Title = t
	b.Crumbs = append(crumbs, page.Link{Text: t})
}

const digest = "9c1ee1b0a4c7d5f2836b0d9a41f7c6625ce0b9d97c3e5a18f0427be06a5507ab"
const root = "N3xvYk1uVq7zS0hJ0m1qk0d3Zb1oV5jC8s0yX2lPq5g="
