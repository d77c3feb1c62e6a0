package web

import (
	"context"
	"net/http"
	"strconv"

	"holdfast/internal/control"
	"holdfast/internal/isms"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
	"holdfast/internal/web/page"
)

// office is the organisation of a visit with its rooms.
func (s *Server) office(v *visit) (*organisation.Organisation, error) {
	return s.config.House.Get(v.ctx, v.Place)
}

// recordDays is how far back records reach.
const recordDays = 90

// at reads the state that the page is asked about: now, or "asof" (RFC 3339 or a civil day).
func (v *visit) at(r *http.Request, fn func(*store.Tx) error) (isms.Instant, error) {
	q := r.URL.Query().Get("asof")
	if q == "" {
		return 0, v.log.Read(v.ctx, fn)
	}
	when, err := moment(q, v)
	if err != nil {
		return 0, err
	}
	return when, v.log.ReadAt(v.ctx, when, fn)
}

func moment(q string, v *visit) (isms.Instant, error) {
	if d, err := isms.ParseDate(q); err == nil {
		return d.AddDays(1).Start(v.Zone) - 1, nil // the state at the end of that day
	}
	for _, form := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04"} {
		if t, err := parseIn(form, q, v.Zone); err == nil {
			return isms.InstantOf(t), nil
		}
	}
	return 0, isms.Errorf(isms.Invalid, "date.malformed", "value", q).At("asof")
}

// statement is the page of one document: its clauses and whether they hold.
func (s *Server) statement(w http.ResponseWriter, r *http.Request) error {
	v, err := s.inside(r)
	if err != nil {
		return err
	}
	if err := v.may(people.PolicyRead); err != nil {
		return err
	}
	p := s.words(r)
	out := &page.Statement{Filter: isms.Verdict(r.URL.Query().Get("state"))}
	out.AsOf, err = v.at(r, func(tx *store.Tx) error {
		d, err := policy.Documents.Get(v.ctx, tx, isms.ID(r.PathValue("id")))
		if err != nil {
			return err
		}
		var ts []policy.Text
		if out.Document, _, ts, err = head(v.ctx, tx, d); err != nil || len(ts) == 0 {
			return err
		}
		b := board{visit: v, tx: tx, out: out, now: v.now(out.AsOf), language: ts[0].Language, p: p}
		return b.fill(ts[0])
	})
	if err != nil {
		return err
	}
	d := out.Document
	out.Title = d.Title
	out.Crumbs = []page.Link{{Text: p.T("documents.title"), URL: "/documents"}, {Text: d.Title}}
	out.Actions = []page.Action{{Text: p.T("reading.title"), URL: d.URL + "/reading", Icon: "list", Wide: true}}
	switch policy.State(d.State) {
	case policy.Draft:
		out.Actions = append(out.Actions, page.Action{Text: p.T("submit.do"), URL: d.URL + "/submit", Post: true})
	case policy.Approved:
		out.Actions = append(out.Actions, page.Action{Text: p.T("publish.do"), URL: d.URL + "/submit", Post: true, Main: true})
	}
	if d.State == string(policy.Draft) && v.may(people.PolicyAdopt) == nil {
		out.Actions = append(out.Actions, page.Action{Text: p.T("adopt.title"), URL: d.URL + "/adopt", Main: true})
	}
	out.Chips = s.stateChips(r, out)
	return s.show(w, r, http.StatusOK, out)
}

// now is the moment that a page is about.
func (v *visit) now(asOf isms.Instant) isms.Instant {
	if asOf != 0 {
		return asOf
	}
	return v.log.Clock.Now()
}

func (s *Server) stateChips(r *http.Request, out *page.Statement) []page.Chip {
	out.Printer = s.words(r)
	return out.StateChips(out.Counts, out.Filter, func(v isms.Verdict) string {
		q := r.URL.Query()
		q.Set("state", string(v))
		if v == "" {
			q.Del("state")
		}
		return "?" + q.Encode()
	})
}

// board gathers a Statement.
type board struct {
	*visit
	tx       *store.Tx
	out      *page.Statement
	now      isms.Instant
	language isms.Language
	p        printer
}

