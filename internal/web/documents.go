package web

import (
	"context"
	"io"
	"net/http"
	"strings"

	"holdfast/internal/control"
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/reading"
	"holdfast/internal/store"
	"holdfast/internal/web/page"
)

// maxUpload bounds an imported document, in bytes.
const maxUpload = 32 << 20

// head names a document at the version that its Statement is about.
func head(ctx context.Context, tx *store.Tx, d policy.Document) (page.DocumentHead, policy.Version, []policy.Text, error) {
	name, l := d.Name.For(d.Name.Source)
	h := page.DocumentHead{ID: d.ID, Title: name, Language: l, Kind: string(d.Kind), URL: "/documents/" + string(d.ID)}
	var v policy.Version
	if d.Standing == "" {
		return h, v, nil, nil
	}
	v, err := policy.Versions.Get(ctx, tx, d.Standing)
	if err != nil {
		return h, v, nil, err
	}
	h.Version, h.State, h.InForce = v.Label, string(v.State), v.Effective
	ts, err := policy.TextsOf(ctx, tx, v.ID)
	for _, t := range ts {
		h.Languages = append(h.Languages, t.Language)
	}
	return h, v, ts, err
}

// tally counts the verdicts on a document's binding clauses; what was never judged is unproven.
func tally(ctx context.Context, tx *store.Tx, d policy.Document, ts []policy.Text) (page.Counts, error) {
	seen, err := control.Tally(ctx, tx, d.ID)
	if err != nil || len(ts) == 0 {
		return page.Counts{}, err
	}
	c := page.Counts{Failing: seen[isms.Failing], Stale: seen[isms.Stale], Unproven: seen[isms.Unproven], Excepted: seen[isms.Excepted], Holding: seen[isms.Holding]}
	var all int
	err = tx.Row(ctx, []any{&all}, `SELECT COUNT(*) FROM policy_clause_text WHERE text_id = $2 AND normative AND from_idx <= $1 AND until_idx > $1`, tx.AsOf, string(ts[0].ID))
	c.Unproven += max(0, all-c.All())
	return c, err
}

func (s *Server) documents(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.PolicyRead); err != nil {
		return err
	}
	p := s.words(r)
	out := &page.Documents{Base: page.Base{Title: p.T("documents.title")}}
	if v.may(people.PolicyImport) == nil {
		out.Actions = []page.Action{{Text: p.T("import.title"), URL: "/documents/new", Main: true, Icon: "plus"}}
	}
	err = v.log.Read(v.ctx, func(tx *store.Tx) (err error) { out.Rows, err = documentRows(v.ctx, tx); return err })
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, out)
}

func documentRows(ctx context.Context, tx *store.Tx) ([]page.DocumentRow, error) {
	ds, err := policy.List(ctx, tx, "", 200)
	if err != nil {
		return nil, err
	}
	var out []page.DocumentRow
	for _, d := range ds {
		h, _, ts, err := head(ctx, tx, d)
		if err != nil {
			return nil, err
		}
		c, err := tally(ctx, tx, d, ts)
		if err != nil {
			return nil, err
		}
		out = append(out, page.DocumentRow{Document: h, Counts: c})
	}
	return out, nil
}

var documentKinds = []string{"policy", "summary", "standard", "law", "contract", "requirement", "questionnaire"}

func (s *Server) importPage(r *http.Request) *page.Import {
	p := s.words(r)
	kind := r.FormValue("kind")
	if kind == "" {
		kind = "policy"
	}
	return &page.Import{Base: page.Base{Title: p.T("import.title"), Crumbs: []page.Link{{Text: p.T("documents.title"), URL: "/documents"}, {Text: p.T("import.title")}}},
		DocumentTitle: r.FormValue("title"), Kind: kind, Kinds: documentKinds, TextLanguage: isms.Language(r.FormValue("language")), Text: r.FormValue("text"), Limit: maxUpload}
}

func (s *Server) newDocument(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.PolicyImport); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, s.importPage(r))
}

