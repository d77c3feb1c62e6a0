package control

import (
	"cmp"
	"context"
	"slices"
	"time"

	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/policy"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// EntryRef names an entry that a verdict rests on, and the record that it wrote.
type EntryRef struct {
	Entry int64   `json:"entry"`
	About isms.ID `json:"about,omitempty"` // empty: a batch or a record of evidence
}

// Assemble gathers all that the verdict on a clause text rests on at an instant, from the rows
// as of the transaction's moment: for the live page, for the past and for bundles it is the
// same. The refs are the entries of everything that went in, in order.
func Assemble(ctx context.Context, tx *store.Tx, clauseText isms.ID, at isms.Instant, zone *time.Location) (verdict.Input, []EntryRef, error) {
	return assemble(ctx, tx, clauseText, at, zone, nil)
}

func assemble(ctx context.Context, tx *store.Tx, clauseText isms.ID, at isms.Instant, zone *time.Location, sh *shared) (verdict.Input, []EntryRef, error) {
	g := gathering{tx: tx, zone: zone, shared: sh, in: verdict.Input{Version: verdict.Version, At: at, Zone: zone.String(), Bindings: []verdict.Binding{}}}
	ct, err := policy.ClauseTexts.Get(ctx, tx, clauseText)
	if err != nil {
		return g.in, nil, err
	}
	g.ref(ct.From, ct.ID)
	g.in.Clause = clauseInput(&ct)
	bs, err := Bindings.Where(ctx, tx, `clause = $2 AND words = $3 AND control <> '' AND state IN ('proposed', 'confirmed')`, 200, string(ct.Clause), ct.Hash)
	if err != nil {
		return g.in, nil, err
	}
	seen := map[isms.ID]bool{}
	for _, b := range bs {
		g.ref(b.From, b.ID)
		g.in.Bindings = append(g.in.Bindings, b.input())
		if !seen[b.Control] {
			seen[b.Control] = true
			if err := g.control(ctx, b.Control); err != nil {
				return g.in, nil, err
			}
		}
	}
	return g.finish(ctx)
}

// AssembleControl gathers what the verdict on a control by itself rests on; NotFound for a
// retired one.
func AssembleControl(ctx context.Context, tx *store.Tx, control isms.ID, at isms.Instant, zone *time.Location) (verdict.Input, []EntryRef, error) {
	return assembleControl(ctx, tx, control, at, zone, nil)
}

func assembleControl(ctx context.Context, tx *store.Tx, control isms.ID, at isms.Instant, zone *time.Location, sh *shared) (verdict.Input, []EntryRef, error) {
	g := gathering{tx: tx, zone: zone, shared: sh, in: verdict.Input{Version: verdict.Version, At: at, Zone: zone.String(), Bindings: []verdict.Binding{}}}
	c, err := Controls.Get(ctx, tx, control)
	if err != nil {
		return g.in, nil, err
	}
	if c.State != Active {
		return g.in, nil, isms.Errorf(isms.NotFound, "record.unknown", "id", string(control))
	}
	g.ref(c.From, c.ID)
	if err := g.control(ctx, control); err != nil {
		return g.in, nil, err
	}
	in, refs, err := g.finish(ctx)
	return verdict.ForControl(control, in), refs, err
}

// gathering is an input in the making.
type gathering struct {
	tx     *store.Tx
	zone   *time.Location
	in     verdict.Input
	refs   []EntryRef
	scopes map[isms.ID]bool
	shared *shared // nil: nothing is shared
}

// shared is what the inputs of one moment have in common: a control and the clauses bound to
// it are about the same subjects and rest on the same looks.
type shared struct {
	asOf    int64
	members map[isms.ID][]Subject      // by scope
	looks   map[isms.ID][]verdict.Look // by proof
}

// of empties what is shared if it is of another moment.
func (s *shared) of(asOf int64) *shared {
	if s.members == nil || s.asOf != asOf {
		s.asOf, s.members, s.looks = asOf, map[isms.ID][]Subject{}, map[isms.ID][]verdict.Look{}
	}
	return s
}

func (g *gathering) members(ctx context.Context, s *Scope) ([]Subject, error) {
	if g.shared == nil {
		return Members(ctx, g.tx, s)
	}
	if had, ok := g.shared.of(g.tx.AsOf).members[s.ID]; ok {
		return had, nil
	}
	found, err := Members(ctx, g.tx, s)
	if err == nil {
		g.shared.members[s.ID] = found
	}
	return found, err
}

func (g *gathering) looks(ctx context.Context, proof isms.ID) ([]verdict.Look, error) {
	if g.shared == nil {
		return evidence.Looks(ctx, g.tx, proof)
	}
	if had, ok := g.shared.of(g.tx.AsOf).looks[proof]; ok {
		return had, nil
	}
	found, err := evidence.Looks(ctx, g.tx, proof)
	if err == nil {
		g.shared.looks[proof] = found
	}
	return found, err
}

func (g *gathering) ref(entry int64, about isms.ID) { g.refs = append(g.refs, EntryRef{entry, about}) }

// control adds a control's proofs with their scopes, looks and due dates.
func (g *gathering) control(ctx context.Context, control isms.ID) error {
	ps, err := Proofs.Where(ctx, g.tx, `control = $2 AND state = 'active'`, 500, string(control))
	if err != nil {
		return err
	}
	for i := range ps {
		p := &ps[i]
		g.ref(p.From, p.ID)
		g.in.Proofs = append(g.in.Proofs, p.input())
		if err := g.scope(ctx, p.Scope); err != nil {
			return err
		}
		looks, err := g.looks(ctx, p.ID)
		if err != nil {
			return err
		}
		g.in.Looks = append(g.in.Looks, looks...)
		g.in.Duties = append(g.in.Duties, p.due(len(looks), g.zone)...)
	}
	return nil
}

func (g *gathering) scope(ctx context.Context, id isms.ID) error {
	if id == "" || g.scopes[id] {
		return nil
	}
	if g.scopes == nil {
		g.scopes = map[isms.ID]bool{}
	}
	g.scopes[id] = true
	s, err := Scopes.Get(ctx, g.tx, id)
	if isms.KindOf(err) == isms.NotFound { // never taken for a clause that is gone
		return isms.Errorf(isms.Internal, "control.scope_lost", "scope", string(id)).Because(err)
	}
	if err != nil {
		return err
	}
	g.ref(s.From, s.ID)
	members, err := g.members(ctx, &s)
	if err != nil {
		return err
	}
	for i := range members {
		g.ref(members[i].From, members[i].ID)
	}
	g.in.Scopes = append(g.in.Scopes, s.input(members))
	return nil
}

// finish adds the exceptions and puts the refs in order.
func (g *gathering) finish(ctx context.Context) (verdict.Input, []EntryRef, error) {
	es, err := Exceptions.Where(ctx, g.tx, `state = 'approved' AND ends > $2`, 10_000, int64(g.in.At))
	if err != nil {
		return g.in, nil, err
	}
	for _, e := range es {
		if !e.concerns(g.proof, g.member) {
			continue
		}
		g.ref(e.Row.From, e.ID)
		g.in.Exceptions = append(g.in.Exceptions, e.input())
	}
	for _, l := range g.in.Looks {
		g.ref(l.Ref.Entry, "")
	}
	slices.SortFunc(g.refs, func(a, b EntryRef) int { return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.About, b.About)) })
	return g.in, slices.Compact(g.refs), nil
}

func (g *gathering) proof(id isms.ID) bool {
	return slices.ContainsFunc(g.in.Proofs, func(p verdict.Proof) bool { return p.ID == id })
}

func (g *gathering) member(id isms.ID) bool {
	return slices.ContainsFunc(g.in.Scopes, func(s verdict.Scope) bool {
		return slices.ContainsFunc(s.Subjects, func(x verdict.Subject) bool { return x.ID == id })
	})
}
