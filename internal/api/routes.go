package api

// operations lists everything that the API can do, on one page.
func (d *door) operations() {
	d.selfOperations()
	d.organisationOperations()
	d.ledgerOperations("/organisations/{organisation}/ledger", "", "an organisation", actReadLedger)
	d.ledgerOperations("/instance/ledger", "instance-", "the instance", actReadLedger)
}

// Acts of the decision table that these operations need.
const (
	actListOrganisations  = "account.read"
	actMakeOrganisation   = "organisation.create"
	actReadOrganisation   = "policy.read"
	actReviseOrganisation = "settings.edit"
	actReadLedger         = "ledger.read"
)
