package api

import (
	"context"

	"holdfast/internal/control"
	"holdfast/internal/people"
	"holdfast/internal/wire"
)

// catalogueOperations are about controls of the catalogue: proposing, confirming and adopting them.
func (d *door) catalogueOperations() {
	handle(d, texts.act1("/{id}/proposals", "propose-bindings", people.ClauseBind, "Propose controls for the clauses of a text",
		"For binding clauses to which nothing is bound or proposed yet. Proposals count for nothing until a person confirms them."), d.propose)
	handle(d, documents.act1("/{id}/confirmations", "confirm-proposals", people.BindingConfirm, "Confirm the best proposals of a document",
		"Those at or above a score, for clauses to which nothing is bound; what is needed is adopted. Each is confirmed by whoever asks."), d.confirmAbove)
	handle(d, controls.creates("/adoptions", "adopt-control", people.ControlEdit, "Adopt a control of the catalogue",
		"A copy with its words, parameters, version and proofs; one that was adopted before is returned as it is."), d.adoptControl)
	handle(d, controls.act1("/{id}/retirements", "retire-control", people.ControlEdit, "Retire a control", ""), d.retireControl)
}

func (d *door) propose(ctx context.Context, c *call, in *Target) (*One[wire.Count], error) {
	if _, err := texts.get(ctx, c, in.ID, asOf{}); err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	n, err := o.Control.ProposeAll(ctx, c.actor, in.ID)
	if err != nil {
		return nil, err
	}
	c.now()
	return one(c, wire.Count{Count: n}, 1, ""), nil
}

func (d *door) confirmAbove(ctx context.Context, c *call, in *inActOn[wire.Threshold]) (*One[wire.Count], error) {
	if _, err := documents.get(ctx, c, in.ID, asOf{}); err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	n, err := o.Control.ConfirmAbove(ctx, c.actor, in.ID, in.Body.Least)
	if err != nil {
		return nil, err
	}
	c.now()
	return one(c, wire.Count{Count: n}, 1, ""), nil
}

func (d *door) adoptControl(ctx context.Context, c *call, in *inBody[wire.Template]) (*Made[control.Control], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	v, err := o.Control.Adopt(ctx, c.actor, in.Body.Template)
	if err != nil {
		return nil, err
	}
	return controls.made(c, v), nil
}

func (d *door) retireControl(ctx context.Context, c *call, in *Target) (*One[control.Control], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Control.RetireControl(ctx, c.actor, in.ID); err != nil {
		return nil, err
	}
	return controls.shown(ctx, c, in.ID)
}
