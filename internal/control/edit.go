package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Make makes a control with its proofs. Errors: control.title_missing and those of the proofs:
// control.check_unknown, control.every_missing, control.scope_missing, control.kind_unknown.
func (r *Room) Make(ctx context.Context, actor isms.Actor, c Control, proofs []Proof) (Control, []Proof, error) {
	if err := r.allow(actor, people.ControlEdit, people.Record{}); err != nil {
		return c, nil, err
	}
	if err := c.check(); err != nil {
		return c, nil, err
	}
	out := make([]Proof, len(proofs))
	made := c
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		made, out = c, slices.Clone(proofs)
		made.State = Active
		if err := Controls.Add(ctx, tx, "control.made", &made); err != nil {
			return err
		}
		for i := range out {
			out[i].Control = made.ID
			if err := addProof(ctx, tx, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return made, out, err
}

func (c *Control) check() error {
	if title, _ := c.Title.For(c.Title.Source); strings.TrimSpace(title) == "" {
		return isms.Errorf(isms.Invalid, "control.title_missing").At("title")
	}
	if c.Purpose.In == nil {
		c.Purpose = isms.Text{Source: c.Title.Source, In: map[isms.Language]string{}}
	}
	c.Themes, c.Parameters = some(c.Themes), some(c.Parameters)
	return nil
}

// some keeps JSON columns of lists from being null.
func some[S ~[]E, E any](s S) S {
	if s == nil {
		return S{}
	}
	return s
}

// AddProof adds a proof to a control.
func (r *Room) AddProof(ctx context.Context, actor isms.Actor, p Proof) (Proof, error) {
	in := p
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		p = in
		c, err := r.allowOf(ctx, tx.Tx, actor, people.ProofEdit, p.Control)
		if err != nil {
			return err
		}
		if c.State != Active {
			return isms.Errorf(isms.Conflict, "control.retired")
		}
		return addProof(ctx, tx, &p)
	})
	return p, err
}

func addProof(ctx context.Context, tx *ledger.Tx, p *Proof) error {
	p.Recorded, p.State = tx.At, Active
	if err := p.check(ctx, tx.Tx); err != nil {
		return err
	}
	return Proofs.Add(ctx, tx, "proof.made", p)
}

func (p *Proof) check(ctx context.Context, tx *store.Tx) error {
	p.Parts, p.Figures = some(p.Parts), some(p.Figures)
	if p.Params == nil {
		p.Params = probe.Params{}
	}
	if p.Title.In == nil {
		p.Title = isms.TextIn(isms.English, p.Key)
	}
	switch p.Kind {
	case verdict.CheckProof:
		if !slices.Contains(probe.Keys(), p.Probe) {
			return isms.Errorf(isms.Invalid, "control.check_unknown", "check", p.Probe).At("probe")
		}
		if p.Scope == "" {
			return isms.Errorf(isms.Invalid, "control.scope_missing").At("scope")
		}
		if condition := p.Params["condition"]; condition != "" {
			if err := probe.CheckExpression(condition); err != nil {
				return err
			}
		}
	case verdict.DutyProof, verdict.RuleProof:
	default:
		return isms.Errorf(isms.Invalid, "control.kind_unknown", "value", string(p.Kind)).At("kind")
	}
	if p.Every.IsZero() && p.Kind != verdict.RuleProof {
		return isms.Errorf(isms.Invalid, "control.every_missing").At("every")
	}
	if p.Scope != "" {
		if _, err := Scopes.Get(ctx, tx, p.Scope); err != nil {
			return err
		}
	}
	probing := verdict.Input{Version: verdict.Version, Zone: "UTC", Proofs: []verdict.Proof{{ID: "prf_x", Kind: p.Kind, Figures: p.Figures}}}
	return probing.Check()
}

// ReviseControl replaces words, parameters, owner and deputy of a control read at its revision.
func (r *Room) ReviseControl(ctx context.Context, actor isms.Actor, c Control) (Control, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	in := c
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		had, err := r.allowOf(ctx, tx.Tx, actor, people.ControlEdit, in.ID)
		if err != nil {
			return err
		}
		c = in
		c.State, c.Template, c.TemplateVersion = had.State, had.Template, had.TemplateVersion
		return Controls.Revise(ctx, tx, "control.revised", &c)
	})
	return c, err
}

