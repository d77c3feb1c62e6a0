package verdict

import (
	"slices"

	"holdfast/internal/isms"
)

// Live keeps the verdict on one clause up to date: a look costs time in the number of
// bindings that use its proof, not in the number of subjects. Its Summary always equals
// Derive's of the same facts. When bindings, scopes, exceptions or duties change, make a
// new one.
//
// A Live needs about 60 bytes for each proof of each binding and subject. It is not safe
// for use by several goroutines at once.
type Live struct {
	m     *model
	at    isms.Instant
	views []view
	turns []isms.Instant  // when, after at, something other than a look begins or ends to count; ascending
	union []union         // distinct subjects of proofs about named subjects
	of    map[isms.ID]int // subject → place in union
	tally Tally           // of union
}

// union is one subject over all required proofs.
type union struct {
	at    [absent]uint16 // number of required proofs by verdict
	worst code
}

// view is one plan with its subjects.
type view struct {
	*plan
	index map[isms.ID]int32 // subject → place in pairs; shared by the views of a scope
	pairs []pair
	dues  map[int32]isms.Instant
	queue []int32 // places in pairs as a heap by until: what changes next stands first
	place []int32 // place in pairs → place in union; nil for the organisation as a whole
	tally Tally
	bears bool // on the clause, now
}

type pair struct {
	seen
	until  isms.Instant // the next change by passing of time; zero: none, and not in the queue
	queued int32        // place in the queue
	code   code
}

// NewLive starts from all that in holds and was recorded by in.At.
func NewLive(in Input) *Live {
	in = in.sorted()
	looks := in.Looks
	in.Looks = nil
	l := &Live{m: newModel(&in), at: in.At, of: map[isms.ID]int{}}
	shared := map[*Scope]map[isms.ID]int32{}
	for i := range l.m.plans {
		l.views = append(l.views, l.view(&l.m.plans[i], shared))
	}
	l.turns = turns(&in)
	for i := range looks {
		if looks[i].Recorded <= l.at {
			l.take(&looks[i], false)
		}
	}
	l.refresh()
	return l
}

// view makes the view of a plan, all its subjects still absent.
func (l *Live) view(p *plan, shared map[*Scope]map[isms.ID]int32) view {
	v := view{plan: p}
	switch {
	case p.whole:
		v.index = map[isms.ID]int32{"": 0}
	case p.scope == nil:
	case shared[p.scope] != nil:
		v.index = shared[p.scope]
	default:
		v.index = make(map[isms.ID]int32, len(p.scope.Subjects))
		for i, s := range p.scope.Subjects {
			v.index[s.ID] = int32(i)
		}
		shared[p.scope] = v.index
	}
	if p.scope != nil && !p.whole {
		v.place = make([]int32, len(p.scope.Subjects))
		for i, s := range p.scope.Subjects {
			k, ok := l.of[s.ID]
			if !ok {
				k = len(l.union)
				l.of[s.ID] = k
				l.union = append(l.union, union{worst: absent})
			}
			v.place[i] = int32(k)
		}
	}
	v.pairs = make([]pair, len(v.index))
	for i := range v.pairs {
		v.pairs[i].code = absent
	}
	return v
}

