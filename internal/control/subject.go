package control

import (
	"context"
	"slices"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/probe"
	"holdfast/internal/register"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Subject is one thing that proofs are about: a host, an endpoint, a mail domain.
type Subject struct {
	register.Row
	Kind    probe.SubjectKind `json:"kind"`
	Address string            `json:"address"` // where probes find it
	Name    string            `json:"name"`    // as people call it
	Owner   isms.ID           `json:"owner"`
	Added   isms.Instant      `json:"added"`
	Retired isms.Instant      `json:"retired"` // zero: still there
	Because string            `json:"because"` // why it was retired
}

// Subjects is the register of subjects.
var Subjects = register.Declare("control_subject", isms.SubjectPrefix, func(s *Subject) []register.Column {
	return []register.Column{
		register.State("kind", &s.Kind), register.Text("address", &s.Address), register.Text("name", &s.Name), register.Ref("owner", &s.Owner),
		register.Instant("added", &s.Added), register.Instant("retired", &s.Retired), register.Text("because", &s.Because),
	}
})

// Selector says which subjects a scope takes: all of some kinds, and some by name.
type Selector struct {
	Kinds    []probe.SubjectKind `json:"kinds"`
	Subjects []isms.ID           `json:"subjects"`
}

func (s *Selector) takes(x *Subject) bool {
	return slices.Contains(s.Kinds, x.Kind) || slices.Contains(s.Subjects, x.ID)
}

// Scope says which subjects a proof is about. Its list counts as complete only once a person
// declared it so.
type Scope struct {
	register.Row
	Name       isms.Text    `json:"name"`
	Selector   Selector     `json:"selector"`
	Declared   isms.Instant `json:"declared"`
	DeclaredBy isms.ID      `json:"declared_by"`
}

// Scopes is the register of scopes.
var Scopes = register.Declare("control_scope", isms.ScopePrefix, func(s *Scope) []register.Column {
	return []register.Column{
		register.JSON("name", &s.Name), register.JSON("selector", &s.Selector), register.Instant("declared", &s.Declared), register.Ref("declared_by", &s.DeclaredBy),
	}
})

// maxSubjects bounds what is read of an organisation's subjects at once.
const maxSubjects = 200_000

var subjectKinds = []probe.SubjectKind{probe.Host, probe.Endpoint, probe.MailDomain, probe.WebPage, probe.TimeServer}

// AddSubjects takes subjects into the organisation's list. Those whose kind and address stand
// there already are passed over. It returns the ones that are new.
// Errors: subject.kind_unknown, subject.address_missing.
func (r *Room) AddSubjects(ctx context.Context, actor isms.Actor, subjects []Subject) ([]Subject, error) {
	if err := r.allow(actor, people.SubjectEdit, people.Record{}); err != nil {
		return nil, err
	}
	for i := range subjects {
		s := &subjects[i]
		if s.Address = strings.TrimSpace(s.Address); s.Address == "" {
			return nil, isms.Errorf(isms.Invalid, "subject.address_missing").At("address")
		}
		if !slices.Contains(subjectKinds, s.Kind) {
			return nil, isms.Errorf(isms.Invalid, "subject.kind_unknown", "value", string(s.Kind)).At("kind")
		}
		if s.Name == "" {
			s.Name = s.Address
		}
	}
	var out []Subject
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		out = nil
		for _, s := range subjects {
			had, err := Subjects.Where(ctx, tx.Tx, `address = $2 AND kind = $3 AND retired = 0`, 1, s.Address, string(s.Kind))
			if err != nil {
				return err
			}
			if len(had) > 0 {
				continue
			}
			s.Row, s.Added, s.Retired = register.Row{}, tx.At, 0
			if err := Subjects.Add(ctx, tx, "subject.added", &s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

// RetireSubject takes a subject out of the list, with the reason.
func (r *Room) RetireSubject(ctx context.Context, actor isms.Actor, id isms.ID, because string) error {
	if strings.TrimSpace(because) == "" {
		return isms.Errorf(isms.Invalid, "policy.reason_missing").At("because")
	}
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		s, err := Subjects.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if err := r.allow(actor, people.SubjectEdit, people.Record{Owner: s.Owner}); err != nil {
			return err
		}
		if s.Retired != 0 {
			return isms.Errorf(isms.Conflict, "subject.retired")
		}
		s.Retired, s.Because = tx.At, because
		return Subjects.Revise(ctx, tx, "subject.retired", &s)
	})
}

// MakeScope makes a scope; nobody has declared it complete yet.
func (r *Room) MakeScope(ctx context.Context, actor isms.Actor, name isms.Text, sel Selector) (Scope, error) {
	s := Scope{Name: name, Selector: Selector{some(sel.Kinds), some(sel.Subjects)}}
	if err := r.allow(actor, people.SubjectEdit, people.Record{}); err != nil {
		return s, err
	}
	if len(sel.Kinds)+len(sel.Subjects) == 0 {
		return s, isms.Errorf(isms.Invalid, "scope.empty").At("selector")
	}
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		s.Row = register.Row{}
		return Scopes.Add(ctx, tx, "scope.made", &s)
	})
	return s, err
}