// ReviseProof replaces the plan of a proof read at its revision; control, key and kind stay.
func (r *Room) ReviseProof(ctx context.Context, actor isms.Actor, p Proof) (Proof, error) {
	in := p
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		had, err := Proofs.Get(ctx, tx.Tx, in.ID)
		if err != nil {
			return err
		}
		if _, err := r.allowOf(ctx, tx.Tx, actor, people.ProofEdit, had.Control); err != nil {
			return err
		}
		p = in
		p.Control, p.Key, p.Kind, p.Recorded, p.State = had.Control, had.Key, had.Kind, had.Recorded, had.State
		if err := p.check(ctx, tx.Tx); err != nil {
			return err
		}
		return Proofs.Revise(ctx, tx, "proof.revised", &p)
	})
	return p, err
}

// RetireProof ends a proof; what it showed stays.
func (r *Room) RetireProof(ctx context.Context, actor isms.Actor, id isms.ID) error {
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		p, err := Proofs.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if _, err := r.allowOf(ctx, tx.Tx, actor, people.ProofEdit, p.Control); err != nil {
			return err
		}
		if p.State == Retired {
			return isms.Errorf(isms.Conflict, "control.retired")
		}
		p.State = Retired
		return Proofs.Revise(ctx, tx, "proof.retired", &p)
	})
}

// Propose writes proposals to bind a clause text; they count for nothing until confirmed.
// Each names a control, or a template to adopt, with score and reason.
func (r *Room) Propose(ctx context.Context, actor isms.Actor, clauseText isms.ID, proposals []Binding) error {
	if err := r.allow(actor, people.ClauseBind, people.Record{}); err != nil || len(proposals) == 0 {
		return err
	}
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		ct, err := policy.ClauseTexts.Get(ctx, tx.Tx, clauseText)
		if err != nil {
			return err
		}
		for _, b := range proposals {
			b.State = Proposed
			if err := b.tie(ctx, tx, ct); err != nil {
				return err
			}
			if err := Bindings.Add(ctx, tx, "binding.proposed", &b); err != nil {
				return err
			}
		}
		return nil
	})
}

// Bind ties a clause text to a control at once, confirmed by the acting person. Parts and
// figures are the clause's as understood here. Errors: control.person_needed,
// control.part_unknown, control.bound_already, control.not_in_a_clause.
func (r *Room) Bind(ctx context.Context, actor isms.Actor, clauseText, control isms.ID, parts []string, figures []verdict.Figure) (Binding, error) {
	var b Binding
	if err := r.mayBind(actor); err != nil {
		return b, err
	}
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		ct, err := policy.ClauseTexts.Get(ctx, tx.Tx, clauseText)
		if err != nil {
			return err
		}
		b = Binding{Control: control, Parts: parts, Figures: figures, State: Confirmed, Confirmed: tx.At, ConfirmedBy: actor.Account, Because: isms.Because("control.bound_by_person")}
		if err := b.tie(ctx, tx, ct); err != nil {
			return err
		}
		return Bindings.Add(ctx, tx, "binding.confirmed", &b)
	})
	return b, err
}

func (r *Room) mayBind(actor isms.Actor) error {
	if actor.Account == "" {
		return isms.Errorf(isms.Forbidden, "control.person_needed")
	}
	return r.allow(actor, people.BindingConfirm, people.Record{})
}

