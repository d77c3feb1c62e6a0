package web

import (
	"net"
	"net/http"
	"os"
	"strings"

	"holdfast/internal/control"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
	"holdfast/internal/web/page"
)

// controls lists what the organisation does so that its clauses are true.
func (s *Server) controls(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.ControlRead); err != nil {
		return err
	}
	p := s.words(r)
	out := &page.Controls{Base: page.Base{Title: p.T("controls.title")}, Search: r.URL.Query().Get("q"), CanAdd: v.may(people.ControlEdit) == nil}
	if out.CanAdd {
		out.Actions = []page.Action{{Text: p.T("newcontrol.name"), URL: "/controls/new", Main: true, Icon: "plus"}}
	}
	out.AsOf, err = v.at(r, func(tx *store.Tx) error {
		cs, err := control.Controls.Where(v.ctx, tx, `state = 'active' ORDER BY id`, 500)
		if err != nil {
			return err
		}
		for _, c := range cs {
			title, _ := c.Title.For(p.Language())
			if out.Search != "" && !strings.Contains(strings.ToLower(title), strings.ToLower(out.Search)) {
				continue
			}
			vd, err := control.VerdictOf(v.ctx, tx, c.ID)
			if err != nil {
				return err
			}
			all, _, err := control.Intervals(v.ctx, tx, c.ID)
			if err != nil {
				return err
			}
			ps, err := control.Proofs.Where(v.ctx, tx, `control = $2 AND state = 'active'`, 200, string(c.ID))
			if err != nil {
				return err
			}
			bs, err := control.Bindings.Where(v.ctx, tx, `control = $2 AND state = 'confirmed'`, 2000, string(c.ID))
			if err != nil {
				return err
			}
			row := page.ControlRow{Link: page.Link{Text: title, URL: "/controls/" + string(c.ID)}, Verdict: vd.Verdict, Since: vd.Since, Clauses: len(bs)}
			for _, pf := range ps {
				countProof(&row.Proofs, pf.Kind)
			}
			for _, d := range verdict.Days(all, nil, v.Zone, v.now(out.AsOf), recordDays) {
				row.Record = append(row.Record, d.Verdict)
			}
			addCount(&out.Counts, vd.Verdict)
			out.Rows = append(out.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.Columns = []page.Column{{Text: p.T("controls.number")}, {Text: p.T("controls.name")}, {Text: p.T("history.verdict")}}
	return s.show(w, r, http.StatusOK, out)
}

// control is the page of one control: its proofs, and each subject with what was last seen.
func (s *Server) control(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.ControlRead); err != nil {
		return err
	}
	p := s.words(r)
	out := &page.Control{}
	out.AsOf, err = v.at(r, func(tx *store.Tx) error { return v.fillControl(r, tx, p, out) })
	if err != nil {
		return err
	}
	out.Title = out.Name
	out.Crumbs = []page.Link{{Text: p.T("controls.title"), URL: "/controls"}, {Text: out.Name}}
	return s.show(w, r, http.StatusOK, out)
}

func (v *visit) fillControl(r *http.Request, tx *store.Tx, p printer, out *page.Control) error {
	id := isms.ID(r.PathValue("id"))
	c, err := control.Controls.Get(v.ctx, tx, id)
	if err != nil {
		return err
	}
	out.Name, _ = c.Title.For(p.Language())
	out.Words, _ = c.Purpose.For(p.Language())
	now := v.now(out.AsOf)
	in, _, err := control.AssembleControl(v.ctx, tx, id, now, v.Zone)
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
	out.Judgement = page.Judgement{Verdict: res.Verdict, Reasons: res.Reasons, Entry: entryLink(vd.From)}
	out.Since, out.Share, out.History = vd.Since, share(all, bound, now), history(all)
	for _, d := range verdict.Days(all, nil, v.Zone, now, recordDays) {
		out.Record = append(out.Record, d.Verdict)
	}
	for _, b := range res.Bindings {
		for _, pr := range b.Proofs {
			d, err := v.proofDetail(tx, p, pr)
			if err != nil {
				return err
			}
			out.Proofs = append(out.Proofs, d)
		}
	}
	bs, err := control.Bindings.Where(v.ctx, tx, `control = $2 AND state = 'confirmed'`, 200, string(id))
	if err != nil {
		return err
	}
	for i, b := range bs {
		ct, err := policy.Standing(v.ctx, tx, b.Clause)
		if isms.KindOf(err) == isms.NotFound && err != nil {
			continue // the clause is in no standing version any more
		}
		if err != nil {
			return err
		}
		cv, err := control.VerdictOf(v.ctx, tx, b.Clause)
		if err != nil {
			return err
		}
		out.Clauses = append(out.Clauses, page.ClauseRow{ID: b.Clause, URL: "/clauses/" + string(b.Clause), Number: number(ct, i), Words: page.Say(v.Of.Language, ct.Text), Verdict: cv.Verdict, Since: cv.Since, Share: -1})
	}
	return nil
}

// shownSubjects is how many subjects a proof lists on the page of its control.
const shownSubjects = 50

func (v *visit) proofDetail(tx *store.Tx, p printer, pr verdict.ProofResult) (page.ProofDetail, error) {
	row, err := proofRow(v.ctx, tx, p, pr)
	if err != nil {
		return page.ProofDetail{}, err
	}
	pf, err := control.Proofs.Get(v.ctx, tx, pr.Proof)
	if err != nil {
		return page.ProofDetail{}, err
	}
	d := page.ProofDetail{Proof: row, Kind: string(pr.Kind), Window: pr.Window}
	if pf.Scope != "" {
		sc, err := control.Scopes.Get(v.ctx, tx, pf.Scope)
		if err != nil {
			return d, err
		}
		d.Scope, _ = sc.Name.For(p.Language())
		d.Complete = sc.Declared != 0
	}
	if v.may(people.SubjectEdit) == nil {
		d.LookURL = "/controls/" + string(pf.Control) + "/look"
	}
	for i, it := range pr.Items {
		if i == shownSubjects {
			d.More = page.Link{Text: p.T("list.more", "n", len(pr.Items)-i)}
			break
		}
		sub := page.SubjectRow{Verdict: it.Verdict, At: it.Observed}
		if it.Subject != "" {
			x, err := control.Subjects.Get(v.ctx, tx, it.Subject)
			if err != nil {
				return d, err
			}
			sub.Name = x.Name
		}
		for _, why := range it.Reasons {
			sub.Saw = append(sub.Saw, page.SawPart{Text: p.Reason(why) + " "})
		}
		if it.Ref != nil {
			sub.Evidence = evidenceURL(*it.Ref)
		}
		d.Subjects = append(d.Subjects, sub)
	}
	return d, nil
}

func (s *Server) newControlPage(r *http.Request, v *visit) (*page.NewControl, error) {
	p := s.words(r)
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	out := &page.NewControl{Base: page.Base{Title: p.T("newcontrol.name"), Crumbs: []page.Link{{Text: p.T("controls.title"), URL: "/controls"}, {Text: p.T("newcontrol.name")}}},
		URL: "/controls", Name: r.FormValue("title"), Purpose: r.FormValue("purpose"), Check: r.FormValue("check"), Every: r.FormValue("every"),
		Subjects: r.FormValue("subjects"), Host: host, Complete: r.FormValue("complete") == "yes", Clause: r.FormValue("clause")}
	if out.Every == "" {
		out.Every = "PT15M"
	}
	if out.Subjects == "" && r.Method == http.MethodGet {
		out.Subjects = host
	}
	for _, k := range probe.Keys() {
		out.Checks = append(out.Checks, page.Option{Value: k, Text: p.T("check." + k)})
	}
	if out.Clause != "" {
		err = v.log.Read(v.ctx, func(tx *store.Tx) error {
			ct, err := policy.Standing(v.ctx, tx, isms.ID(out.Clause))
			out.Sentence = page.Say(v.Of.Language, ct.Text)
			return err
		})
	}
	return out, err
}

func (s *Server) newControl(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.ControlEdit); err != nil {
		return err
	}
	pg, err := s.newControlPage(r, v)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, pg)
}

