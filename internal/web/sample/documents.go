package sample

import (
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

func documentRows() []page.DocumentRow {
	law := page.DocumentHead{Title: "NIS2 Directive, articles 20 to 23", Language: isms.English, Kind: "law", Languages: []isms.Language{isms.English}, URL: "#"}
	annex := page.DocumentHead{Title: "Sicherheitsanhang Stadtwerke Aurin", Language: isms.German, Kind: "requirement", Version: "2", InForce: "2026-03-01", Languages: []isms.Language{isms.German}, URL: "#"}
	pub := page.DocumentHead{Title: "How we protect your data", Language: isms.English, Kind: "summary", Version: "1.3", State: "draft", Languages: []isms.Language{isms.English, isms.Slovenian}, URL: "#"}
	return []page.DocumentRow{
		{Document: policyHead(), Counts: page.Counts{Failing: 1, Stale: 2, Unproven: 1, Excepted: 1, Holding: 43}, Owner: mojca},
		{Document: law, Counts: page.Counts{Unproven: 9, Holding: 14}, Owner: mojca},
		{Document: annex, Counts: page.Counts{Holding: 17}, Waiting: 3, WaitURL: "#"},
		{Document: pub, Waiting: 22, WaitURL: "#"},
	}
}

func documents(p *lang.Printer) page.View {
	v := &page.Documents{Rows: documentRows(), Pager: page.Pager{Next: "#", Text: p.T("list.range", "from", 1, "to", 4, "all", 4)}}
	title(&v.Base, p.T("documents.title"))
	v.Actions = []page.Action{{Text: p.T("documents.import"), URL: "#", Icon: "up", Main: true}}
	return v
}

func documentsEmpty(p *lang.Printer) page.View {
	v := &page.Documents{}
	title(&v.Base, p.T("documents.title"))
	return v
}

func importDocument(p *lang.Printer) page.View {
	v := &page.Import{Kind: "policy", Kinds: []string{"policy", "summary", "standard", "law", "contract", "requirement", "questionnaire"}, Limit: 20_000_000}
	title(&v.Base, p.T("import.title"), page.Link{Text: p.T("documents.title"), URL: "/documents"})
	v.Problems = []page.Problem{{Field: "title", Text: p.T("error.kind.invalid")}, {Field: "file", Text: p.T("error.web.too_large", "size", p.Bytes(20_000_000))}}
	return v
}

func reading(p *lang.Printer) page.View {
	d := policyHead()
	d.State, d.InForce, d.Version = "draft", "", "4.3"
	v := &page.Reading{Document: d, URL: "#", Original: page.Link{Text: "policy-4.3.docx", URL: "#"}, Digest: digest, Size: 48_212, CanChange: true,
		Counts: page.ReadingCounts{Sentences: 84, Binding: 61, Confirmed: 12, Open: 49, Omitted: 9}}
	title(&v.Base, p.T("statement.confirm"), page.Link{Text: p.T("documents.title"), URL: "/documents"}, page.Link{Text: d.Title, URL: "#"})
	v.Chips = []page.Chip{{Text: p.T("reading.filter.all"), URL: "#", Count: 84, Here: true}, {Text: p.T("reading.filter.open"), URL: "#", Count: 49},
		{Text: p.T("reading.filter.binding"), URL: "#", Count: 61}, {Text: p.T("reading.filter.omitted"), URL: "#", Count: 9}}
	found := func(words string) isms.Reason {
		return isms.Reason{Code: "reading.sample", Params: map[string]string{"words": words}}
	}
	marked := func(a, b, c string) page.Words {
		return page.Words{Language: isms.English, Spans: []page.Span{{Text: a}, {Text: b, Proposed: true}, {Text: c}}}
	}
	v.Blocks = []page.ReadBlock{
		{Omitted: true, Language: isms.English, Original: "Home  |  Products  |  About us  |  Contact", Reason: isms.Reason{Code: "reading.menu"}},
		{Heading: true, Number: "3", Original: "Access", Level: 1, Language: isms.English},
		{Language: isms.English, Original: "3.1 Access rights shall follow the principle of least privilege, in the design of systems and in every grant. The catalogue of roles says who may have what.",
			Sentences: []page.ReadSentence{
				{ID: "s1", Number: "3.1", Words: marked("Access rights ", "shall follow", " the principle of least privilege, in the design of systems and in every grant."), Kind: "must", Confirmed: true, Reason: found("shall")},
				{ID: "s2", Number: "3.1", Words: page.Say("en", "The catalogue of roles says who may have what."), Kind: "context", Reason: found("says")},
			}},
		{Language: isms.English, Original: "3.2 User IDs of people who have left the company shall be disabled on their last working day.",
			Sentences: []page.ReadSentence{{ID: "s3", Number: "3.2", Words: marked("User IDs of people who have left the company ", "shall be disabled", " on their last working day."), Kind: "must", Reason: found("shall be"), Facts: []string{"P1D"}}}},
		{Language: isms.English, Original: "3.3 Access rights are reviewed every quarter.",
			Sentences: []page.ReadSentence{{ID: "s4", Number: "3.3", Words: marked("Access rights ", "are reviewed every quarter", "."), Kind: "does", Reason: found("are reviewed"), Facts: []string{p.Every(isms.Period{Months: 3})}}}},
		{Language: isms.English, Original: "Questions are welcome at any time.",
			Sentences: []page.ReadSentence{{ID: "s5", Words: page.Say("en", "Questions are welcome at any time."), Kind: "omit", Confirmed: true, Reason: found("–")}}},
	}
	return v
}
