package web

import (
	"net/http"

	"holdfast/internal/isms"
	"holdfast/internal/policy"
	"holdfast/internal/store"
	"holdfast/internal/web/page"
)

func (s *Server) adoptPage(r *http.Request, d page.DocumentHead, v *visit) *page.Adopt {
	p := s.words(r)
	out := &page.Adopt{Base: page.Base{Title: p.T("adopt.title"), Crumbs: []page.Link{{Text: p.T("documents.title"), URL: "/documents"}, {Text: d.Title, URL: d.URL}, {Text: p.T("adopt.title")}}},
		Document: d, URL: d.URL + "/adopt", Approver: r.PostForm.Get("approver"), Approved: isms.Date(r.PostForm.Get("approved"))}
	if out.Approved == "" {
		out.Approved = isms.DateOf(v.log.Clock.Now(), v.Zone)
	}
	return out
}

// adopt shows and takes the declaration that a policy is in force already.
func (s *Server) adopt(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	var d page.DocumentHead
	var ver policy.Version
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		doc, err := policy.Documents.Get(v.ctx, tx, isms.ID(r.PathValue("id")))
		if err != nil {
			return err
		}
		d, ver, _, err = head(v.ctx, tx, doc)
		return err
	})
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		return s.show(w, r, http.StatusOK, s.adoptPage(r, d, v))
	}
	o, err := s.office(v)
	if err != nil {
		return err
	}
	err = o.Policy.Adopt(v.ctx, v.Actor, ver.ID, policy.Adoption{Approver: r.PostForm.Get("approver"), Approved: isms.Date(r.PostForm.Get("approved"))})
	if err != nil {
		return s.again(w, r, err, s.adoptPage(r, d, v))
	}
	return s.done(w, r, d.URL, "adopted")
}
