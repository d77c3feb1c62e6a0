package sample

import (
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

func policyHead() page.DocumentHead {
	return page.DocumentHead{Title: "Information security policy", Language: isms.English, Kind: "policy", Version: "4.2", InForce: "2026-10-01",
		Languages: []isms.Language{isms.English, isms.German, isms.Slovenian}, URL: "/statement", State: "in_force"}
}

func statement(p *lang.Printer) page.View {
	v := &page.Statement{Document: policyHead(), Since: "2026-08-27", Checked: ago(2 * 60 * 1e9), History: history(), Confirm: "#"}
	title(&v.Base, v.Document.Title, page.Link{Text: p.T("documents.title"), URL: "/documents"})
	v.Actions = []page.Action{{Text: p.T("version.name", "version", "4.1"), URL: "#", Icon: "history", Quiet: true, Wide: true},
		{Text: p.T("evidence.bundle"), URL: "#", Icon: "down", Wide: true}, {Text: p.T("statement.confirm"), URL: "#", Main: true}}
	v.Counts = page.Counts{Failing: 1, Stale: 2, Unproven: 1, Excepted: 1, Holding: 43}
	v.Sections = []page.Section{
		{ID: "s1", Number: "1", Title: "Purpose and leadership", Language: isms.English, Counts: page.Counts{Holding: 6}, Record: held(90)},
		{ID: "s2", Number: "2", Title: "People", Language: isms.English, Counts: page.Counts{Holding: 8}, Record: record(run{40, isms.Holding}, run{5, isms.Stale}, run{45, isms.Holding})},
		{ID: "s3", Number: "3", Title: "Access", Language: isms.English, Counts: page.Counts{Failing: 1, Stale: 1, Excepted: 1, Holding: 4}, Record: held(90), Clauses: access()},
		{ID: "s4", Number: "4", Title: "Operations", Language: isms.English, Counts: page.Counts{Stale: 1, Unproven: 1, Holding: 9}, Record: held(90), Clauses: operations(),
			More: page.Link{Text: p.T("controls.clauses", "n", 9), URL: "#"}, MoreText: p.T("section.holding_of", "holding", 8, "n", 9)},
		{ID: "s5", Number: "5", Title: "Buildings", Language: isms.English, Counts: page.Counts{Holding: 9}, Record: record(run{12, isms.Holding}, run{1, isms.Failing}, run{77, isms.Holding})},
		{ID: "s6", Number: "6", Title: "Suppliers and partners", Language: isms.English, Counts: page.Counts{Holding: 7}, Record: held(90)},
	}
	v.Printer = p
	v.Chips = v.StateChips(v.Counts, "", func(isms.Verdict) string { return "#" })
	return v
}

func statementEmpty(p *lang.Printer) page.View {
	d := policyHead()
	d.InForce, d.State, d.Languages = "", "draft", []isms.Language{isms.English}
	v := &page.Statement{Document: d, Unclaimed: 61, Confirm: "#"}
	title(&v.Base, d.Title, page.Link{Text: p.T("documents.title"), URL: "/documents"})
	return v
}

// history is what the last 90 days looked like.
func history() []page.Counts {
	var out []page.Counts
	for i := range 90 {
		c := page.Counts{Stale: 1, Unproven: 4, Excepted: 2}
		switch {
		case i < 20:
		case i < 24:
			c.Failing, c.Excepted, c.Unproven = 2, 3, 3
		case i < 30:
			c.Unproven, c.Excepted = 3, 2
		case i < 44:
			c.Stale, c.Unproven, c.Excepted = 3, 3, 2
		case i < 51:
			c.Failing, c.Unproven, c.Excepted = 1, 2, 1
		case i < 78:
			c.Stale, c.Unproven, c.Excepted = 0, 2, 1
		case i < 86:
			c.Stale, c.Unproven, c.Excepted = 2, 1, 1
		default:
			c.Failing, c.Stale, c.Unproven, c.Excepted = 1, 2, 1, 1
		}
		c.Holding = 48 - c.Failing - c.Stale - c.Unproven - c.Excepted
		out = append(out, c)
	}
	return out
}

func access() []page.ClauseRow {
	return []page.ClauseRow{
		{ID: "c3.1", URL: "#", Number: "3.1", Owner: mojca, Verdict: isms.Holding, Since: day(7, 14, 9, 0), Share: 1, Record: held(90), Proofs: page.ProofCount{Checks: 4, Duties: 1},
			Words: say("en", "Access rights ", "shall", " follow the principle of least privilege, in the design of systems and in every grant."),
			Refs:  ref("ISO A.5.15", "ISO A.8.2"), Next: &page.Next{Text: "Role catalogue review", Day: "2027-01-12"}},
		failing(),
		{ID: "c3.3", URL: "#", Number: "3.3", Owner: tomaz, Verdict: isms.Stale, Remark: "12 days past its review", Share: 0.867, Proofs: page.ProofCount{Duties: 1},
			Words:  say("en", "Access rights ", "shall", " be reviewed every quarter and confirmed by the owner of each system."),
			Record: record(run{78, isms.Holding}, run{12, isms.Stale}), Refs: ref("ISO A.5.18"), Next: &page.Next{Text: "Quarterly access review", Day: "2026-11-12", Late: true}},
		{ID: "c3.4", URL: "#", Number: "3.4", Owner: luka, Verdict: isms.Excepted, Remark: "until 31 Dec, 1 account", Share: 0.622, Proofs: page.ProofCount{Checks: 1},
			Words:  say("en", "Multi-factor authentication ", "is mandatory", " for every account, without regard to role."),
			Record: record(run{56, isms.Holding}, run{34, isms.Excepted}), Refs: ref("ISO A.8.5", "NIS2 21(2)(j)"), Next: &page.Next{Text: "Exception X-014 ends", Day: "2026-12-31"}},
		{ID: "c3.5", URL: "#", Number: "3.5", Owner: mojca, Verdict: isms.Holding, Since: day(6, 2, 9, 0), Share: 1, Record: held(90), Proofs: page.ProofCount{Checks: 1},
			Words: say("en", "Access ", "is granted", " and removed only through a recorded request."), Refs: ref("ISO A.5.16", "ISO A.5.18"),
			Next: &page.Next{Text: "Request form review", Day: "2027-03-02"}},
	}
}

// failing is the clause in trouble, opened with its proofs.
func failing() page.ClauseRow {
	return page.ClauseRow{ID: "c3.2", URL: "/clause", Number: "3.2", Owner: mojca, Verdict: isms.Failing, Since: day(11, 20, 17, 0), Share: 0.933, Proofs: page.ProofCount{Checks: 2, Duties: 1},
		Words:  say("en", "User IDs of people who have left the company ", "shall", " be disabled on their last working day."),
		Record: record(run{47, isms.Holding}, run{2, isms.Failing}, run{37, isms.Holding}, run{4, isms.Failing}), Refs: ref("ISO A.5.11", "ISO A.5.18", "NIS2 21(2)(i)"),
		Next: &page.Next{Text: "Reconcile leavers with HR", Day: "2026-11-30"},
		Why: &page.Why{
			Proofs: []page.Proof{
				{Name: "Leavers have no enabled account", URL: "#", Verdict: isms.Failing, Rhythm: "every 15 min · HR against directory",
					Saw: page.Saw{{Text: "2 of 214 leavers can still sign in: "}, {Text: "j.kos", Code: true}, {Text: " left 19 Nov, "}, {Text: "t.wagner", Code: true}, {Text: " left 20 Nov."}}},
				{Name: "Leaver ticket closed on the last working day", URL: "#", Verdict: isms.Holding, Rhythm: "daily, 06:00 · service desk", Saw: page.Saw{{Text: "31 of 31 since 1 October."}}},
				{Name: "Reconcile leavers with HR", Verdict: isms.Holding, Rhythm: "duty, every Monday", Support: true, Saw: page.Saw{{Text: "Sealed by Tomaž Kos yesterday, with the list attached."}}},
			},
			Episodes: []page.Episode{
				{Verdict: isms.Failing, From: day(11, 20, 17, 0), Until: isms.Forever, URL: "#"},
				{Verdict: isms.Failing, From: day(10, 13, 9, 15), Until: day(10, 14, 11, 40)},
			},
			Follows: []page.Follow{{Icon: "checks", Link: page.Link{Text: "Failure F-031", URL: "#"}, Text: "Mojca Žagar", When: "by 27 Nov"}},
			Actions: []page.Action{{Text: "Show the 2 accounts", URL: "#", Main: true}, {Text: "Ask for an exception", URL: "#"}, {Text: "Hand over", URL: "#", Quiet: true}},
		}}
}

func operations() []page.ClauseRow {
	return []page.ClauseRow{
		{ID: "c4.1", URL: "#", Number: "4.1", Owner: tomaz, Verdict: isms.Holding, Since: day(9, 1, 9, 0), Share: 0.989, Proofs: page.ProofCount{Checks: 3, Duties: 1},
			Words:  say("en", "Backups ", "are taken", " daily, encrypted, kept at a second site and restored in a test at least twice a year."),
			Record: record(run{20, isms.Holding}, run{1, isms.Failing}, run{69, isms.Holding}), Refs: ref("ISO A.8.13", "NIS2 21(2)(c)"), Next: &page.Next{Text: "Restore test: billing database", Day: "2026-11-26"}},
		{ID: "c4.2", URL: "#", Number: "4.2", Owner: luka, Verdict: isms.Unproven, Share: -1, Words: say("en", "Development, test and production environments ", "shall", " be kept apart."),
			Record: record(run{90, isms.Unproven}), Refs: ref("ISO A.8.31"), Next: &page.Next{Text: "No check and no duty yet", Act: &page.Link{Text: "Prove it", URL: "#"}}},
	}
}
