package api

import "holdfast/internal/people"

// operations lists everything that the API can do, on one page.
func (d *door) operations() {
	d.selfOperations()
	d.sessionOperations()
	d.organisationOperations()
	for _, p := range []placed{
		{path: "/organisations/{organisation}", whose: "an organisation", see: people.PeopleRead, invite: people.PeopleInvite, appoint: people.PeopleRoles, end: people.PeopleLeave},
		{path: "/instance", prefix: "instance-", whose: "the instance", see: people.AccountRead, invite: people.AccountCreate, appoint: people.AccountCreate, end: people.AccountLeave},
	} {
		d.memberOperations(p)
		d.tokenOperations(p)
		d.ledgerOperations(p)
		d.accessOperations(p)
	}
	d.accountOperations()
	d.documentOperations()
	d.controlOperations()
	d.catalogueOperations()
	d.dutyOperations()
	d.evidenceOperations()
	d.exportOperations()
}

// placed says under which path operations lie that organisations and the instance both have, what
// keeps their names apart, and which acts concern people there.
type placed struct {
	path, prefix, whose       string
	see, invite, appoint, end people.Act
}

// spec declares an operation at a place.
func (p placed) spec(method, verb, noun, sub, tag string, act people.Act, title, about string) spec {
	return spec{
		id: verb + "-" + p.prefix + noun, method: method, path: p.path + sub, tag: tag, act: string(act), title: title + " of " + p.whose, about: about,
	}
}