// turns lists when something other than a look begins or ends to count after in.At.
func turns(in *Input) []isms.Instant {
	var out []isms.Instant
	add := func(is ...isms.Instant) {
		for _, i := range is {
			if i > in.At {
				out = append(out, i)
			}
		}
	}
	for _, b := range in.Bindings {
		add(b.Confirmed)
	}
	for _, p := range in.Proofs {
		add(p.Recorded)
	}
	for _, s := range in.Scopes {
		add(s.Declared)
		for _, x := range s.Subjects {
			add(x.Added, x.Retired)
		}
	}
	for _, d := range in.Duties {
		add(d.Recorded)
	}
	for _, e := range in.Exceptions {
		add(e.Approved, e.From, e.Until)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// refresh judges everything anew at l.at.
func (l *Live) refresh() {
	l.tally = Tally{}
	for i := range l.union {
		l.union[i] = union{worst: absent}
	}
	for i := range l.views {
		v := &l.views[i]
		v.bears, v.tally, v.queue, v.dues = l.m.required(v.plan, l.at), Tally{}, v.queue[:0], l.dues(v)
		for k := range v.pairs {
			v.pairs[k].code, v.pairs[k].until = absent, 0
			if v.known(l.at) && (v.whole || v.scope.Subjects[k].present(l.at)) {
				l.judge(v, int32(k))
			}
		}
	}
}

// dues are the due dates of a view's subjects as recorded by now.
func (l *Live) dues(v *view) map[int32]isms.Instant {
	var out map[int32]isms.Instant
	for _, d := range l.m.in.Duties { // sorted, so that the last one recorded stays
		if k, ok := v.index[d.Subject]; ok && d.Proof == v.ID && d.Recorded <= l.at {
			if out == nil {
				out = map[int32]isms.Instant{}
			}
			out[k] = d.Due
		}
	}
	return out
}

// judge puts one present subject where it stands now.
func (l *Live) judge(v *view, k int32) {
	p := &v.pairs[k]
	c, until := l.m.stand(v.plan, &p.seen, v.dues[k], l.at)
	if c < excepted && v.excuse(v.subject(k), l.at) != nil {
		c = excepted
	}
	if until <= l.at {
		until = 0
	}
	v.wake(k, until)
	if c == p.code {
		return
	}
	if p.code != absent {
		v.tally.add(p.code.verdict(), -1)
	}
	v.tally.add(c.verdict(), 1)
	if v.bears && v.place != nil {
		l.move(&l.union[v.place[k]], p.code, c)
	}
	p.code = c
}

func (v *view) subject(k int32) isms.ID {
	if v.whole {
		return ""
	}
	return v.scope.Subjects[k].ID
}

// move counts one proof of a subject from one verdict to another.
func (l *Live) move(u *union, from, to code) {
	if from != absent {
		u.at[from]--
	}
	u.at[to]++
	worst := absent
	for c, n := range u.at {
		if n > 0 {
			worst = code(c)
			break
		}
	}
	if worst == u.worst {
		return
	}
	if u.worst != absent {
		l.tally.add(u.worst.verdict(), -1)
	}
	l.tally.add(worst.verdict(), 1)
	u.worst = worst
}

// Look takes one look, moving to the moment it was recorded if that is later.
func (l *Live) Look(look Look) Summary {
	if look.Recorded > l.at {
		l.advance(look.Recorded)
	}
	l.take(&look, true)
	return l.Summary()
}

func (l *Live) take(look *Look, judge bool) {
	for i := range l.views {
		v := &l.views[i]
		if v.ID != look.Proof {
			continue
		}
		k, ok := v.index[look.Subject]
		if !ok {
			continue
		}
		v.pairs[k].take(look, v.shows(look))
		if judge && v.pairs[k].code != absent {
			l.judge(v, k)
		}
	}
}

// Advance moves to a later moment without any look; an earlier one changes nothing.
func (l *Live) Advance(to isms.Instant) Summary {
	if to > l.at {
		l.advance(to)
	}
	return l.Summary()
}

func (l *Live) advance(to isms.Instant) {
	l.at, l.m.in.At = to, to
	if len(l.turns) > 0 && l.turns[0] <= to {
		n, _ := slices.BinarySearch(l.turns, to+1)
		l.turns = l.turns[n:]
		l.refresh()
		return
	}
	for i := range l.views {
		v := &l.views[i]
		for len(v.queue) > 0 && v.pairs[v.queue[0]].until <= to {
			l.judge(v, v.queue[0])
		}
	}
}

// Summary is the verdict now, as Derive would give it.
func (l *Live) Summary() Summary {
	out := Summary{Version: Version, At: l.at, Subjects: l.tally}
	next := boundary{at: l.at}
	for i := range l.m.in.Exceptions {
		next.exception(&l.m.in.Exceptions[i])
	}
	verdicts := make([]isms.Verdict, len(l.views))
	for i := range l.views {
		v := &l.views[i]
		if !v.known(l.at) {
			continue
		}
		if len(v.queue) > 0 {
			next.add(v.pairs[v.queue[0]].until)
		}
		verdicts[i], _ = l.m.whole(v.plan, v.tally, l.at)
		out.Proofs = append(out.Proofs, ProofTally{
			Binding: l.m.bindings[v.binding].ID, Proof: v.ID, Verdict: verdicts[i], Subjects: v.tally,
		})
	}
	out.NextChange = next.is
	out.Verdict, _ = l.m.clause(verdicts, l.at)
	return out
}
