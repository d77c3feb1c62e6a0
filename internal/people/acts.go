package people

import "holdfast/internal/isms"

// Act is something that a permission is needed for: <room>.<verb>. They are part of the API,
// because scopes of tokens name them.
type Act string

// The acts.
const (
	PolicyRead    Act = "policy.read"
	PolicyImport  Act = "policy.import"
	PolicyEdit    Act = "policy.edit"
	PolicyAdopt   Act = "policy.adopt"
	PolicyApprove Act = "policy.approve"
	PolicyPublish Act = "policy.publish"

	ClauseBind     Act = "clause.bind"
	BindingConfirm Act = "binding.confirm"
	ControlRead    Act = "control.read"
	ControlEdit    Act = "control.edit"
	ProofEdit      Act = "proof.edit"
	SubjectRead    Act = "subject.read"
	SubjectEdit    Act = "subject.edit"
	ScopeDeclare   Act = "scope.declare"

	ExceptionRead    Act = "exception.read"
	ExceptionRequest Act = "exception.request"
	ExceptionApprove Act = "exception.approve"

	EvidenceRead Act = "evidence.read"
	EvidenceSeal Act = "evidence.seal"
	DutyRead     Act = "duty.read"
	DutyDo       Act = "duty.do"
	FailureRead  Act = "failure.read"
	FailureWork  Act = "failure.work"

	AgentRead   Act = "agent.read"
	AgentEnrol  Act = "agent.enrol"
	AgentReport Act = "agent.report"

	PeopleRead   Act = "people.read"
	PeopleInvite Act = "people.invite"
	PeopleRoles  Act = "people.roles"
	PeopleLeave  Act = "people.leave"
	TokenRead    Act = "token.read"
	TokenCreate  Act = "token.create"
	TokenRevoke  Act = "token.revoke"

	LedgerRead    Act = "ledger.read"
	LedgerExport  Act = "ledger.export"
	AccessLogRead Act = "access_log.read"
	EraseRequest  Act = "erase.request"
	EraseApprove  Act = "erase.approve"
	SettingsRead  Act = "settings.read"
	SettingsEdit  Act = "settings.edit"

	OrganisationCreate Act = "organisation.create"
	OrganisationClose  Act = "organisation.close"
	AccountRead        Act = "account.read"
	AccountCreate      Act = "account.create"
	AccountReset       Act = "account.reset"
	AccountLeave       Act = "account.leave"
	BackupRun          Act = "backup.run"
	RestoreRun         Act = "restore.run"
	KeyRotate          Act = "key.rotate"
)

// Operator is the role on the instance, and on the instance alone: it runs the installation and is
// nothing in any organisation by that.
const Operator isms.Role = "operator"

// RolesOf lists the roles that exist in a place.
func RolesOf(place isms.ID) []isms.Role {
	if place.Prefix() == isms.InstancePrefix {
		return []isms.Role{Operator}
	}
	return []isms.Role{isms.SecurityOfficer, isms.Management, isms.Owner, isms.Employee, isms.Auditor, isms.Administrator}
}

// grant is how far a role's permission reaches.
type grant byte

const (
	no   grant = iota
	own        // records that name the actor as owner
	open       // records that are not restricted, and the actor's own
	all
)

// rule is one row of the decision table.
type rule struct {
	act    Act
	write  bool // changes something
	fresh  bool // needs a second factor shown within FreshFor: seals and approvals
	apart  bool // whoever asked for it cannot do it
	person bool // Holdfast itself and the command line cannot do it: somebody must answer for it
	agent  bool // agents do it
	grants map[isms.Role]grant
}

const (
	writes = 1 << iota
	needsFresh
	needsTwo
	needsPerson
	byAgents
)

var columns = []isms.Role{isms.SecurityOfficer, isms.Management, isms.Owner, isms.Employee, isms.Auditor, isms.Administrator, Operator}

func row(act Act, how int, officer, management, owner, employee, auditor, administrator, operator grant) rule {
	r := rule{act: act, write: how&writes != 0, fresh: how&needsFresh != 0, apart: how&needsTwo != 0,
		person: how&needsPerson != 0, agent: how&byAgents != 0, grants: map[isms.Role]grant{}}
	for i, g := range []grant{officer, management, owner, employee, auditor, administrator, operator} {
		r.grants[columns[i]] = g
	}
	return r
}

