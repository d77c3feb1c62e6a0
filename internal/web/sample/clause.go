package sample

import (
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

func clause(p *lang.Printer) page.View {
	v := &page.Clause{Document: policyHead(), Row: failing(), Context: "3 Access"}
	title(&v.Base, p.T("clause.name", "number", "3.2"), page.Link{Text: p.T("documents.title"), URL: "/documents"}, page.Link{Text: v.Document.Title, URL: "/statement"})
	v.Judgement = page.Judgement{Verdict: isms.Failing, Parts: page.Tally{Good: 1, All: 2}, Entry: &page.EntryLink{Index: 41198, URL: "#"},
		Reasons: []isms.Reason{isms.Because("verdict.negative", "observed", p.Moment(day(11, 20, 17, 0)))},
		Covers:  []page.Cover{{Name: "accounts of leavers", Tally: page.Tally{Good: 212, All: 214}, URL: "#"}, {Name: "directories", Tally: page.Tally{Good: 1, All: 1}, Open: true}}}
	v.Parts = []page.Part{
		{Text: "User IDs of people who have left … shall be disabled", Proven: true, Control: page.Link{Text: "Leavers lose access", URL: "#"}},
		{Text: "on their last working day"},
	}
	v.Bindings = []page.Binding{{ID: "b1", Number: "AC-04", Control: page.Link{Text: "Leavers lose access", URL: "/control"}, By: mojca.Name, At: day(6, 2, 11, 5),
		Parameters: []page.Parameter{{Name: "deadline", Value: p.Period(isms.Period{Days: 1})}}, RefuseURL: "#", Warning: "promised 1 day, planned every 7 days"}}
	v.Proposals = []page.Binding{{ID: "b2", Number: "HR-02", Control: page.Link{Text: "Leaving is recorded by HR", URL: "#"}, ConfirmURL: "#", RefuseURL: "#",
		Reason: isms.Because("verdict.binding_proposed"), Parts: []string{"on their last working day"}}}
	v.BindURL = "#"
	v.Controls = []page.Option{{Value: "a", Text: "AC-01 Least privilege"}, {Value: "b", Text: "AC-04 Leavers lose access"}}
	v.History = intervals()
	v.Others = []page.OtherText{{Where: "4.2 · DE", URL: "#", Words: say("de", "Benutzerkennungen ausgeschiedener Personen ", "sind", " am letzten Arbeitstag zu sperren.")}}
	return v
}

func clauseUnbound(p *lang.Printer) page.View {
	row := operations()[1]
	row.Next, row.Record = nil, nil
	v := &page.Clause{Document: policyHead(), Row: row, Judgement: page.Judgement{Verdict: isms.Unproven}, BindURL: "#", Controls: []page.Option{{Value: "a", Text: "OP-11 Separate environments"}}}
	title(&v.Base, p.T("clause.name", "number", "4.2"), page.Link{Text: p.T("documents.title"), URL: "/documents"}, page.Link{Text: v.Document.Title, URL: "/statement"})
	return v
}

func intervals() []page.Interval {
	return []page.Interval{
		{Verdict: isms.Failing, From: day(11, 20, 17, 0), Until: isms.Forever, Reason: "2 of 214 accounts", Entry: &page.EntryLink{Index: 41198, URL: "#"}},
		{Verdict: isms.Holding, From: day(10, 14, 11, 40), Until: day(11, 20, 17, 0), Entry: &page.EntryLink{Index: 30277, URL: "#"}},
		{Verdict: isms.Failing, From: day(10, 13, 9, 15), Until: day(10, 14, 11, 40), Reason: "1 of 211 accounts", Entry: &page.EntryLink{Index: 30101, URL: "#"}, Afterward: true},
		{Verdict: isms.Unproven, From: day(6, 2, 11, 5), Until: day(6, 2, 11, 20), Entry: &page.EntryLink{Index: 412, URL: "#"}},
	}
}

func controls(p *lang.Printer) page.View {
	v := &page.Controls{Counts: page.Counts{Failing: 1, Stale: 1, Unproven: 1, Holding: 3}}
	title(&v.Base, p.T("controls.title"))
	v.Printer = p
	v.Columns = []page.Column{{Text: p.T("controls.number"), URL: "#", Sorted: page.Ascending}, {Text: p.T("controls.name"), URL: "#"}, {Text: p.T("history.verdict"), URL: "#"}}
	v.Chips = v.StateChips(v.Counts, "", func(isms.Verdict) string { return "#" })
	row := func(no, name string, verdict isms.Verdict, clauses, checks, duties int, d page.Days) page.ControlRow {
		return page.ControlRow{Link: page.Link{Text: name, URL: "/control"}, Number: no, Verdict: verdict, Clauses: clauses, Proofs: page.ProofCount{Checks: checks, Duties: duties}, Record: d}
	}
	v.Rows = []page.ControlRow{
		row("AC-01", "Least privilege", isms.Holding, 4, 4, 1, held(90)),
		row("AC-04", "Leavers lose access", isms.Failing, 3, 2, 1, record(run{86, isms.Holding}, run{4, isms.Failing})),
		row("AC-07", "Access is reviewed by owners", isms.Stale, 2, 0, 1, record(run{78, isms.Holding}, run{12, isms.Stale})),
		row("OP-02", "Clocks follow one reference", isms.Holding, 2, 1, 0, held(90)),
		row("OP-05", "Backups are taken and restored", isms.Holding, 5, 3, 1, held(90)),
		row("OP-11", "Environments are kept apart", isms.Unproven, 1, 0, 0, record(run{60, ""}, run{30, isms.Unproven})),
	}
	v.Pager = page.Pager{Previous: "#", Next: "#", Text: p.T("list.range", "from", 51, "to", 56, "all", 1204)}
	return v
}

func control(p *lang.Printer) page.View {
	v := &page.Control{Name: "Clocks follow one reference", Number: "OP-02", Origin: "adopted from the catalogue, version 3",
		Words: "Every system keeps its clock within one second of a named reference, so that logs can be compared.", Owner: tomaz, Deputy: luka,
		Since: day(9, 1, 9, 0), Share: 0.989, Record: held(90), Refs: ref("ISO A.8.17"), History: intervals()[:2], AddURL: "#"}
	title(&v.Base, v.Name, page.Link{Text: p.T("controls.title"), URL: "/controls"})
	v.Judgement = page.Judgement{Verdict: isms.Holding, Covers: []page.Cover{{Name: "hosts", Tally: page.Tally{Good: 8, All: 8}, URL: "#"}}}
	at := func(name string, verdict isms.Verdict, offset string) page.SubjectRow {
		return page.SubjectRow{Name: name, Verdict: verdict, At: ago(4 * 60 * 1e9), Evidence: "/evidence-one", Saw: page.Saw{{Text: "offset "}, {Text: offset, Code: true}}}
	}
	v.Proofs = []page.ProofDetail{{Kind: "check", Window: isms.Period{Minutes: 30}, Scope: "all hosts", Complete: true, ScopeURL: "#", LookURL: "#",
		Proof:    page.Proof{Name: "Clock is synchronised", Verdict: isms.Holding, Rhythm: "every 15 min · host agent", Saw: page.Saw{{Text: "8 of 8 within "}, {Text: "1 s", Code: true}}},
		Subjects: []page.SubjectRow{at("kr-meter-01", isms.Holding, "0.4 ms"), at("kr-meter-02", isms.Holding, "1.1 ms"), at("mb-billing-01", isms.Holding, "0.2 ms")}}}
	v.Clauses = operations()[:1]
	return v
}

func evidenceList(p *lang.Printer) page.View {
	v := &page.EvidenceList{Pager: page.Pager{Next: "#", Text: p.T("list.range", "from", 1, "to", 4, "all", 90210)}}
	title(&v.Base, p.T("evidence.title"))
	v.Printer = p
	v.Chips = v.StateChips(page.Counts{Failing: 2, Holding: 90208}, "", func(isms.Verdict) string { return "#" })
	row := func(what, subject, kind string, verdict isms.Verdict, n int) page.EvidenceRow {
		return page.EvidenceRow{What: what, Subject: subject, Kind: kind, Verdict: verdict, At: ago(4 * 60 * 1e9), Entry: page.EntryLink{Index: n, URL: "#"}, URL: "/evidence-one"}
	}
	v.Rows = []page.EvidenceRow{
		row("Clock is synchronised", "kr-meter-01", "observation", isms.Holding, 41211), row("Leavers have no enabled account", "j.kos", "observation", isms.Failing, 41198),
		row("Reconcile leavers with HR", "2026, week 47", "record", isms.Holding, 41002), row("Supplier list", "Aurin d.o.o.", "book", isms.Holding, 40871),
	}
	return v
}

func evidence(p *lang.Printer) page.View {
	v := &page.Evidence{What: "Clock is synchronised", Subject: "kr-meter-01", Kind: "observation", Verdict: isms.Holding, Digest: digest, RawSize: 812, RawURL: "#", Item: 17,
		Reasons: []isms.Reason{isms.Because("verdict.subjects_at", "subjects", "1", "of", "1", "verdict", p.Verdict(isms.Holding))}, By: "agent kr-meter-01",
		Times:  page.Times{Observed: ago(4*60*1e9 + 3e9), Received: ago(4*60*1e9 + 2e9), Recorded: ago(4*60*1e9 + 1e9)},
		Facts:  []page.Fact{{Name: "synchronised", Value: "true"}, {Name: "offset", Value: "0.000412 s"}, {Name: "stratum", Value: "3"}, {Name: "source", Value: "ntp1.example", Odd: true}},
		Source: []page.Fact{{Name: "probe", Value: "clock/2"}, {Name: "command", Value: "chronyc -c tracking"}, {Name: "exit", Value: "0"}},
		Entry:  page.EntryLink{Index: 41211, URL: "#"}, LeafHash: digest, BundleURL: "#", VerifyLines: []string{"holdfast verify evidence-41211.bundle"},
		Inclusion: page.Inclusion{Index: 41211, Size: 41212, Root: root, Path: []string{root, "9b" + root[2:], "Qk" + root[2:], "x0" + root[2:]},
			Checkpoint: "holdfast.example/karst-metering\n41212\n" + root + "\n\n— holdfast.example/karst-metering 6Qk1Zp8v…\n"}}
	v.Clauses = []page.ClauseRef{{Number: "4.9", URL: "#", Verdict: isms.Holding, Text: say("en", "Clocks of all systems ", "follow", " one reference.")}}
	title(&v.Base, v.What, page.Link{Text: p.T("evidence.title"), URL: "/evidence-list"})
	return v
}
