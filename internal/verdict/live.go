package verdict

import (
	"cmp"
	"slices"

	"holdfast/internal/isms"
)

// Live keeps the verdict on one clause up to date: a look costs time in the number of
// bindings that use its proof, not in the number of subjects. Its Summary always equals
// Derive's of the same facts. When bindings, scopes, exceptions or duties change, make a
// new one.
//
// A Live needs about 60 bytes for each subject of each proof, besides the lists of
// subjects, which it shares with its Input where these are sorted by id: they must not be
// changed afterwards. It is not safe for use by several goroutines at once.
type Live struct {
	m     *model
	at    isms.Instant
	views []view
	turns []isms.Instant // when, after at, something other than a look begins or ends to count; ascending
	union []union        // distinct named subjects; nil where at most one required proof has any
	tally Tally          // of union
}

// union is one subject over all required proofs.
type union struct {
	at    [absent]uint16 // number of required proofs by verdict
	worst code
}

// view is one plan with its subjects.
type view struct {
	*plan
	pairs []pair // by place in the scope's sorted list of subjects
	dues  map[int32]isms.Instant
	queue []int32 // places in pairs as a heap by until: what changes next stands first
	place []int32 // place in pairs → place in union; nil without a union
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
	l := &Live{m: newModel(&in), at: in.At, turns: turns(&in)}
	named := 0
	for i := range l.m.plans {
		p := &l.m.plans[i]
		v := view{plan: p}
		switch {
		case p.whole:
			v.pairs = make([]pair, 1)
		case p.scope != nil:
			v.pairs = make([]pair, len(p.scope.Subjects))
			if p.Required {
				named++
			}
		}
		l.views = append(l.views, v)
	}
	if named > 1 {
		l.unite()
	}
	for i := range looks {
		if looks[i].Recorded <= l.at {
			l.take(&looks[i], false)
		}
	}
	l.refresh()
	return l
}

// unite finds the subjects that several proofs share.
func (l *Live) unite() {
	of := map[isms.ID]int32{}
	for i := range l.views {
		v := &l.views[i]
		if v.whole || v.scope == nil || !v.Required {
			continue
		}
		v.place = make([]int32, len(v.pairs))
		for k, s := range v.scope.Subjects {
			at, ok := of[s.ID]
			if !ok {
				at = int32(len(of))
				of[s.ID] = at
			}
			v.place[k] = at
		}
	}
	l.union = make([]union, len(of))
}

// find is the place of a subject among the pairs.
func (v *view) find(subject isms.ID) (int32, bool) {
	if v.whole {
		return 0, subject == ""
	}
	if v.scope == nil {
		return 0, false
	}
	k, ok := slices.BinarySearchFunc(v.scope.Subjects, subject, func(s Subject, id isms.ID) int { return cmp.Compare(s.ID, id) })
	return int32(k), ok
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
		if k, ok := v.find(d.Subject); ok && d.Proof == v.ID && d.Recorded <= l.at {
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
		k, ok := v.find(look.Subject)
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
		if l.union == nil && v.bears && v.scope != nil {
			out.Subjects = v.tally // the only one about named subjects
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
