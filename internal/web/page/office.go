package page

import "holdfast/internal/isms"

// Start is the first page after signing in: the next steps until the first
// document is bound, afterwards what needs somebody.
type Start struct {
	Base
	Steps     []Step
	Documents []DocumentRow
	Trouble   []ClauseRow // the worst few, each with its proofs one click away
	Waiting   []WaitRow
	Head      *Head
	Greeting  string
}

// Step is one step of the way in. Each says why; it can be left and resumed.
type Step struct {
	Text   string
	Why    string
	Done   bool
	Action *Action
}

// Ledger is the page of the organisation's log.
type Ledger struct {
	Base
	Head        Head
	Key         string // verifier key (C2SP signed-note)
	Checkpoint  string
	Entries     []EntryRow
	Chips       []Chip
	Pager       Pager
	VerifyLines []string
	Anchors     []Anchor
	Checkpoints []Head // earlier ones, newest first
	Generations []Generation
}

// Anchor is a place outside that keeps checkpoints.
type Anchor struct {
	Name string
	Size int
	At   isms.Instant
}

// Generation is a stretch of the log since a restore; the first has no loss.
type Generation struct {
	Number int
	From   int
	At     isms.Instant
	Lost   string
}

// EntryRow is an entry as the list shows it.
type EntryRow struct {
	Index   int
	URL     string
	Kind    string // dotted name as in the ledger, for example policy.imported
	Subject Link
	By      string
	At      isms.Instant
	Erased  bool
}

// Entry is the page of one entry.
type Entry struct {
	Base
	Row        EntryRow
	Revision   int
	Leaf       string
	Header     []Fact
	Payload    string // canonical bytes, indented for reading
	Before     string // the payload of the revision before
	Inclusion  Inclusion
	BundleURL  string
	ErasedText string
}

// People is the page of members. Forms: POST /people/invitations with email, name,
// role, until; POST MemberRow.RoleURL with role; POST SessionRow.EndURL.
type People struct {
	Base
	Members           []MemberRow
	Invitations       []InvitationRow
	Roles             []Option // with a hint each
	Email, Name, Role string   // when the form comes back
	Until             isms.Date
	CanInvite         bool
}

// MemberRow is one member.
type MemberRow struct {
	Person  Person
	Email   string
	Roles   []string
	Until   isms.Date // of the membership; "" never ends
	Factor  string    // for example "passkey", "authenticator app"
	Seen    isms.Instant
	You     bool
	Missing bool // no second factor yet
}

// InvitationRow is an invitation that waits.
type InvitationRow struct {
	Email     string
	Role      string
	By        string
	Until     isms.Instant
	RevokeURL string
}

// Account is a person's own page: factors, sessions, recovery codes.
// Forms: POST SessionRow.EndURL; POST /account/sessions/end-others; POST
// /account/password with password; POST /account/recovery-codes.
type Account struct {
	Base
	Name     string
	Email    string
	Sessions []SessionRow
	Factors  []FactorRow
	Codes    int // recovery codes left
}

// SessionRow is one place where somebody is signed in.
type SessionRow struct {
	Device string
	From   string // address
	Since  isms.Instant
	Seen   isms.Instant
	This   bool
	EndURL string
}

// FactorRow is one second factor.
type FactorRow struct {
	Name      string
	Kind      string // totp, passkey: keys of factor.kind.*
	Since     isms.Instant
	Used      isms.Instant
	RemoveURL string
}

// Tokens lists API tokens. Form: POST /tokens with name, scopes, until.
type Tokens struct {
	Base
	Rows   []TokenRow
	Name   string
	Scopes []Option
	Chosen []string
	Until  isms.Date
}

// TokenRow is one token; the secret itself is shown once, when it is made.
type TokenRow struct {
	Name      string
	Scopes    []string
	By        string
	Until     isms.Instant
	Used      isms.Instant
	RevokeURL string
}

// Backups lists backups and the drills that restored them. Form: POST /backups.
type Backups struct {
	Base
	Place    string
	Rows     []BackupRow
	Drill    *DrillRow
	CanStart bool
}

// BackupRow is one backup.
type BackupRow struct {
	Name   string
	At     isms.Instant
	Size   int64
	Took   int64 // milliseconds
	Head   Head
	Drill  *DrillRow
	Failed string
}

// DrillRow is a restore that was tried.
type DrillRow struct {
	At      isms.Instant
	Verdict isms.Verdict
	Text    string
}

// Settings of the organisation. Form: POST /settings with name, zone, language, domains.
type Settings struct {
	Base
	Name         string
	Zone         string
	Zones        []string
	TextLanguage isms.Language
	Domains      string
	CanChange    bool
	Revision     int64  // that the form is about
	Facts        []Fact // version, data directory, engine: read only
	Keys         []KeyRow
}

// KeyRow is one of the keys with its age.
type KeyRow struct {
	Name    string
	Since   isms.Instant
	Verdict isms.Verdict
	Text    string
	URL     string
}

// Waiting is what waits for a second person.
type Waiting struct {
	Base
	Mine   []WaitRow // asked for by the reader; somebody else decides
	Others []WaitRow // the reader may decide
	Lone   bool      // there is nobody else yet
}

// WaitRow is one thing that waits.
type WaitRow struct {
	What       string
	Link       Link
	By         string
	At         isms.Instant
	Why        string
	ApproveURL string
	RefuseURL  string
}

// Failure is the page shown instead of one that could not be.
type Failure struct {
	Base
	Status  int
	Text    string
	Advice  string
	Request string // id by which the operator finds the cause
	Action  *Action
}

func (v *Start) done() int {
	n := 0
	for _, s := range v.Steps {
		if s.Done {
			n++
		}
	}
	return n
}

// current is the index of the first step that is not done.
func (v *Start) current() int {
	for i, s := range v.Steps {
		if !s.Done {
			return i
		}
	}
	return -1
}

func (r MemberRow) roleList() string {
	var s string
	for i, x := range r.Roles {
		if i > 0 {
			s += ", "
		}
		s += x
	}
	return s
}