const (
	seals    = writes | needsFresh
	approves = writes | needsFresh | needsTwo | needsPerson
	answers  = writes | needsFresh | needsPerson
)

// table is the one decision table, printed as docs/permissions.md by its test.
var table = []rule{
	//                        officer mgmt owner empl audit admin operator
	row(PolicyRead, 0, all, all, all, open, all, all, no),
	row(PolicyImport, writes, all, no, no, no, no, no, no),
	row(PolicyEdit, writes, all, no, own, no, no, no, no),
	row(PolicyAdopt, writes, all, all, no, no, no, no, no),
	row(PolicyApprove, approves, no, all, no, no, no, no, no),
	row(PolicyPublish, answers, all, all, no, no, no, no, no),

	row(ClauseBind, writes, all, no, all, no, no, no, no),
	row(BindingConfirm, writes, all, no, no, no, no, no, no),
	row(ControlRead, 0, all, all, all, own, all, all, no),
	row(ControlEdit, writes, all, no, own, no, no, no, no),
	row(ProofEdit, writes, all, no, own, no, no, no, no),
	row(SubjectRead, 0, all, all, all, own, all, all, no),
	row(SubjectEdit, writes, all, no, own, no, no, all, no),
	row(ScopeDeclare, writes, all, no, own, no, no, no, no),

	row(ExceptionRead, 0, all, all, all, own, all, all, no),
	row(ExceptionRequest, writes, all, all, all, no, no, all, no),
	row(ExceptionApprove, approves, all, all, no, no, no, no, no),

	row(EvidenceRead, 0, all, open, open, own, open, open, no),
	row(EvidenceSeal, answers, all, all, own, own, no, own, no),
	row(DutyRead, 0, all, all, all, own, all, all, no),
	row(DutyDo, writes|needsPerson, all, own, own, own, no, own, no),
	row(FailureRead, 0, all, all, all, own, all, all, no),
	row(FailureWork, writes, all, no, own, no, no, own, no),

	row(AgentRead, 0, all, all, all, no, all, all, no),
	row(AgentEnrol, writes, all, no, no, no, no, all, no),
	row(AgentReport, writes|byAgents, no, no, no, no, no, no, no),

	row(PeopleRead, 0, all, all, all, no, all, all, no),
	row(PeopleInvite, writes, all, no, no, no, no, all, no),
	row(PeopleRoles, seals, all, no, no, no, no, no, no),
	row(PeopleLeave, writes, all, no, no, no, no, all, no),
	row(TokenRead, 0, all, own, own, own, all, all, all),
	row(TokenCreate, seals, own, own, own, own, no, own, own),
	row(TokenRevoke, writes, all, own, own, own, no, all, all),

	row(LedgerRead, 0, all, open, open, no, open, open, all),
	row(LedgerExport, 0, all, all, no, no, all, no, all),
	row(AccessLogRead, 0, all, no, no, no, all, no, all),
	row(EraseRequest, writes, all, no, no, no, no, all, all),
	row(EraseApprove, approves, all, all, no, no, no, no, all),
	row(SettingsRead, 0, all, all, no, no, all, all, all),
	row(SettingsEdit, writes, all, no, no, no, no, all, all),

	row(OrganisationCreate, writes, no, no, no, no, no, no, all),
	row(OrganisationClose, seals, no, no, no, no, no, no, all),
	row(AccountRead, 0, no, no, no, no, no, no, all),
	row(AccountCreate, writes, no, no, no, no, no, no, all),
	row(AccountReset, seals, no, no, no, no, no, no, all),
	row(AccountLeave, seals, no, no, no, no, no, no, all),
	row(BackupRun, writes, no, no, no, no, no, no, all),
	row(RestoreRun, seals, no, no, no, no, no, no, all),
	row(KeyRotate, seals, no, no, no, no, no, no, all),
}

func ruleOf(act Act) (rule, bool) {
	for _, r := range table {
		if r.act == act {
			return r, true
		}
	}
	return rule{}, false
}