func (b *board) fill(t policy.Text) error {
	cs, _, err := policy.ClausesOf(b.ctx, b.tx, t.ID, policy.Filter{Normative: true}, "", 5000)
	if err != nil {
		return err
	}
	ids := make([]isms.ID, len(cs))
	for i, c := range cs {
		ids[i] = c.Clause
	}
	verdicts, err := control.VerdictsOf(b.ctx, b.tx, ids)
	if err != nil {
		return err
	}
	histories, bounds, err := intervalsOf(b.ctx, b.tx, ids)
	if err != nil {
		return err
	}
	b.out.History = make([]page.Counts, recordDays)
	last := ""
	for i, c := range cs {
		v := verdicts[c.Clause]
		days := verdict.Days(histories[c.Clause], nil, b.Zone, b.now, recordDays)
		row := page.ClauseRow{ID: c.Clause, URL: "/clauses/" + string(c.Clause), Number: number(c, i), Words: page.Say(b.language, c.Text),
			Verdict: v.Verdict, Since: v.Since, Share: share(histories[c.Clause], bounds[c.Clause], b.now), Covers: covers(b.p, v.Subjects)}
		for k, d := range days {
			row.Record = append(row.Record, d.Verdict)
			addCount(&b.out.History[k], d.Verdict)
		}
		if row.Verdict != isms.Holding {
			if row.Why, row.Proofs, err = b.why(c, v); err != nil {
				return err
			}
			if row.Why != nil {
				row.Why.Episodes = episodes(histories[c.Clause], row.URL)
			}
		}
		addCount(&b.out.Counts, v.Verdict)
		path := ""
		if len(c.Path) > 0 {
			path = c.Path[len(c.Path)-1]
		}
		if len(b.out.Sections) == 0 || path != last {
			last = path
			n := len(b.out.Sections) + 1
			title := path
			if title == "" {
				title = b.out.Document.Title
			}
			b.out.Sections = append(b.out.Sections, page.Section{ID: "s" + strconv.Itoa(n), Number: strconv.Itoa(n), Title: title, Language: b.language, Record: make(page.Days, recordDays)})
		}
		sec := &b.out.Sections[len(b.out.Sections)-1]
		addCount(&sec.Counts, v.Verdict)
		for k, d := range row.Record {
			if d != "" && (sec.Record[k] == "" || d.Rank() < sec.Record[k].Rank()) {
				sec.Record[k] = d
			}
		}
		if b.out.Filter == "" || b.out.Filter == v.Verdict {
			sec.Clauses = append(sec.Clauses, row)
		}
	}
	b.out.Since = isms.DateOf(b.now, b.Zone).AddDays(1 - recordDays)
	b.out.Checked, err = newestLook(b.ctx, b.tx)
	return err
}

// why opens what does not hold: the proofs and what they saw.
func (b *board) why(c policy.ClauseText, v control.Verdict) (*page.Why, page.ProofCount, error) {
	in, _, err := control.Assemble(b.ctx, b.tx, c.ID, b.now, b.Zone)
	if err != nil {
		return nil, page.ProofCount{}, err
	}
	if len(in.Bindings) == 0 {
		return nil, page.ProofCount{}, nil
	}
	res := verdict.Derive(in)
	out := &page.Why{}
	var n page.ProofCount
	for _, bd := range res.Bindings {
		if !bd.Counts {
			continue
		}
		for _, pr := range bd.Proofs {
			countProof(&n, pr.Kind)
			row, err := proofRow(b.ctx, b.tx, b.p, pr)
			if err != nil {
				return nil, n, err
			}
			out.Proofs = append(out.Proofs, row)
		}
	}
	if len(out.Proofs) == 0 {
		return nil, n, nil
	}
	return out, n, nil
}

// shownEpisodes is how many times of not holding stand beside a clause.
const shownEpisodes = 5