// makeControl makes a control with one check, its scope and subjects, and binds it where asked.
func (s *Server) makeControl(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	made, err := s.assembleControl(r, v)
	if err != nil {
		pg, perr := s.newControlPage(r, v)
		if perr != nil {
			return perr
		}
		return s.again(w, r, err, pg)
	}
	if clause := r.PostForm.Get("clause"); clause != "" {
		if err := s.doBind(v, isms.ID(clause), made.ID, ""); err != nil {
			return err
		}
		return s.done(w, r, "/clauses/"+clause, "bound")
	}
	return s.done(w, r, "/controls/"+string(made.ID), "saved")
}

func (s *Server) assembleControl(r *http.Request, v *visit) (control.Control, error) {
	var none control.Control
	o, err := s.office(v)
	if err != nil {
		return none, err
	}
	check := r.PostForm.Get("check")
	every, err := isms.ParsePeriod(strings.TrimSpace(r.PostForm.Get("every")))
	if err != nil {
		return none, isms.Errorf(isms.Invalid, "period.malformed", "value", r.PostForm.Get("every")).At("every")
	}
	title := strings.TrimSpace(r.PostForm.Get("title"))
	if title == "" {
		return none, isms.Errorf(isms.Invalid, "control.title_missing").At("title")
	}
	subjects := subjectsFor(check, strings.Fields(r.PostForm.Get("subjects")))
	if len(subjects) > 0 {
		if _, err := o.Control.AddSubjects(v.ctx, v.Actor, subjects); err != nil {
			return none, err
		}
	}
	ids, err := s.idsOf(v, subjects)
	if err != nil {
		return none, err
	}
	l := v.Of.Language
	scope, err := o.Control.MakeScope(v.ctx, v.Actor, isms.TextIn(l, title), control.Selector{Subjects: ids})
	if err != nil {
		return none, err
	}
	if r.PostForm.Get("complete") == "yes" {
		if err := o.Control.Declare(v.ctx, v.Actor, scope.ID, scope.Rev); err != nil {
			return none, err
		}
	}
	made, _, err := o.Control.Make(v.ctx, v.Actor, control.Control{Title: isms.TextIn(l, title), Purpose: isms.TextIn(l, strings.TrimSpace(r.PostForm.Get("purpose"))), Owner: v.Actor.Account},
		[]control.Proof{{Key: "check", Kind: verdict.CheckProof, Title: isms.TextIn(l, s.words(r).T("check."+check)), Probe: check, Every: every, Required: true, Scope: scope.ID}})
	if err != nil {
		return none, err
	}
	return made, o.LookNow(v.ctx)
}

