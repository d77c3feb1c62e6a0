package web

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
	"holdfast/internal/web/page"
)

func evidenceURL(ref verdict.Ref) string {
	return fmt.Sprintf("/evidence/%d/%d", ref.Entry, ref.Item)
}

// evidenceList shows what was seen lately.
func (s *Server) evidenceList(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.EvidenceRead); err != nil {
		return err
	}
	p := s.words(r)
	out := &page.EvidenceList{Base: page.Base{Title: p.T("nav.evidence")}}
	out.AsOf, err = v.at(r, func(tx *store.Tx) error {
		es, err := ledger.Find(v.ctx, tx, ledger.Query{Kind: evidence.BatchReceived, Until: tx.AsOf, Newest: true, Limit: 20})
		if err != nil {
			return err
		}
		for _, e := range es {
			b, err := evidence.BatchAt(v.ctx, tx, e.Index)
			if err != nil {
				return err
			}
			for i := range min(b.Len(), 100-len(out.Rows)) {
				o, err := b.Observation(i)
				if err != nil {
					return err
				}
				out.Rows = append(out.Rows, page.EvidenceRow{What: p.T("check." + o.Check), Subject: o.Subject.Address, Kind: "observation", Verdict: lookVerdict(o.Error != nil),
					At: o.Occurred, Entry: *entryLink(e.Index), URL: evidenceURL(verdict.Ref{Entry: e.Index, Item: i})})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, out)
}

// lookVerdict marks a look that could not look; what it saw is for proofs to judge.
func lookVerdict(failed bool) isms.Verdict {
	if failed {
		return isms.Unproven
	}
	return isms.Holding
}

// evidence is the page of one observation: what was seen and the proof that nobody changed it.
func (s *Server) evidence(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.EvidenceRead); err != nil {
		return err
	}
	idx, err := strconv.ParseInt(r.PathValue("entry"), 10, 64)
	item, ierr := strconv.Atoi(r.PathValue("item"))
	if err != nil || ierr != nil {
		return isms.Errorf(isms.NotFound, "entry.unknown")
	}
	p := s.words(r)
	out := &page.Evidence{Kind: "observation", Item: item, Entry: *entryLink(idx)}
	err = v.log.Read(v.ctx, func(tx *store.Tx) error {
		e, err := ledger.Get(v.ctx, tx, idx)
		if err != nil {
			return err
		}
		o, err := evidence.ObservationAt(v.ctx, tx, verdict.Ref{Entry: idx, Item: item})
		if err != nil {
			return err
		}
		out.What, out.Subject = p.T("check."+o.Check), o.Subject.Address
		out.Digest = strings.TrimPrefix(o.Digest, "sha256:")
		out.Times = page.Times{Observed: o.Occurred, Received: e.At, Recorded: e.At}
		out.Source = []page.Fact{{Name: p.T("evidence.source"), Value: o.Source}, {Name: p.T("evidence.exit"), Value: strconv.Itoa(o.Exit)}}
		for _, f := range o.Facts {
			out.Facts = append(out.Facts, page.Fact{Name: f.Name, Value: factValue(f)})
		}
		out.Verdict = lookVerdict(o.Error != nil)
		answers, err := (&control.Room{Log: v.log, Zone: v.Zone}).JudgeOne(v.ctx, tx, o)
		if err != nil {
			return err
		}
		for _, a := range answers {
			if a.Outcome == verdict.Negative {
				out.Verdict = isms.Failing
			}
			out.Reasons = append(out.Reasons, a.Reasons...)
		}
		if out.Clauses, err = v.restingOn(tx, answers); err != nil {
			return err
		}
		out.By = string(e.Actor)
		out.Inclusion, out.LeafHash, err = inclusion(r, tx, e)
		return err
	})
	if err != nil {
		return err
	}
	out.Title = out.What
	out.Crumbs = []page.Link{{Text: p.T("nav.evidence"), URL: "/evidence"}, {Text: out.What}}
	return s.show(w, r, http.StatusOK, out)
}

// restingOn are the clauses whose confirmed bindings lead to the proofs that a look answers.
func (v *visit) restingOn(tx *store.Tx, answers []evidence.Answer) (out []page.ClauseRef, err error) {
	seen := map[isms.ID]bool{}
	for _, a := range answers {
		pf, err := control.Proofs.Get(v.ctx, tx, a.Proof)
		if err != nil {
			return nil, err
		}
		bs, err := control.Bindings.Where(v.ctx, tx, `control = $2 AND state = 'confirmed'`, 50, string(pf.Control))
		if err != nil {
			return nil, err
		}
		for i, b := range bs {
			if seen[b.Clause] {
				continue
			}
			seen[b.Clause] = true
			ct, err := policy.Standing(v.ctx, tx, b.Clause)
			if err != nil && isms.KindOf(err) == isms.NotFound {
				continue // in no standing version any more
			}
			if err != nil {
				return nil, err
			}
			vd, err := control.VerdictOf(v.ctx, tx, b.Clause)
			if err != nil {
				return nil, err
			}
			out = append(out, page.ClauseRef{Number: number(ct, i), Text: page.Say(v.Of.Language, ct.Text), URL: "/clauses/" + string(b.Clause), Verdict: vd.Verdict})
		}
	}
	return out, nil
}

func factValue(f probe.Fact) string {
	v := f.Value
	if len(f.Values) > 0 {
		v = strings.Join(f.Values, ", ")
	}
	if f.Unit != "" {
		v += " " + f.Unit
	}
	return v
}

// inclusion proves that an entry is in the tree of the present checkpoint.
func inclusion(r *http.Request, tx *store.Tx, e *ledger.Entry) (page.Inclusion, string, error) {
	h, err := ledger.ReadHead(r.Context(), tx)
	if err != nil {
		return page.Inclusion{}, "", err
	}
	gs, err := ledger.Generations(r.Context(), tx)
	if err != nil {
		return page.Inclusion{}, "", err
	}
	g, size := gs[0], h.Size
	for i, x := range gs {
		if x.Start <= e.Index {
			g, size = x, h.Size
			if i+1 < len(gs) {
				size = gs[i+1].Start
			}
		}
	}
	leaf := tlog.RecordHash(e.Leaf())
	path, err := ledger.ProveEntry(r.Context(), tx, g, e.Index, size-g.Start)
	if err != nil {
		return page.Inclusion{}, "", err
	}
	out := page.Inclusion{Index: int(e.Index - g.Start), Size: int(size - g.Start), Checkpoint: string(h.Note)}
	for _, x := range path {
		out.Path = append(out.Path, hex.EncodeToString(x[:]))
	}
	if hd := headOf(h); hd != nil {
		out.Root = hd.Root
	}
	return out, hex.EncodeToString(leaf[:]), nil
}