// Declare says, as a person, that a scope's list of subjects is complete. What it says was
// read at the given revision, so nobody declares what they have not seen.
func (r *Room) Declare(ctx context.Context, actor isms.Actor, scope isms.ID, rev int64) error {
	if err := r.allow(actor, people.ScopeDeclare, people.Record{}); err != nil {
		return err
	}
	if actor.Account == "" {
		return isms.Errorf(isms.Forbidden, "control.person_needed")
	}
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		s, err := Scopes.Get(ctx, tx.Tx, scope)
		if err != nil {
			return err
		}
		if s.Rev != rev {
			return isms.Errorf(isms.Conflict, "record.changed", "id", string(scope))
		}
		s.Declared, s.DeclaredBy = tx.At, actor.Account
		return Scopes.Revise(ctx, tx, "scope.declared", &s)
	})
}

// Select changes which subjects a scope takes. A changed list must be declared anew.
func (r *Room) Select(ctx context.Context, actor isms.Actor, scope isms.ID, rev int64, sel Selector) error {
	if err := r.allow(actor, people.SubjectEdit, people.Record{}); err != nil {
		return err
	}
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		s, err := Scopes.Get(ctx, tx.Tx, scope)
		if err != nil {
			return err
		}
		s.Rev = rev // Revise refuses if it is not the present one
		s.Selector, s.Declared, s.DeclaredBy = Selector{some(sel.Kinds), some(sel.Subjects)}, 0, ""
		return Scopes.Revise(ctx, tx, "scope.selected", &s)
	})
}

// Members returns the subjects that a scope takes, retired ones included, in order of id.
func Members(ctx context.Context, tx *store.Tx, s *Scope) ([]Subject, error) {
	cond, args := ``, []any{}
	if n := len(s.Selector.Kinds); n > 0 {
		cond = `kind IN ` + store.In(2, n)
		for _, k := range s.Selector.Kinds {
			args = append(args, string(k))
		}
	}
	if n := len(s.Selector.Subjects); n > 0 && n <= 500 {
		if cond != `` {
			cond += ` OR `
		}
		cond += `id IN ` + store.In(2+len(args), n)
		for _, id := range s.Selector.Subjects {
			args = append(args, string(id))
		}
	} else if n > 500 {
		cond = `TRUE`
		args = nil
	}
	if cond == `` {
		return nil, nil
	}
	all, err := Subjects.Where(ctx, tx, `(`+cond+`)`, maxSubjects, args...)
	return slices.DeleteFunc(all, func(x Subject) bool { return !s.Selector.takes(&x) }), err
}

func (s *Scope) input(members []Subject) verdict.Scope {
	out := verdict.Scope{ID: s.ID, Declared: s.Declared, DeclaredBy: string(s.DeclaredBy), Subjects: make([]verdict.Subject, len(members))}
	for i, m := range members {
		out.Subjects[i] = verdict.Subject{ID: m.ID, Added: m.Added, Retired: m.Retired}
	}
	return out
}