// subjectsFor makes subjects of what a check is about out of addresses.
func subjectsFor(check string, addresses []string) (out []control.Subject) {
	kind := probe.Endpoint
	switch {
	case strings.HasPrefix(check, "host."):
		kind = probe.Host
	case strings.HasPrefix(check, "mail."):
		kind = probe.MailDomain
	case strings.HasPrefix(check, "web."):
		kind = probe.WebPage
	case strings.HasPrefix(check, "ntp."):
		kind = probe.TimeServer
	}
	for _, a := range addresses {
		a = strings.Trim(a, ",;")
		address := a
		if _, _, err := net.SplitHostPort(a); err != nil && kind == probe.Endpoint {
			address = net.JoinHostPort(a, "443")
		}
		out = append(out, control.Subject{Kind: kind, Address: address, Name: a})
	}
	return out
}

// idsOf finds the organisation's subjects by kind and address.
func (s *Server) idsOf(v *visit, subjects []control.Subject) (ids []isms.ID, err error) {
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		for _, x := range subjects {
			found, err := control.Subjects.Where(v.ctx, tx, `address = $2 AND kind = $3 AND retired = 0`, 1, x.Address, string(x.Kind))
			if err != nil {
				return err
			}
			for _, f := range found {
				ids = append(ids, f.ID)
			}
		}
		return nil
	})
	return ids, err
}

// lookNow asks the built-in agent to look at what is due at once.
func (s *Server) lookNow(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.SubjectEdit); err != nil {
		return err
	}
	o, err := s.office(v)
	if err != nil {
		return err
	}
	if err := o.LookNow(v.ctx); err != nil {
		return err
	}
	return s.done(w, r, "/controls/"+r.PathValue("id"), "looking")
}
