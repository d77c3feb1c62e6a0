package web

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/web/page"
)

const entriesPerPage = 50

// ledger is the page of the organisation's log: its head, how to verify it, and its entries.
func (s *Server) ledger(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.LedgerRead); err != nil {
		return err
	}
	p := s.words(r)
	out := &page.Ledger{Base: page.Base{Title: p.T("nav.ledger")}, Key: v.log.VerifierKey()}
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil {
		before = store.Now
	}
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		h, err := ledger.ReadHead(v.ctx, tx)
		if err != nil {
			return err
		}
		if hd := headOf(h); hd != nil {
			out.Head = *hd
		}
		out.Checkpoint = string(h.Note)
		es, err := ledger.Recent(v.ctx, tx, before, entriesPerPage)
		if err != nil {
			return err
		}
		for _, e := range es {
			out.Entries = append(out.Entries, v.entryRow(e))
		}
		if n := len(es); n == entriesPerPage && es[n-1].Index > 0 {
			out.Pager.Next = "?before=" + strconv.FormatInt(es[n-1].Index, 10)
		}
		cps, err := ledger.Checkpoints(v.ctx, tx, h.Gen, 10)
		if err != nil {
			return err
		}
		for _, c := range cps {
			if hd := headOf(c); hd != nil {
				out.Checkpoints = append(out.Checkpoints, *hd)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.VerifyLines = []string{"holdfast verify " + s.config.Instance.Store.Dir}
	return s.show(w, r, http.StatusOK, out)
}

func (v *visit) entryRow(e *ledger.Entry) page.EntryRow {
	return page.EntryRow{Index: int(e.Index), URL: "/ledger/" + strconv.FormatInt(e.Index, 10), Kind: e.Kind, Subject: page.Link{Text: string(e.Subject)},
		By: v.nameOf(isms.ID(e.Actor)), At: e.At, Erased: e.Erased()}
}

// nameOf is what people call an account; opaque references stay as they are.
func (v *visit) nameOf(id isms.ID) string {
	if id == v.Actor.Account {
		return v.Name
	}
	if v.names == nil {
		return string(id)
	}
	return v.names(id)
}

// entry is the page of one entry.
func (s *Server) entryPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.LedgerRead); err != nil {
		return err
	}
	idx, err := strconv.ParseInt(r.PathValue("index"), 10, 64)
	if err != nil {
		return isms.Errorf(isms.NotFound, "entry.unknown")
	}
	p := s.words(r)
	out := &page.Entry{}
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		e, err := ledger.Get(v.ctx, tx, idx)
		if err != nil {
			return err
		}
		out.Row, out.Revision = v.entryRow(e), int(e.Rev)
		leaf := tlog.RecordHash(e.Leaf())
		out.Leaf = hex.EncodeToString(leaf[:])
		out.Payload = indented(e.Payload)
		var hd map[string]any
		if err := json.Unmarshal(e.Header(), &hd); err != nil {
			return err
		}
		for _, k := range []string{"actor", "at", "kind", "means", "rev", "subject"} {
			b, err := json.Marshal(hd[k])
			if err != nil {
				return err
			}
			out.Header = append(out.Header, page.Fact{Name: k, Value: string(bytes.Trim(b, `"`))})
		}
		if e.Rev > 1 {
			hs, err := ledger.History(v.ctx, tx, e.Subject, 1000)
			if err != nil {
				return err
			}
			for _, h := range hs {
				if h.Rev == e.Rev-1 {
					out.Before = indented(h.Payload)
				}
			}
		}
		out.Inclusion, _, err = inclusion(r, tx, e)
		return err
	})
	if err != nil {
		return err
	}
	out.Title = p.T("entry.name", "n", idx)
	out.Crumbs = []page.Link{{Text: p.T("nav.ledger"), URL: "/ledger"}, {Text: out.Title}}
	return s.show(w, r, http.StatusOK, out)
}

func indented(b []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return string(b)
	}
	return out.String()
}

// start is the first page: the next steps, then what needs somebody.
func (s *Server) start(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	p := s.words(r)
	out := &page.Start{Base: page.Base{Title: p.T("nav.start")}, Greeting: p.T("start.greeting", "name", v.Name)}
	var subjects, bound, looks int
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		var err error
		if out.Documents, err = documentRows(v.ctx, tx); err != nil {
			return err
		}
		for _, c := range []struct {
			n    *int
			text string
		}{
			{&subjects, `SELECT COUNT(*) FROM control_subject WHERE from_idx <= $1 AND until_idx > $1`},
			{&bound, `SELECT COUNT(*) FROM control_binding WHERE state = 'confirmed' AND from_idx <= $1 AND until_idx > $1`},
			{&looks, `SELECT COUNT(*) FROM evidence_look WHERE from_idx <= $1`},
		} {
			if err := tx.Row(v.ctx, []any{c.n}, c.text, tx.AsOf); err != nil {
				return err
			}
		}
		h, err := ledger.ReadHead(v.ctx, tx)
		out.Head = headOf(h)
		return err
	})
	if err != nil {
		return err
	}
	first := ""
	adopted := false
	for _, d := range out.Documents {
		if first == "" {
			first = d.Document.URL
		}
		adopted = adopted || d.Document.InForce != ""
	}
	step := func(key string, done bool, url string) {
		st := page.Step{Text: p.T("start.step." + key), Why: p.T("start.why." + key), Done: done}
		if url != "" {
			st.Action = &page.Action{Text: p.T("start.do." + key), URL: url}
		}
		out.Steps = append(out.Steps, st)
	}
	step("organisation", true, "")
	step("policy", first != "", "/documents/new")
	step("adopt", adopted, orHome(first))
	step("bind", bound > 0, orHome(first))
	step("subjects", subjects > 0, "/controls/new")
	step("look", looks > 0, "/evidence")
	return s.show(w, r, http.StatusOK, out)
}
