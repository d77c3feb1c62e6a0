package api

import (
	"context"

	"holdfast/internal/control"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/probe"
	"holdfast/internal/verdict"
	"holdfast/internal/wire"
)

type controlList struct {
	Filtered
	State string  `query:"state" enum:"active,retired"`
	Owner isms.ID `query:"owner" maxLength:"64"`
}

func (f controlList) where() []equal { return []equal{is("state", f.State), is("owner", f.Owner)} }

type proofList struct {
	Filtered
	Control isms.ID `query:"control" maxLength:"64"`
	Kind    string  `query:"kind" enum:"check,duty,rule"`
	State   string  `query:"state" enum:"active,retired"`
}

func (f proofList) where() []equal {
	return []equal{is("control", f.Control), is("kind", f.Kind), is("state", f.State)}
}

type bindingList struct {
	Filtered
	Document isms.ID  `query:"document" maxLength:"64"`
	Clause   isms.ID  `query:"clause" maxLength:"64"`
	Control  isms.ID  `query:"control" maxLength:"64"`
	State    []string `query:"state,explode" nullable:"false" doc:"Any of proposed, confirmed, refused, ended."`
}

func (f bindingList) where() []equal {
	return []equal{is("document", f.Document), is("clause", f.Clause), is("control", f.Control), {"state", f.State}}
}

type subjectList struct {
	Filtered
	Kind  string  `query:"kind" maxLength:"64"`
	Owner isms.ID `query:"owner" maxLength:"64"`
}

func (f subjectList) where() []equal { return []equal{is("kind", f.Kind), is("owner", f.Owner)} }

type scopeList struct{ Filtered }

func (f scopeList) where() []equal { return nil }

type verdictList struct {
	Filtered
	Document isms.ID  `query:"document" maxLength:"64" doc:"Verdicts on its clauses."`
	About    isms.ID  `query:"about" maxLength:"64" doc:"A clause or control."`
	Verdict  []string `query:"verdict,explode" nullable:"false" doc:"Any of failing, stale, unproven, excepted, holding."`
}

func (f verdictList) where() []equal {
	return []equal{is("document", f.Document), is("about", f.About), {"verdict", f.Verdict}}
}

type dayList struct {
	Filtered
	Document isms.ID   `query:"document" maxLength:"64"`
	Date     isms.Date `query:"date" format:"date"`
}

func (f dayList) where() []equal { return []equal{is("document", f.Document), is("date", f.Date)} }

// The nouns of the control room.
var (
	controls = noun[control.Control, *control.Control]{"control", "controls", "/controls", "controls", people.ControlRead, control.Controls, ""}
	proofs   = noun[control.Proof, *control.Proof]{"proof", "proofs", "/proofs", "controls", people.ControlRead, control.Proofs, ownerOf("control_proof", "control")}
	bindings = noun[control.Binding, *control.Binding]{"binding", "bindings", "/bindings", "controls", people.ControlRead, control.Bindings, ownerOf("control_binding", "control")}
	subjects = noun[control.Subject, *control.Subject]{"subject", "subjects", "/subjects", "subjects", people.SubjectRead, control.Subjects, ""}
	scopes   = noun[control.Scope, *control.Scope]{"scope", "scopes", "/scopes", "subjects", people.SubjectRead, control.Scopes, "declared_by"}
	verdicts = noun[control.Verdict, *control.Verdict]{"verdict", "verdicts", "/verdicts", "verdicts", people.PolicyRead, control.Verdicts, nobody}
	days     = noun[control.Day, *control.Day]{"day", "days", "/days", "verdicts", people.PolicyRead, control.Days, nobody}
)

