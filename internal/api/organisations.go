package api

import (
	"context"
	"net/http"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

func (d *door) organisationOperations() {
	handle(d, spec{
		id: "list-organisations", method: http.MethodGet, path: "/organisations", tag: "organisations", act: anyone,
		title: "List organisations", about: "The one where the token or session holds; all of them for who runs the instance.",
	}, d.listOrganisations)
	handle(d, spec{
		id: "create-organisation", method: http.MethodPost, path: "/organisations", tag: "organisations", act: string(people.OrganisationCreate), made: true,
		title: "Make an organisation", about: "It gets its own database, keys and ledger.",
	}, d.createOrganisation)
	handle(d, spec{
		id: "get-organisation", method: http.MethodGet, path: "/organisations/{organisation}", tag: "organisations", act: string(people.PolicyRead),
		title: "Get an organisation",
	}, d.getOrganisation)
	handle(d, spec{
		id: "revise-organisation", method: http.MethodPatch, path: "/organisations/{organisation}", tag: "organisations", act: string(people.SettingsEdit), revises: true,
		title: "Revise an organisation", about: "Changes what the body names and leaves the rest.",
	}, d.reviseOrganisation)
}

func (d *door) listOrganisations(ctx context.Context, c *call, in *Listing) (*Many[wire.Organisation], error) {
	operator := c.actor.Place == c.place && d.allow(c, people.AccountRead, people.Record{}) == nil
	return list(ctx, c, *in, func(o instance.Organisation) []string { return []string{string(o.ID)} }, showOrganisation,
		func(tx *store.Tx, after []string, limit int) ([]instance.Organisation, error) {
			from := ""
			if after != nil {
				from = after[0]
			}
			if operator {
				return instance.Organisations.Where(ctx, tx, `id > $2`, limit, from)
			}
			return instance.Organisations.Where(ctx, tx, `id > $2 AND id = $3`, limit, from, string(c.actor.Place))
		})
}

type inOrganisationNew struct {
	Body wire.OrganisationNew
}

func (d *door) createOrganisation(ctx context.Context, c *call, in *inOrganisationNew) (*Made[wire.Organisation], error) {
	o, err := d.Instance.Create(ctx, c.actor, instance.NewOrganisation{
		Name: in.Body.Name, Zone: in.Body.Zone, Language: isms.Language(in.Body.Language), Domains: in.Body.Domains,
	})
	if err != nil {
		return nil, err
	}
	return &Made[wire.Organisation]{ETag: etag(o.Rev), EntryIndex: c.now(), Location: Prefix + "/organisations/" + string(o.ID), Body: showOrganisation(o)}, nil
}

type inOrganisation struct {
	Reading
}

func (d *door) getOrganisation(ctx context.Context, c *call, in *inOrganisation) (*One[wire.Organisation], error) {
	var o instance.Organisation
	c.log = d.Instance.Log // the record of an organisation lies with the instance
	err := c.view(ctx, in.AsOf, func(tx *store.Tx) (err error) {
		o, err = instance.Organisations.Get(ctx, tx, c.place)
		return err
	})
	if err != nil {
		return nil, err
	}
	return one(c, showOrganisation(o), o.Rev, in.IfNoneMatch), nil
}

type inOrganisationChange struct {
	Matching
	Body wire.OrganisationChange
}

func (d *door) reviseOrganisation(ctx context.Context, c *call, in *inOrganisationChange) (*One[wire.Organisation], error) {
	c.log = d.Instance.Log
	o, err := d.Instance.Get(ctx, c.place)
	if err != nil {
		return nil, err
	}
	if err := match(in.IfMatch, o.Rev); err != nil {
		return nil, err
	}
	set(&o.Name, in.Body.Name)
	set(&o.Zone, in.Body.Zone)
	set(&o.Domains, in.Body.Domains)
	if in.Body.Language != nil {
		o.Language = isms.Language(*in.Body.Language)
	}
	if o, err = d.Instance.Revise(ctx, c.actor, o); err != nil {
		return nil, err
	}
	c.now()
	return one(c, showOrganisation(o), o.Rev, ""), nil
}

// set changes a field that a request names.
func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

func showOrganisation(o instance.Organisation) wire.Organisation {
	return wire.Organisation{
		ID: o.ID, Revision: o.Rev, Name: o.Name, State: o.State, Zone: o.Zone, Language: string(o.Language), Domains: o.Domains,
	}
}
