package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/bundle"
	"holdfast/internal/control"
	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
	"holdfast/internal/web/page"
)

// printer speaks the reader's language.
type printer = *lang.Printer

func parseIn(form, s string, zone *time.Location) (time.Time, error) {
	return time.ParseInLocation(form, s, zone)
}

func (s *Server) clausePage(r *http.Request) (*page.Clause, *visit, error) {
	v, err := s.inside(r)
	if err != nil {
		return nil, nil, err
	}
	if err := v.may(people.PolicyRead); err != nil {
		return nil, nil, err
	}
	p := s.words(r)
	out := &page.Clause{Chosen: r.PostForm.Get("control"), Period: r.PostForm.Get("period")}
	out.AsOf, err = v.at(r, func(tx *store.Tx) error { return v.fillClause(r, tx, p, out) })
	if err != nil {
		return nil, nil, err
	}
	out.Title = p.T("clause.name", "number", out.Row.Number)
	out.Crumbs = []page.Link{{Text: p.T("documents.title"), URL: "/documents"}, {Text: out.Document.Title, URL: out.Document.URL}, {Text: out.Title}}
	id := r.PathValue("id")
	if v.may(people.ClauseBind) == nil && v.may(people.BindingConfirm) == nil && out.AsOf == 0 {
		out.BindURL = "/clauses/" + id + "/bindings"
		out.Actions = append(out.Actions, page.Action{Text: p.T("newcontrol.name"), URL: "/controls/new?clause=" + id, Icon: "plus"})
	}
	out.Actions = append(out.Actions, page.Action{Text: p.T("bundle.get"), URL: "/clauses/" + id + "/bundle", Icon: "down", Wide: true})
	return out, v, nil
}

func (v *visit) fillClause(r *http.Request, tx *store.Tx, p printer, out *page.Clause) error {
	id := isms.ID(r.PathValue("id"))
	ct, err := policy.Standing(v.ctx, tx, id)
	if err != nil {
		return err
	}
	d, err := policy.Documents.Get(v.ctx, tx, ct.Document)
	if err != nil {
		return err
	}
	var ts []policy.Text
	if out.Document, _, ts, err = head(v.ctx, tx, d); err != nil {
		return err
	}
	var l isms.Language
	if len(ts) > 0 {
		l = ts[0].Language
	}
	now := v.now(out.AsOf)
	in, _, err := control.Assemble(v.ctx, tx, ct.ID, now, v.Zone)
	if err != nil {
		return err
	}
	res := verdict.Derive(in)
	vd, err := control.VerdictOf(v.ctx, tx, id)
	if err != nil {
		return err
	}
	all, bound, err := control.Intervals(v.ctx, tx, id)
	if err != nil {
		return err
	}
	place, err := policy.Place(v.ctx, tx, &ct)
	if err != nil {
		return err
	}
	out.Context = strings.Join(ct.Path, " · ")
	out.Row = page.ClauseRow{ID: id, URL: r.URL.Path, Number: number(ct, place-1), Words: page.Say(l, ct.Text), Verdict: res.Verdict, Since: vd.Since,
		Share: share(all, bound, now), Covers: covers(p, res.Subjects)}
	for _, day := range verdict.Days(all, nil, v.Zone, now, recordDays) {
		out.Row.Record = append(out.Row.Record, day.Verdict)
	}
	out.Judgement = page.Judgement{Verdict: res.Verdict, Reasons: res.Reasons, Function: strconv.Itoa(res.Version)}
	if vd.From > 0 || vd.Rev > 0 {
		out.Judgement.Entry = entryLink(vd.From)
	}
	for _, pt := range res.Parts {
		out.Judgement.Parts.All++
		proven := pt.Verdict == isms.Holding || pt.Verdict == isms.Excepted
		if proven {
			out.Judgement.Parts.Good++
		}
		out.Parts = append(out.Parts, page.Part{Text: pt.Part, Proven: proven})
	}
	out.History = history(all)
	if err := v.fillBindings(tx, p, ct, res, out); err != nil {
		return err
	}
	if out.Row.Why != nil {
		out.Row.Why.Episodes = episodes(all, r.URL.Path)
	}
	return nil
}

func entryLink(idx int64) *page.EntryLink {
	return &page.EntryLink{Index: int(idx), URL: "/ledger/" + strconv.FormatInt(idx, 10)}
}

// history lists intervals, newest first.
func history(all []verdict.Interval) (out []page.Interval) {
	for i := len(all) - 1; i >= 0; i-- {
		x := page.Interval{Verdict: all[i].Verdict, From: all[i].From, Until: isms.Forever}
		if all[i].Until != 0 {
			x.Until = all[i].Until
		}
		if all[i].Cause.Entry > 0 {
			x.Entry = &page.EntryLink{Index: int(all[i].Cause.Entry), URL: "/evidence/" + strconv.FormatInt(all[i].Cause.Entry, 10) + "/" + strconv.Itoa(all[i].Cause.Item)}
		}
		out = append(out, x)
	}
	return out
}