// tie fills in whose words the binding is about, and checks it against them.
func (b *Binding) tie(ctx context.Context, tx *ledger.Tx, ct policy.ClauseText) error {
	if ct.Clause == "" {
		return isms.Errorf(isms.Conflict, "control.not_in_a_clause")
	}
	b.Document, b.Clause, b.Words, b.ClauseText = ct.Document, ct.Clause, ct.Hash, ct.ID
	b.Parts, b.Figures = some(b.Parts), some(b.Figures)
	for _, p := range b.Parts {
		if !slices.Contains(ct.Parts, p) {
			return isms.Errorf(isms.Invalid, "control.part_unknown", "part", p).At("parts")
		}
	}
	figures := verdict.Input{Version: verdict.Version, Zone: "UTC", Bindings: []verdict.Binding{{Figures: b.Figures}}}
	if err := figures.Check(); err != nil {
		return err
	}
	if b.Control == "" {
		return nil
	}
	c, err := Controls.Get(ctx, tx.Tx, b.Control)
	if err != nil {
		return err
	}
	if c.State != Active {
		return isms.Errorf(isms.Conflict, "control.retired")
	}
	had, err := Bindings.Where(ctx, tx.Tx, `clause = $2 AND words = $3 AND control = $4 AND state = $5 AND id <> $6`, 1,
		string(b.Clause), b.Words, string(b.Control), string(Confirmed), string(b.ID))
	if err == nil && len(had) > 0 {
		err = isms.Errorf(isms.Conflict, "control.bound_already")
	}
	return err
}

// Confirm confirms a proposal with parts and figures as the person understands them. A
// proposal to adopt a template is given the control that was adopted.
func (r *Room) Confirm(ctx context.Context, actor isms.Actor, id, control isms.ID, parts []string, figures []verdict.Figure) (Binding, error) {
	var b Binding
	if err := r.mayBind(actor); err != nil {
		return b, err
	}
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) (err error) {
		if b, err = Bindings.Get(ctx, tx.Tx, id); err != nil {
			return err
		}
		if b.State != Proposed {
			return isms.Errorf(isms.Conflict, "policy.already_decided")
		}
		if control != "" {
			b.Control = control
		}
		if b.Control == "" {
			return isms.Errorf(isms.Conflict, "control.adopt_first")
		}
		ct, err := policy.ClauseTexts.Get(ctx, tx.Tx, b.ClauseText)
		if err != nil {
			return err
		}
		if ct.Hash != b.Words {
			return isms.Errorf(isms.Conflict, "control.words_changed")
		}
		b.Parts, b.Figures, b.State, b.Confirmed, b.ConfirmedBy = parts, figures, Confirmed, tx.At, actor.Account
		if err := b.tie(ctx, tx, ct); err != nil {
			return err
		}
		return Bindings.Revise(ctx, tx, "binding.confirmed", &b)
	})
	return b, err
}

// Unbind refuses a proposal or ends a confirmed binding.
func (r *Room) Unbind(ctx context.Context, actor isms.Actor, id isms.ID) error {
	if err := r.mayBind(actor); err != nil {
		return err
	}
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		b, err := Bindings.Get(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		switch b.State {
		case Proposed:
			b.State = Refused
		case Confirmed:
			b.State = Ended
		default:
			return isms.Errorf(isms.Conflict, "policy.already_decided")
		}
		return Bindings.Revise(ctx, tx, fmt.Sprintf("binding.%s", b.State), &b)
	})
}

// RetireControl ends a control and its proofs. It is refused while words are bound to it (code
// control.still_bound) and while a failure of it is open (code control.failure_open): nobody
// leaves a failure behind that way.
func (r *Room) RetireControl(ctx context.Context, actor isms.Actor, id isms.ID) error {
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		c, err := r.allowOf(ctx, tx.Tx, actor, people.ControlEdit, id)
		if err != nil {
			return err
		}
		if c.State != Active {
			return isms.Errorf(isms.Conflict, "control.retired")
		}
		bound, err := BoundTo(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		if len(bound) > 0 {
			return isms.Errorf(isms.Conflict, "control.still_bound")
		}
		open, err := Failures.Where(ctx, tx.Tx, `control = $2 AND state <> 'closed'`, 1, string(id))
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return isms.Errorf(isms.Conflict, "control.failure_open")
		}
		ps, err := ProofsOf(ctx, tx.Tx, id)
		if err != nil {
			return err
		}
		for i := range ps {
			ps[i].State = Retired
			if err := Proofs.Revise(ctx, tx, "proof.retired", &ps[i]); err != nil {
				return err
			}
		}
		c.State = Retired
		return Controls.Revise(ctx, tx, "control.retired", &c)
	})
}
