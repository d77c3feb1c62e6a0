package sample

import (
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

func start(p *lang.Printer) page.View {
	v := &page.Start{Greeting: p.FullDay(p.DayOf(Now))}
	title(&v.Base, p.T("nav.start"))
	step := func(key string, done bool, act *page.Action) page.Step {
		return page.Step{Text: p.T("start.step." + key), Why: p.T("start.step." + key + ".why"), Done: done, Action: act}
	}
	v.Steps = []page.Step{step("document", true, nil), step("confirm", false, &page.Action{Text: p.T("statement.confirm"), URL: "#"}), step("bind", false, nil),
		step("subjects", false, nil), step("look", false, nil), step("second", false, &page.Action{Text: p.T("people.invite"), URL: "#"})}
	v.Documents = documentRows()[3:]
	h := head()
	v.Head = &h
	return v
}

func startLater(p *lang.Printer) page.View {
	v := &page.Start{Greeting: p.FullDay(p.DayOf(Now)), Documents: documentRows(), Trouble: access()[1:3], Waiting: waits(true)}
	title(&v.Base, p.T("nav.start"))
	v.Flash = &page.Flash{Text: p.T("reading.done"), Good: true}
	return v
}

func waits(decide bool) []page.WaitRow {
	r := page.WaitRow{What: "Exception X-015: second factor on the old gateway", Link: page.Link{Text: "3.4", URL: "#"}, By: luka.Name, At: ago(26 * hours), Why: "The gateway is replaced in December."}
	if decide {
		r.ApproveURL, r.RefuseURL = "#", "#"
	}
	return []page.WaitRow{r}
}

func waiting(p *lang.Printer) page.View {
	v := &page.Waiting{Mine: waits(false), Others: waits(true), Lone: true}
	title(&v.Base, p.T("waiting.title"))
	return v
}

func entryRows() []page.EntryRow {
	row := func(n int, kind, subject, by string, h int) page.EntryRow {
		return page.EntryRow{Index: n, URL: "/entry", Kind: kind, Subject: page.Link{Text: subject, URL: "#"}, By: by, At: ago(hours * 1).Add(-hours * 1)}
	}
	out := []page.EntryRow{row(41211, "evidence.received", "kr-meter-01", "agent kr-meter-01", 0), row(41210, "control.verdict_changed", "Leavers lose access", "system", 1),
		row(41209, "policy.clause_confirmed", "3.2", mojca.Name, 2), row(41208, "people.membership_granted", "Nina Golob", mojca.Name, 3), row(41207, "people.account_erased", "", luka.Name, 4)}
	out[4].Erased = true
	return out
}

func ledger(p *lang.Printer) page.View {
	v := &page.Ledger{Head: head(), Key: "holdfast.example/karst-metering+1c9a5f03+AZq0w1rVJm2k7sQ9yX3lPn8dTf4hGb6uEo5iCzRxYtWv", Entries: entryRows(),
		Checkpoint:  "holdfast.example/karst-metering\n41212\n" + root + "\n\n— holdfast.example/karst-metering 6Qk1Zp8v…\n",
		VerifyLines: []string{"holdfast verify ./holdfast-data", "holdfast verify ./holdfast-data --anchor /mnt/other"},
		Anchors:     []page.Anchor{{Name: "/mnt/other", Size: 41180, At: ago(5 * hours)}}, Generations: []page.Generation{{Number: 1}, {Number: 2, From: 30012, Lost: "30,001–30,011"}}}
	for i := range 3 {
		h := head()
		h.Size -= 40 * (i + 1)
		h.At = h.At.Add(-days * 1)
		v.Checkpoints = append(v.Checkpoints, h)
	}
	v.Pager = page.Pager{Next: "#", Text: p.T("list.range", "from", 1, "to", 50, "all", 41212)}
	title(&v.Base, p.T("ledger.title"))
	return v
}

func entry(p *lang.Printer) page.View {
	v := &page.Entry{Row: entryRows()[2], Revision: 3, Leaf: digest, Payload: "{\n  \"clause\": \"cla_01jd\",\n  \"kind\": \"must\",\n  \"confirmed\": true\n}", Before: "{\n  \"confirmed\": false\n}",
		Header:    []page.Fact{{Name: "kind", Value: "policy.clause_confirmed"}, {Name: "actor", Value: "acc_01jd8x5y2k4m6n8p0q2r4s6t8v"}, {Name: "subject", Value: "cla_01jd8x5y2k4m6n8p0q2r4s6t8v"}},
		Inclusion: page.Inclusion{Index: 41209, Size: 41212, Root: root, Path: []string{root, root, root}, Checkpoint: "holdfast.example/karst-metering\n41212\n" + root + "\n"}}
	title(&v.Base, p.T("entry.name", "n", 41209), page.Link{Text: p.T("ledger.title"), URL: "/ledger"})
	return v
}

func people(p *lang.Printer) page.View {
	v := &page.People{CanInvite: true, Role: "auditor"}
	title(&v.Base, p.T("people.title"))
	for _, r := range []string{"security_officer", "management", "owner", "employee", "auditor", "administrator"} {
		v.Roles = append(v.Roles, page.Option{Value: r, Text: p.T("role." + r), Hint: p.T("role." + r + ".hint")})
	}
	v.Members = []page.MemberRow{
		{Person: *mojca, Email: "mojca.zagar@karst.example", Roles: []string{p.T("role.security_officer")}, Factor: p.T("factor.kind.passkey"), Seen: ago(1e9), You: true},
		{Person: *tomaz, Email: "tomaz.kos@karst.example", Roles: []string{p.T("role.owner")}, Factor: p.T("factor.kind.totp"), Seen: ago(26 * hours)},
		{Person: page.Person{Name: "Nina Golob"}, Email: "nina.golob@audit.example", Roles: []string{p.T("role.auditor")}, Until: "2026-12-18", Missing: true},
	}
	v.Invitations = []page.InvitationRow{{Email: "irena.golob@karst.example", Role: p.T("role.management"), By: mojca.Name, Until: Now.Add(3 * days), RevokeURL: "#"}}
	return v
}

func account(p *lang.Printer) page.View {
	v := &page.Account{Name: mojca.Name, Email: "mojca.zagar@karst.example", Codes: 8}
	title(&v.Base, p.T("account.title"))
	v.Factors = []page.FactorRow{{Name: "Aegis", Kind: "totp", Since: day(6, 2, 9, 0), RemoveURL: "#"}, {Name: "Laptop", Kind: "passkey", Since: day(9, 1, 9, 0), RemoveURL: "#"}}
	v.Sessions = []page.SessionRow{{Device: "Firefox · Linux", From: "192.0.2.7", Since: day(11, 20, 8, 2), Seen: Now, This: true}, {Device: "Safari · iPhone", From: "192.0.2.81", Since: day(11, 3, 18, 40), Seen: ago(5 * hours), EndURL: "#"}}
	return v
}

func tokens(p *lang.Printer) page.View {
	v := &page.Tokens{Until: "2027-02-24"}
	title(&v.Base, p.T("tokens.title"))
	v.Scopes = []page.Option{{Value: "read", Text: "read", Hint: "verdicts, clauses, evidence"}, {Value: "evidence", Text: "evidence:write", Hint: "hand in observations"}, {Value: "admin", Text: "admin", Hint: "people, keys, backups"}}
	v.Chosen = []string{"read"}
	v.Rows = []page.TokenRow{{Name: "Grafana", Scopes: []string{"read"}, By: luka.Name, Until: Now.Add(200 * days), Used: ago(60 * 1e9), RevokeURL: "#"}}
	return v
}

func tokenMade(p *lang.Printer) page.View {
	v := &page.OneTime{Lead: p.T("tokens.lead"), Label: "Grafana", Secret: "hft_k3v9q7m2x8t4w6z1r5y0p3n7b9c2d4f6g8h1j3k5", Advice: p.T("tokens.hint"),
		Example: []string{"curl -H \"Authorization: Bearer $TOKEN\" http://localhost:8700/api/v1/clauses"}, Next: page.Action{Text: p.T("codes.kept"), URL: "/tokens", Main: true}}
	title(&v.Base, p.T("tokens.new"), page.Link{Text: p.T("tokens.title"), URL: "/tokens"})
	return v
}

func backups(p *lang.Printer) page.View {
	v := &page.Backups{Place: "/srv/backups/holdfast", CanStart: true, Drill: &page.DrillRow{At: ago(9 * hours), Verdict: isms.Holding, Text: "root, 41,190 entries and 212 files compared in 3.4 s"}}
	title(&v.Base, p.T("backups.title"))
	v.Actions = []page.Action{{Text: p.T("backups.start"), URL: "#", Post: true, Main: true}}
	v.Rows = []page.BackupRow{
		{Name: "2026-11-24T01-00", At: ago(9 * hours), Size: 21_400_000, Head: page.Head{Size: 41190}, Drill: v.Drill},
		{Name: "2026-11-23T01-00", At: ago(33 * hours), Size: 21_300_000, Head: page.Head{Size: 40877}},
		{Name: "2026-11-22T01-00", At: ago(57 * hours), Size: 0, Failed: "no space left"},
	}
	return v
}

func settings(p *lang.Printer) page.View {
	v := &page.Settings{Name: Organisation.Name, Zone: "Europe/Ljubljana", Zones: []string{"Europe/Ljubljana"}, TextLanguage: isms.English, Domains: "karst.example", CanChange: true}
	title(&v.Base, p.T("settings.title"))
	v.Facts = []page.Fact{{Name: "version", Value: "0.1.0"}, {Name: "data", Value: "/var/lib/holdfast"}, {Name: "database", Value: "sqlite"}}
	v.Keys = []page.KeyRow{{Name: "master key", Since: day(6, 2, 9, 0), Verdict: isms.Unproven, Text: "lies on the same disk as the data"}}
	return v
}
