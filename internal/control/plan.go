package control

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Judge says which proofs observations answer, and how: every active check with the same
// probe whose scope takes the subject. It is what evidence.Room asks.
func (r *Room) Judge(ctx context.Context, tx *store.Tx, seen []probe.Observation) ([][]evidence.Answer, error) {
	p, err := r.plans(ctx, tx)
	if err != nil {
		return nil, err
	}
	out := make([][]evidence.Answer, len(seen))
	j := judging{tx: tx, subjects: map[probe.Subject]Subject{}}
	for i := range seen {
		o := &seen[i]
		s, err := j.subject(ctx, o.Subject)
		if err != nil {
			return nil, err
		}
		if s.ID == "" || s.Retired != 0 {
			continue
		}
		for k := range p.checks[o.Check] {
			proof := &p.checks[o.Check][k]
			if scope, ok := p.scopes[proof.Scope]; ok && scope.Selector.takes(&s) {
				out[i] = append(out[i], answer(proof, s.ID, o))
			}
		}
	}
	return out, nil
}

// JudgeOne says which proofs one observation answers, and how.
func (r *Room) JudgeOne(ctx context.Context, tx *store.Tx, o probe.Observation) ([]evidence.Answer, error) {
	all, err := r.Judge(ctx, tx, []probe.Observation{o})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// plans are the checks and scopes as of one state of their tables: kept between batches,
// because many batches come for each change of a plan.
type plans struct {
	stamp  string
	checks map[string][]Proof // by probe
	scopes map[isms.ID]Scope
}

// plans returns the checks and scopes as the transaction sees them. The newest row of either
// table says whether they changed: an id is never used twice, also not after a rollback.
func (r *Room) plans(ctx context.Context, tx *store.Tx) (*plans, error) {
	stamp := ""
	for _, table := range []string{Proofs.Name, Scopes.Name} {
		err := tx.Query(ctx, func(rows *sql.Rows) error {
			var id string
			var rev, from int64
			err := rows.Scan(&id, &rev, &from)
			stamp += fmt.Sprint(id, ":", rev, ":", from, " ")
			return err
		}, `SELECT id, rev, from_idx FROM `+table+` ORDER BY from_idx DESC LIMIT 1`)
		if err != nil {
			return nil, err
		}
	}
	if p := r.known.Load(); p != nil && p.stamp == stamp {
		return p, nil
	}
	p := &plans{stamp: stamp, checks: map[string][]Proof{}, scopes: map[isms.ID]Scope{}}
	ps, err := Proofs.Where(ctx, tx, `kind = 'check' AND state = 'active'`, 100_000)
	if err != nil {
		return nil, err
	}
	for _, x := range ps {
		p.checks[x.Probe] = append(p.checks[x.Probe], x)
	}
	ss, err := Scopes.Where(ctx, tx, `id <> ''`, 100_000)
	if err != nil {
		return nil, err
	}
	for _, x := range ss {
		p.scopes[x.ID] = x
	}
	r.known.Store(p)
	return p, nil
}

// judging remembers whom one batch asked for.
type judging struct {
	tx       *store.Tx
	subjects map[probe.Subject]Subject
}

// subject finds a subject by id, or by what it is and where.
func (j *judging) subject(ctx context.Context, s probe.Subject) (Subject, error) {
	if known, ok := j.subjects[s]; ok {
		return known, nil
	}
	var found []Subject
	var err error
	if s.ID != "" {
		found, err = Subjects.Where(ctx, j.tx, `id = $2`, 1, string(s.ID))
	} else {
		found, err = Subjects.Where(ctx, j.tx, `address = $2 AND kind = $3 AND retired = 0`, 1, s.Address, string(s.Kind))
	}
	if err != nil {
		return Subject{}, err
	}
	var out Subject
	if len(found) > 0 {
		out = found[0]
	}
	j.subjects[s] = out
	return out, nil
}

func answer(p *Proof, subject isms.ID, o *probe.Observation) evidence.Answer {
	a := evidence.Answer{Proof: p.ID, Subject: subject, Outcome: verdict.Positive}
	if o.Error != nil {
		a.Outcome, a.Reasons = verdict.Error, []isms.Reason{o.Error.Reason()}
		return a
	}
	if ok, reasons := probe.Judge(p.Probe, o.Facts, p.Params); !ok {
		a.Outcome, a.Reasons = verdict.Negative, reasons
	}
	for _, m := range probe.Measures(p.Probe, o.Facts) { // of those that the proof is there to judge
		for _, f := range p.Figures {
			if f.Name == m.Name {
				a.Measures = append(a.Measures, verdict.Measure{Kind: f.Kind, Name: m.Name, Value: m.Value})
			}
		}
	}
	return a
}

// Plan says which looks of the built-in agent are due at a moment, and when the next will be.
// A check looks as often as it is planned, more often where a bound clause promises more or a
// failure is watched, and at once when its plan changed. It is what evidence.Runner asks.
func (r *Room) Plan(ctx context.Context, tx *store.Tx, at isms.Instant) (due []evidence.Task, next isms.Instant, err error) {
	ps, err := Proofs.Where(ctx, tx, `kind = 'check' AND state = 'active'`, 100_000)
	if err != nil {
		return nil, 0, err
	}
	members := map[isms.ID][]Subject{}
	asked := map[string]bool{}
	for i := range ps {
		p := &ps[i]
		if _, ok := members[p.Scope]; !ok {
			s, err := Scopes.Get(ctx, tx, p.Scope)
			if err != nil {
				return nil, 0, err
			}
			if members[p.Scope], err = Members(ctx, tx, &s); err != nil {
				return nil, 0, err
			}
		}
		last, err := lastLooks(ctx, tx, p)
		if err != nil {
			return nil, 0, err
		}
		every, err := r.interval(ctx, tx, p)
		if err != nil {
			return nil, 0, err
		}
		for _, s := range members[p.Scope] {
			if s.Retired != 0 || s.Kind == probe.Host && s.Address != r.Host {
				continue
			}
			when := at
			if l, ok := last[s.ID]; ok {
				when = every.After(l, r.zone())
			}
			if when > at {
				if next == 0 || when < next {
					next = when
				}
				continue
			}
			key := p.Probe + "\x00" + string(s.ID) + "\x00" + paramKey(p.Params)
			if !asked[key] {
				asked[key] = true
				due = append(due, evidence.Task{Probe: p.Probe, Subject: probe.Subject{ID: s.ID, Address: s.Address, Kind: s.Kind}, Params: p.Params})
			}
			if soon := every.After(at, r.zone()); next == 0 || soon < next {
				next = soon
			}
		}
	}
	return due, next, nil
}

func paramKey(p probe.Params) string {
	names := make([]string, 0, len(p))
	for k := range p {
		names = append(names, k)
	}
	slices.Sort(names)
	out := ""
	for _, k := range names {
		out += k + "\x00" + p[k] + "\x00"
	}
	return out
}

// lastLooks says when a proof last looked at each subject under its present plan, also where
// it could not look.
func lastLooks(ctx context.Context, tx *store.Tx, p *Proof) (map[isms.ID]isms.Instant, error) {
	looks, err := evidence.Looks(ctx, tx, p.ID)
	if err != nil {
		return nil, err
	}
	out := map[isms.ID]isms.Instant{}
	for _, l := range looks {
		if l.Ref.Entry > p.From {
			out[l.Subject] = max(out[l.Subject], l.Observed)
		}
	}
	return out, nil
}

// promised is the shortest period that clauses bound to a control promise; zero: none does.
func promised(ctx context.Context, tx *store.Tx, control isms.ID) (isms.Period, error) {
	var out isms.Period
	bs, err := Bindings.Where(ctx, tx, `control = $2 AND state = 'confirmed'`, 1000, string(control))
	for i := 0; err == nil && i < len(bs); i++ {
		var ct policy.ClauseText
		ct, err = policy.ClauseTexts.Get(ctx, tx, bs[i].ClauseText)
		if isms.KindOf(err) == isms.NotFound {
			err = nil
			continue
		}
		for _, f := range append(figures(&ct), bs[i].Figures...) {
			p, perr := isms.ParsePeriod(f.Value)
			if f.Kind == verdict.PeriodFigure && perr == nil && !p.IsZero() && (out.IsZero() || out.Longer(p)) {
				out = p
			}
		}
	}
	return out, err
}

// interval is how often a check really looks.
func (r *Room) interval(ctx context.Context, tx *store.Tx, p *Proof) (isms.Period, error) {
	every := p.Every
	promise, err := promised(ctx, tx, p.Control)
	if err != nil {
		return every, err
	}
	if !promise.IsZero() && !promise.Longer(every) {
		every = half(promise)
	}
	fs, err := Failures.Where(ctx, tx, `control = $2 AND state = 'watching'`, 1, string(p.Control))
	if err != nil {
		return every, err
	}
	for _, f := range fs {
		if watch := f.WatchEvery; watch.IsZero() {
			every = half(every)
		} else if every.Longer(watch) {
			every = watch
		}
	}
	return every, nil
}

// half is half a period, counted by the clock, so that a look falls due well before what was
// promised runs out; never less than a minute.
func half(p isms.Period) isms.Period {
	const from = isms.Instant(1_767_268_800_000_000) // an ordinary day, 2026-01-01T12:00:00Z
	s := int(p.After(from, time.UTC).Sub(from).Seconds()) / 2
	return isms.Period{Seconds: max(s, 60)}
}