// importDocument takes a file or pasted text, reads it and goes to where the reading is confirmed.
func (s *Server) importDocument(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		if err = parseForm(r); err != nil {
			return err
		}
	}
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }() // temporary files; the system removes what is left
	}
	name, data, err := upload(r)
	if err != nil {
		return s.again(w, r, err, s.importPage(r))
	}
	read, err := s.read(v.ctx, name, data, r.FormValue("language"))
	if err != nil {
		return s.again(w, r, err, s.importPage(r))
	}
	in := policy.FromReading(read)
	in.Name, in.Kind, in.Document = strings.TrimSpace(r.FormValue("title")), policy.DocumentKind(r.FormValue("kind")), isms.ID(r.FormValue("document"))
	in.FileName, in.Original = name, strings.NewReader(string(data))
	o, err := s.office(v)
	if err != nil {
		return err
	}
	done, err := o.Policy.Import(v.ctx, v.Actor, in)
	if err != nil {
		return s.again(w, r, err, s.importPage(r))
	}
	if err := v.propose(o, done.Text); err != nil {
		return err
	}
	return s.goTo(w, r, "/documents/"+string(done.Document)+"/reading")
}

// read takes a document apart: text here, everything else in a process of its own with limits.
func (s *Server) read(ctx context.Context, name string, data []byte, language string) (*reading.Reading, error) {
	opt := reading.Options{Language: isms.Language(language)}
	if s.config.Read != nil {
		return s.config.Read(ctx, name, data, opt)
	}
	return reading.ReadAny(ctx, name, data, opt)
}

func upload(r *http.Request) (string, []byte, error) {
	f, h, err := r.FormFile("file")
	if err == nil && h.Size > 0 {
		data, err := io.ReadAll(io.LimitReader(f, maxUpload+1))
		if err == nil && len(data) > maxUpload {
			return "", nil, isms.Errorf(isms.Invalid, "web.too_large", "size", "32 MB").At("file")
		}
		return h.Filename, data, err
	}
	if text := strings.TrimSpace(r.FormValue("text")); text != "" {
		return "policy.txt", []byte(r.FormValue("text")), nil
	}
	return "", nil, isms.Errorf(isms.Invalid, "import.nothing").At("file")
}

// reading shows how a document was read, beside the original.
func (s *Server) reading(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.PolicyRead); err != nil {
		return err
	}
	out := &page.Reading{Only: r.URL.Query().Get("only"), CanChange: v.may(people.PolicyEdit) == nil}
	p := s.words(r)
	var ver policy.Version
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		d, err := policy.Documents.Get(v.ctx, tx, isms.ID(r.PathValue("id")))
		if err != nil {
			return err
		}
		var ts []policy.Text
		if out.Document, ver, ts, err = head(v.ctx, tx, d); err != nil || len(ts) == 0 {
			return err
		}
		t := ts[0]
		out.Digest, out.Size = t.File.Digest, t.File.Size
		out.Original = page.Link{Text: t.File.Name, URL: "/documents/" + string(d.ID) + "/original"}
		cs, _, err := policy.ClausesOf(v.ctx, tx, t.ID, policy.Filter{}, "", 5000)
		if err != nil {
			return err
		}
		out.Blocks, out.Counts = blocks(p, cs, t, out.Only)
		return nil
	})
	if err != nil {
		return err
	}
	out.URL = "/documents/" + string(out.Document.ID) + "/reading"
	out.Title = p.T("reading.title")
	out.Crumbs = []page.Link{{Text: p.T("documents.title"), URL: "/documents"}, {Text: out.Document.Title, URL: out.Document.URL}, {Text: out.Title}}
	for _, c := range []struct {
		only string
		n    int
	}{{"", out.Counts.Sentences}, {"binding", out.Counts.Binding}, {"omitted", out.Counts.Omitted}} {
		key := "reading.filter." + c.only
		if c.only == "" {
			key = "reading.filter.all"
		}
		out.Chips = append(out.Chips, page.Chip{Text: p.T(key), URL: out.URL + "?only=" + c.only, Count: c.n, Here: out.Only == c.only})
	}
	if ver.State == policy.Draft && v.may(people.PolicyAdopt) == nil {
		out.Actions = append(out.Actions, page.Action{Text: p.T("adopt.title"), URL: out.Document.URL + "/adopt"})
	}
	return s.show(w, r, http.StatusOK, out)
}

// facts are what was found in a sentence: its theme and its times, as people say them.
func facts(p *lang.Printer, c policy.ClauseText) []string {
	var out []string
	if key := "theme." + c.Theme; lang.Has(key) {
		out = append(out, p.T(key))
	} else if c.Theme != "" {
		out = append(out, c.Theme)
	}
	if period, err := isms.ParsePeriod(c.Cadence); err == nil {
		out = append(out, p.Every(period))
	} else if key := "cadence." + c.Cadence; lang.Has(key) {
		out = append(out, p.T(key))
	}
	for key, value := range map[string]string{"fact.deadline": c.Deadline, "fact.retention": c.Retention} {
		if period, err := isms.ParsePeriod(value); err == nil {
			out = append(out, p.T(key, "period", p.Period(period)))
		}
	}
	return out
}