// episodes are the times in which a clause did not hold, newest first.
func episodes(all []verdict.Interval, url string) (out []page.Episode) {
	for i := len(all) - 1; i >= 0 && len(out) < shownEpisodes; i-- {
		if all[i].Verdict != isms.Failing && all[i].Verdict != isms.Stale {
			continue
		}
		e := page.Episode{Verdict: all[i].Verdict, From: all[i].From, Until: isms.Forever, URL: url}
		if all[i].Until != 0 {
			e.Until = all[i].Until
		}
		out = append(out, e)
	}
	return out
}

func countProof(n *page.ProofCount, k verdict.ProofKind) {
	switch k {
	case verdict.CheckProof:
		n.Checks++
	case verdict.DutyProof:
		n.Duties++
	default:
		n.Rules++
	}
}

// proofRow says what one proof shows, in a sentence.
func proofRow(ctx context.Context, tx *store.Tx, p printer, pr verdict.ProofResult) (page.Proof, error) {
	pf, err := control.Proofs.Get(ctx, tx, pr.Proof)
	if err != nil {
		return page.Proof{}, err
	}
	name, _ := pf.Title.For(p.Language())
	row := page.Proof{Name: name, URL: "/controls/" + string(pf.Control), Verdict: pr.Verdict, Support: !pr.Required, Rhythm: p.T("proof.every", "period", p.Period(pf.Every))}
	for _, it := range pr.Items {
		if it.Verdict == isms.Holding {
			continue
		}
		if it.Subject != "" {
			sub, err := control.Subjects.Get(ctx, tx, it.Subject)
			if err != nil {
				return row, err
			}
			row.Saw = append(row.Saw, page.SawPart{Text: sub.Name, Code: true}, page.SawPart{Text: " "})
		}
		for _, why := range it.Reasons {
			row.Saw = append(row.Saw, page.SawPart{Text: p.Reason(why) + " "})
		}
		if len(row.Saw) > 8 {
			break
		}
	}
	for _, why := range pr.Reasons {
		row.Saw = append(row.Saw, page.SawPart{Text: p.Reason(why) + " "})
	}
	if len(row.Saw) == 0 {
		row.Saw = page.Saw{{Text: p.T("proof.covers", "good", pr.Subjects.Holding, "n", pr.Subjects.Of())}}
	}
	return row, nil
}

func covers(p printer, t verdict.Tally) string {
	if t.Of() == 0 {
		return ""
	}
	return p.T("proof.covers", "good", t.Holding, "n", t.Of())
}

func number(c policy.ClauseText, i int) string {
	if c.Number != "" {
		return c.Number
	}
	return strconv.Itoa(i + 1)
}

func addCount(c *page.Counts, v isms.Verdict) {
	switch v {
	case isms.Failing:
		c.Failing++
	case isms.Stale:
		c.Stale++
	case isms.Unproven:
		c.Unproven++
	case isms.Excepted:
		c.Excepted++
	case isms.Holding:
		c.Holding++
	}
}

// share is time holding / time since first bound; negative if nothing was ever bound.
func share(all []verdict.Interval, bound, now isms.Instant) float64 {
	if bound == 0 || now <= bound {
		return -1
	}
	for _, sh := range verdict.Shares(all, bound, now) {
		if sh.Verdict == isms.Holding {
			return float64(sh.Parts) / 10_000
		}
	}
	return 0
}

// intervalsOf reads the histories of many clauses.
func intervalsOf(ctx context.Context, tx *store.Tx, ids []isms.ID) (map[isms.ID][]verdict.Interval, map[isms.ID]isms.Instant, error) {
	all, bounds := make(map[isms.ID][]verdict.Interval, len(ids)), make(map[isms.ID]isms.Instant, len(ids))
	for _, id := range ids {
		is, bound, err := control.Intervals(ctx, tx, id)
		if err != nil {
			return nil, nil, err
		}
		all[id], bounds[id] = is, bound
	}
	return all, bounds, nil
}

// newestLook is when anything was last looked at.
func newestLook(ctx context.Context, tx *store.Tx) (isms.Instant, error) {
	var at int64
	err := tx.Row(ctx, []any{&at}, `SELECT COALESCE(MAX(at), 0) FROM entry WHERE kind = 'evidence.batch_received' AND idx <= $1`, tx.AsOf)
	return isms.Instant(at), err
}