func (d *door) controlOperations() {
	listAndGet[controlList](d, controls, "What the organisation does so that its clauses are true.")
	listAndGet[proofList](d, proofs, "How controls are shown to hold.")
	listAndGet[bindingList](d, bindings, "Which clause texts are bound to which controls.")
	listAndGet[subjectList](d, subjects, "What proofs are about.")
	listAndGet[scopeList](d, scopes, "Which subjects proofs take.")
	listAndGet[verdictList](d, verdicts, "Whether clauses and controls hold; each revision of a verdict is one interval of its history.")
	listAndGet[dayList](d, days, "The sealed worst verdict of each clause on each day that is over.")

	handle(d, controls.creates("", "create-control", people.ControlEdit, "Make a control", "With its proofs."), d.makeControl)
	handle(d, controls.changes("revise-control", people.ControlEdit, "Revise a control", ""), d.reviseControl)
	handle(d, controls.creates("/{id}/proofs", "create-proof", people.ProofEdit, "Add a proof to a control", ""), d.addProof)
	handle(d, proofs.changes("revise-proof", people.ProofEdit, "Revise the plan of a proof", ""), d.reviseProof)
	handle(d, proofs.act1("/{id}/retirements", "retire-proof", people.ProofEdit, "Retire a proof", "What it showed stays."), d.retireProof)
	bind := clauseTexts.creates("/{id}/bindings", "bind-clause-text", people.ClauseBind, "Bind a clause text to a control", "Confirmed by whoever asks.")
	handle(d, bind, d.bind)
	handle(d, bindings.act1("/{id}/confirmations", "confirm-binding", people.BindingConfirm, "Confirm a proposed binding", ""), d.confirm)
	handle(d, bindings.act1("/{id}/endings", "end-binding", people.BindingConfirm, "Refuse a proposal or end a binding", ""), d.unbind)
	handle(d, subjects.act1("", "add-subjects", people.SubjectEdit, "Take subjects in", "Those that are there already are passed over; the answer lists the new ones."), d.addSubjects)
	handle(d, subjects.act1("/{id}/retirements", "retire-subject", people.SubjectEdit, "Retire a subject", ""), d.retireSubject)
	handle(d, scopes.creates("", "create-scope", people.SubjectEdit, "Make a scope", "Nobody has declared it complete yet."), d.makeScope)
	handle(d, scopes.changes("revise-scope", people.SubjectEdit, "Change which subjects a scope takes", "It must then be declared anew."), d.selectScope)
	declare := scopes.act1("/{id}/declarations", "declare-scope", people.ScopeDeclare, "Declare that a scope's list is complete", "If-Match says which list was read.")
	declare.revises = true
	handle(d, declare, d.declare)
}

func figures(fs []wire.Figure) []verdict.Figure {
	var out []verdict.Figure
	for _, f := range fs {
		out = append(out, verdict.Figure{Kind: verdict.FigureKind(f.Kind), Name: f.Name, Bound: verdict.Bound(f.Bound), Value: f.Value, Part: f.Part})
	}
	return out
}

func newProof(p wire.ProofNew) (out control.Proof, err error) {
	out = control.Proof{
		Key: p.Key, Kind: verdict.ProofKind(p.Kind), Title: p.Title, Probe: p.Probe, Params: probe.Params(p.Params), Rule: p.Rule,
		Required: p.Required, Scope: p.Scope, Parts: p.Parts, Figures: figures(p.Figures), Role: p.Role, Deputy: p.Deputy,
	}
	if out.Every, err = period(p.Every); err != nil {
		return out, err
	}
	out.Window, err = period(p.Window)
	return out, err
}

func (d *door) makeControl(ctx context.Context, c *call, in *inBody[wire.ControlNew]) (*Made[control.Control], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	ps := make([]control.Proof, 0, len(in.Body.Proofs))
	for _, p := range in.Body.Proofs {
		made, err := newProof(p)
		if err != nil {
			return nil, err
		}
		ps = append(ps, made)
	}
	b := in.Body
	v, _, err := o.Control.Make(ctx, c.actor, control.Control{Title: b.Title, Purpose: b.Purpose, Themes: b.Themes, Owner: b.Owner, Deputy: b.Deputy, Critical: b.Critical}, ps)
	if err != nil {
		return nil, err
	}
	return controls.made(c, v), nil
}

func (d *door) reviseControl(ctx context.Context, c *call, in *inChange[wire.ControlChange]) (*One[control.Control], error) {
	v, err := controls.get(ctx, c, in.ID, asOf{})
	if err == nil {
		err = match(in.IfMatch, v.Rev)
	}
	if err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	set(&v.Title, in.Body.Title)
	set(&v.Purpose, in.Body.Purpose)
	set(&v.Owner, in.Body.Owner)
	set(&v.Deputy, in.Body.Deputy)
	set(&v.Critical, in.Body.Critical)
	if _, err := o.Control.ReviseControl(ctx, c.actor, v); err != nil {
		return nil, err
	}
	return controls.shown(ctx, c, in.ID)
}

func (d *door) addProof(ctx context.Context, c *call, in *inActOn[wire.ProofNew]) (*Made[control.Proof], error) {
	if _, err := controls.get(ctx, c, in.ID, asOf{}); err != nil {
		return nil, err
	}
	p, err := newProof(in.Body)
	if err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	p.Control = in.ID
	if p, err = o.Control.AddProof(ctx, c.actor, p); err != nil {
		return nil, err
	}
	return proofs.made(c, p), nil
}