// blocks puts headings, sentences and what was left out in the order of the original.
func blocks(p *lang.Printer, cs []policy.ClauseText, t policy.Text, only string) (out []page.ReadBlock, n page.ReadingCounts) {
	om, path := t.Omitted, ""
	n.Omitted = len(om)
	flush := func(line int) {
		for len(om) > 0 && om[0].Line < line {
			title := om[0].Because.Code == "reading.omitted.heading" // it stands as a heading already
			if (only == "" || only == "omitted") && !title {
				out = append(out, page.ReadBlock{Omitted: true, Original: om[0].Text, Reason: om[0].Because, Language: t.Language})
			}
			om = om[1:]
		}
	}
	for _, c := range cs {
		flush(c.Line)
		n.Sentences++
		kind := c.Kind
		if c.Normative {
			n.Binding++
		}
		if only == "omitted" || only == "binding" && !c.Normative {
			continue
		}
		if at := strings.Join(c.Path, " · "); at != path && at != "" {
			path = at
			out = append(out, page.ReadBlock{Heading: true, Level: len(c.Path), Original: c.Path[len(c.Path)-1], Language: t.Language})
		}
		sn := page.ReadSentence{ID: c.ID, Number: c.Number, Words: page.Say(t.Language, c.Text), Kind: kind, Confirmed: c.Corrected, URL: "/clauses/" + string(c.Clause)}
		if len(c.Because) > 0 {
			sn.Reason = c.Because[0]
		}
		sn.Facts = facts(p, c)
		if !c.Corrected {
			n.Open++
		} else {
			n.Confirmed++
		}
		out = append(out, page.ReadBlock{Original: c.Text, Language: t.Language, Sentences: []page.ReadSentence{sn}})
	}
	flush(1 << 30)
	return out, n
}

// correctReading takes the kinds that a person chose; only those that differ are corrections.
func (s *Server) correctReading(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	o, err := s.office(v)
	if err != nil {
		return err
	}
	for key := range r.PostForm {
		id, ok := strings.CutPrefix(key, "kind-")
		if !ok {
			continue
		}
		var ct policy.ClauseText
		err := v.log.Read(v.ctx, func(tx *store.Tx) (err error) { ct, err = policy.ClauseTexts.Get(v.ctx, tx, isms.ID(id)); return err })
		if err != nil {
			return err
		}
		kind := r.PostForm.Get(key)
		if kind == ct.Kind {
			continue
		}
		if kind == "omit" {
			err = o.Policy.Strike(v.ctx, v.Actor, ct.ID)
		} else {
			as := ct.Sentence
			as.Kind, as.Normative = kind, kind == "must" || kind == "must_not" || kind == "does"
			_, err = o.Policy.Reclassify(v.ctx, v.Actor, ct.ID, as)
		}
		if err != nil {
			return err
		}
	}
	if r.PostForm.Get("act") == "confirm" {
		return s.done(w, r, "/documents/"+r.PathValue("id"), "confirmed")
	}
	return s.done(w, r, r.URL.Path, "saved")
}

// original hands out the bytes as they came, inert.
func (s *Server) original(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.PolicyRead); err != nil {
		return err
	}
	var file policy.File
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		d, err := policy.Documents.Get(v.ctx, tx, isms.ID(r.PathValue("id")))
		if err != nil {
			return err
		}
		_, _, ts, err := head(v.ctx, tx, d)
		if len(ts) > 0 {
			file = ts[0].File
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.attachment(w, v, file.Digest, file.Name)
}

// attachment sends kept bytes so that no browser ever shows them as a page of ours.
func (s *Server) attachment(w http.ResponseWriter, v *visit, digest, name string) error {
	if digest == "" {
		return isms.Errorf(isms.NotFound, "file.missing", "digest", "")
	}
	f, err := v.log.DB.OpenFile(v.ctx, digest)
	if err != nil {
		return err
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '/' {
			return '_'
		}
		return c
	}, name)+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	_, err = io.Copy(w, f)
	return err
}
