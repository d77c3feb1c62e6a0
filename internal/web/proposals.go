package web

import (
	"holdfast/internal/catalogue"
	"holdfast/internal/control"
	"holdfast/internal/isms"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/store"
	"holdfast/internal/web/page"
)

// propose asks the catalogue for controls for a text that came in, where the visitor may bind.
func (v *visit) propose(o *organisation.Organisation, text isms.ID) error {
	if v.may(people.ClauseBind) != nil {
		return nil
	}
	_, err := o.Control.ProposeAll(v.ctx, v.Actor, text)
	return err
}

// fillProposals lists the controls of the catalogue that are proposed and not adopted yet.
func (v *visit) fillProposals(tx *store.Tx, p printer, ct policy.ClauseText, out *page.Clause) error {
	bs, err := control.BindingsOf(v.ctx, tx, ct.Clause, ct.Hash)
	if err != nil {
		return err
	}
	for _, b := range bs {
		t, ok := catalogue.Standard().Control(b.Template)
		if b.State != control.Proposed || b.Control != "" || !ok {
			continue
		}
		row := page.Binding{ID: b.ID, Control: page.Link{Text: t.Title.In(p.Language()), URL: "#h-bind"}, Number: t.ID, Parts: b.Parts, Reason: b.Because}
		if out.BindURL != "" || v.may(people.BindingConfirm) == nil {
			row.ConfirmURL, row.RefuseURL = "/bindings/"+string(b.ID)+"/confirm", "/bindings/"+string(b.ID)+"/end"
		}
		out.Proposals = append(out.Proposals, row)
	}
	return nil
}

// confirm confirms a proposal, adopting its control from the catalogue where that was not done.
func (v *visit) confirm(o *organisation.Organisation, b control.Binding) error {
	if b.Control == "" {
		c, err := o.Control.Adopt(v.ctx, v.Actor, b.Template)
		if err != nil {
			return err
		}
		b.Control = c.ID
	}
	_, err := o.Control.Confirm(v.ctx, v.Actor, b.ID, b.Control, b.Parts, b.Figures)
	return err
}
