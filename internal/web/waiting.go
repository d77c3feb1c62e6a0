package web

import (
	"net/http"
	"strings"

	"holdfast/internal/control"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/store"
	"holdfast/internal/web/page"
)

// waiting lists what a second person decides: versions put to approval, and exceptions asked for.
func (s *Server) waiting(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.PolicyRead); err != nil {
		return err
	}
	p := s.words(r)
	out := &page.Waiting{Base: page.Base{Title: p.T("waiting.title")}}
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		vs, err := policy.Versions.Where(v.ctx, tx, `state = 'review' ORDER BY id`, 200)
		if err != nil {
			return err
		}
		for _, ver := range vs {
			d, err := policy.Documents.Get(v.ctx, tx, ver.Document)
			if err != nil {
				return err
			}
			name, _ := d.Name.For(p.Language())
			row := page.WaitRow{What: p.T("waiting.version", "label", ver.Label), Link: page.Link{Text: name, URL: "/documents/" + string(d.ID)}, By: v.nameOf(ver.Submitted), At: ver.Recorded, Why: ver.Reason}
			v.queue(out, row, people.PolicyApprove, ver.Submitted, "/versions/"+string(ver.ID))
		}
		es, err := control.ExceptionsIn(v.ctx, tx, control.ExceptionAsked, "", 200)
		if err != nil {
			return err
		}
		for _, e := range es {
			row := page.WaitRow{What: p.T("waiting.exception", "until", p.Date(isms.DateOf(e.Until, v.Zone))), By: v.nameOf(e.AskedBy), At: e.Asked, Why: e.Reason}
			v.queue(out, row, people.ExceptionApprove, e.AskedBy, "/exceptions/"+string(e.ID))
		}
		return nil
	})
	if err != nil {
		return err
	}
	members, err := s.config.People.Members(v.ctx, v.Actor, v.Place)
	if err != nil && isms.KindOf(err) != isms.Forbidden {
		return err
	}
	out.Lone = len(members) == 1
	return s.show(w, r, http.StatusOK, out)
}

// queue puts a row among those that the visitor may decide, or among those that wait for somebody else.
func (v *visit) queue(out *page.Waiting, row page.WaitRow, act people.Act, asked isms.ID, url string) {
	if ok, _ := people.Can(v.Actor, act, people.Record{Place: v.Place, RequestedBy: asked}); ok {
		row.ApproveURL, row.RefuseURL = url+"/approve", url+"/refuse"
		out.Others = append(out.Others, row)
		return
	}
	out.Mine = append(out.Mine, row)
}

// decide approves or refuses what waits; the rooms hold the separation of duties and the fresh factor.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	o, err := s.office(v)
	if err != nil {
		return err
	}
	id, yes := isms.ID(r.PathValue("id")), r.PathValue("answer") == "approve"
	if !yes && r.PathValue("answer") != "refuse" {
		return isms.Errorf(isms.NotFound, "web.not_found")
	}
	refusal := s.words(r).T("waiting.refused", "name", v.Name)
	switch {
	case strings.HasPrefix(r.URL.Path, "/exceptions/"):
		answer := ""
		if !yes {
			answer = refusal
		}
		err = o.Control.Decide(v.ctx, v.Actor, id, yes, answer)
	case yes:
		err = o.Policy.Approve(v.ctx, v.Actor, id)
	default:
		err = o.Policy.SendBack(v.ctx, v.Actor, id, refusal)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, "/waiting", "decided")
}

// submit puts a draft to approval by another person; publish brings an approved version into force today.
func (s *Server) submit(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	o, err := s.office(v)
	if err != nil {
		return err
	}
	var ver policy.Version
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		d, err := policy.Documents.Get(v.ctx, tx, isms.ID(r.PathValue("id")))
		if err != nil {
			return err
		}
		vs, err := policy.VersionsOf(v.ctx, tx, d.ID)
		if err == nil && len(vs) > 0 {
			ver = vs[0]
		}
		return err
	})
	if err != nil {
		return err
	}
	if ver.State == policy.Approved {
		err = o.Policy.Publish(v.ctx, v.Actor, ver.ID, isms.DateOf(v.log.Clock.Now(), v.Zone), isms.Period{})
	} else {
		err = o.Policy.Submit(v.ctx, v.Actor, ver.ID)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, "/documents/"+r.PathValue("id"), "decided")
}