func (v *visit) fillBindings(tx *store.Tx, p printer, ct policy.ClauseText, res verdict.Result, out *page.Clause) error {
	why := &page.Why{}
	for _, bd := range res.Bindings {
		b, err := control.Bindings.Get(v.ctx, tx, bd.Binding)
		if err != nil {
			return err
		}
		c, err := control.Controls.Get(v.ctx, tx, bd.Control)
		if err != nil {
			return err
		}
		title, _ := c.Title.For(p.Language())
		row := page.Binding{ID: b.ID, Control: page.Link{Text: title, URL: "/controls/" + string(c.ID)}, Parts: b.Parts, Reason: b.Because, At: b.Confirmed, By: v.nameOf(b.ConfirmedBy)}
		for _, f := range b.Figures {
			row.Parameters = append(row.Parameters, page.Parameter{Name: string(f.Kind), Value: f.Value})
		}
		if bd.Counts {
			row.RefuseURL = "/bindings/" + string(b.ID) + "/end"
			for _, why := range bd.Reasons {
				row.Warning = p.Reason(why)
			}
			out.Bindings = append(out.Bindings, row)
			for _, pr := range bd.Proofs {
				countProof(&out.Row.Proofs, pr.Kind)
				x, err := proofRow(v.ctx, tx, p, pr)
				if err != nil {
					return err
				}
				why.Proofs = append(why.Proofs, x)
				out.Judgement.Covers = append(out.Judgement.Covers, page.Cover{Name: x.Name, Tally: page.Tally{Good: pr.Subjects.Holding, All: pr.Subjects.Of()}, URL: x.URL})
			}
			continue
		}
		row.ConfirmURL, row.RefuseURL = "/bindings/"+string(b.ID)+"/confirm", "/bindings/"+string(b.ID)+"/end"
		out.Proposals = append(out.Proposals, row)
	}
	if err := v.fillProposals(tx, p, ct, out); err != nil {
		return err
	}
	if len(why.Proofs) > 0 {
		out.Row.Why = why
	}
	cs, err := control.Controls.Where(v.ctx, tx, `state = 'active'`, 2000)
	for _, c := range cs {
		title, _ := c.Title.For(p.Language())
		out.Controls = append(out.Controls, page.Option{Value: string(c.ID), Text: title})
	}
	return err
}

func (s *Server) clause(w http.ResponseWriter, r *http.Request) error {
	v, _, err := s.clausePage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, v)
}

// bundle hands out the proof of the verdict on a clause, as one file that anybody can check offline.
func (s *Server) bundle(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.LedgerExport); err != nil {
		return err
	}
	var ct policy.ClauseText
	id := isms.ID(r.PathValue("id"))
	if err := v.log.Read(v.ctx, func(tx *store.Tx) (err error) { ct, err = policy.Standing(v.ctx, tx, id); return err }); err != nil {
		return err
	}
	b, err := bundle.Build(v.ctx, v.log, ct.ID, v.log.Clock.Now(), v.Zone)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+string(id)+`.holdfast-bundle.json"`)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	_, err = w.Write(b)
	return err
}

// bind ties a clause to a control at once.
func (s *Server) bind(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	pg, v, err := s.clausePage(r)
	if err != nil {
		return err
	}
	err = s.doBind(v, isms.ID(r.PathValue("id")), isms.ID(r.PostForm.Get("control")), r.PostForm.Get("period"))
	if err != nil {
		return s.again(w, r, err, pg)
	}
	return s.done(w, r, "/clauses/"+r.PathValue("id"), "bound")
}

func (s *Server) doBind(v *visit, clause, ctl isms.ID, period string) error {
	o, err := s.office(v)
	if err != nil {
		return err
	}
	var ct policy.ClauseText
	if err := v.log.Read(v.ctx, func(tx *store.Tx) (err error) { ct, err = policy.Standing(v.ctx, tx, clause); return err }); err != nil {
		return err
	}
	var figures []verdict.Figure
	if period = strings.TrimSpace(period); period != "" {
		if _, err := isms.ParsePeriod(period); err != nil {
			return isms.Errorf(isms.Invalid, "period.malformed", "value", period).At("period")
		}
		figures = append(figures, verdict.Figure{Kind: verdict.PeriodFigure, Value: period})
	}
	_, err = o.Control.Bind(v.ctx, v.Actor, ct.ID, ctl, nil, figures)
	return err
}

func (s *Server) endBinding(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	o, err := s.office(v)
	if err != nil {
		return err
	}
	var b control.Binding
	id := isms.ID(r.PathValue("id"))
	if err := v.log.Read(v.ctx, func(tx *store.Tx) (err error) { b, err = control.Bindings.Get(v.ctx, tx, id); return err }); err != nil {
		return err
	}
	if err := o.Control.Unbind(v.ctx, v.Actor, id); err != nil {
		return err
	}
	return s.done(w, r, "/clauses/"+string(b.Clause), "unbound")
}

func (s *Server) confirmBinding(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	o, err := s.office(v)
	if err != nil {
		return err
	}
	var b control.Binding
	id := isms.ID(r.PathValue("id"))
	if err := v.log.Read(v.ctx, func(tx *store.Tx) (err error) { b, err = control.Bindings.Get(v.ctx, tx, id); return err }); err != nil {
		return err
	}
	if err := v.confirm(o, b); err != nil {
		return err
	}
	return s.done(w, r, "/clauses/"+string(b.Clause), "bound")
}