func (d *door) reviseProof(ctx context.Context, c *call, in *inChange[wire.ProofChange]) (*One[control.Proof], error) {
	p, err := proofs.get(ctx, c, in.ID, asOf{})
	if err == nil {
		err = match(in.IfMatch, p.Rev)
	}
	if err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	set(&p.Title, in.Body.Title)
	set(&p.Required, in.Body.Required)
	set(&p.Scope, in.Body.Scope)
	for _, f := range []struct {
		to   *isms.Period
		from *string
	}{{&p.Every, in.Body.Every}, {&p.Window, in.Body.Window}} {
		if f.from == nil {
			continue
		}
		if *f.to, err = period(*f.from); err != nil {
			return nil, err
		}
	}
	if _, err := o.Control.ReviseProof(ctx, c.actor, p); err != nil {
		return nil, err
	}
	return proofs.shown(ctx, c, in.ID)
}

func (d *door) retireProof(ctx context.Context, c *call, in *Target) (*One[control.Proof], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Control.RetireProof(ctx, c.actor, in.ID); err != nil {
		return nil, err
	}
	return proofs.shown(ctx, c, in.ID)
}

func (d *door) bind(ctx context.Context, c *call, in *inActOn[wire.BindingNew]) (*Made[control.Binding], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	b, err := o.Control.Bind(ctx, c.actor, in.ID, in.Body.Control, in.Body.Parts, figures(in.Body.Figures))
	if err != nil {
		return nil, err
	}
	return bindings.made(c, b), nil
}

func (d *door) confirm(ctx context.Context, c *call, in *inActOn[wire.BindingNew]) (*One[control.Binding], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := o.Control.Confirm(ctx, c.actor, in.ID, in.Body.Control, in.Body.Parts, figures(in.Body.Figures)); err != nil {
		return nil, err
	}
	return bindings.shown(ctx, c, in.ID)
}

func (d *door) unbind(ctx context.Context, c *call, in *Target) (*One[control.Binding], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Control.Unbind(ctx, c.actor, in.ID); err != nil {
		return nil, err
	}
	return bindings.shown(ctx, c, in.ID)
}

func (d *door) addSubjects(ctx context.Context, c *call, in *inBody[wire.SubjectsNew]) (*Many[control.Subject], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	var all []control.Subject
	for _, s := range in.Body.Subjects {
		all = append(all, control.Subject{Kind: probe.SubjectKind(s.Kind), Address: s.Address, Name: s.Name, Owner: s.Owner})
	}
	fresh, err := o.Control.AddSubjects(ctx, c.actor, all)
	if err != nil {
		return nil, err
	}
	return several(c, fresh), nil
}

func (d *door) retireSubject(ctx context.Context, c *call, in *inActOn[wire.Why]) (*One[control.Subject], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Control.RetireSubject(ctx, c.actor, in.ID, in.Body.Reason); err != nil {
		return nil, err
	}
	return subjects.shown(ctx, c, in.ID)
}

func selector(s wire.Selector) control.Selector {
	out := control.Selector{Kinds: []probe.SubjectKind{}, Subjects: append([]isms.ID{}, s.Subjects...)}
	for _, k := range s.Kinds {
		out.Kinds = append(out.Kinds, probe.SubjectKind(k))
	}
	return out
}

func (d *door) makeScope(ctx context.Context, c *call, in *inBody[wire.ScopeNew]) (*Made[control.Scope], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	s, err := o.Control.MakeScope(ctx, c.actor, in.Body.Name, selector(in.Body.Selector))
	if err != nil {
		return nil, err
	}
	return scopes.made(c, s), nil
}

func (d *door) selectScope(ctx context.Context, c *call, in *inChange[wire.ScopeChange]) (*One[control.Scope], error) {
	s, err := scopes.get(ctx, c, in.ID, asOf{})
	if err == nil {
		err = match(in.IfMatch, s.Rev)
	}
	if err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Control.Select(ctx, c.actor, in.ID, s.Rev, selector(in.Body.Selector)); err != nil {
		return nil, err
	}
	return scopes.shown(ctx, c, in.ID)
}

func (d *door) declare(ctx context.Context, c *call, in *struct {
	Target
	Matching
}) (*One[control.Scope], error) {
	s, err := scopes.get(ctx, c, in.ID, asOf{})
	if err == nil {
		err = match(in.IfMatch, s.Rev)
	}
	if err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Control.Declare(ctx, c.actor, in.ID, s.Rev); err != nil {
		return nil, err
	}
	return scopes.shown(ctx, c, in.ID)
}
