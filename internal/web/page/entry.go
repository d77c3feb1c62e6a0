package page

import (
	"strings"

	"holdfast/internal/isms"
)

// SetUp makes the first account. Until that has happened it is the only page.
// Form: POST /setup with token, name, email, password.
type SetUp struct {
	Base
	Token string // as typed; a script takes it from the fragment of the printed link
	Name  string
	Email string
}

// Enrol adds the authenticator app as a second factor.
// Form: POST /account/totp with code; with a passkey POST /account/passkeys with credential, ceremony.
type Enrol struct {
	Base
	Secret  string // base 32, as to be typed by hand
	URI     string // otpauth address that the QR code holds
	Passkey Passkey
	Must    bool // the person cannot go on without
	Next    string
}

// MinPassword is how many characters a password needs at least.
const MinPassword = 8

// RecoveryCodes shows the codes once; Next is where "I have kept them" leads.
type RecoveryCodes struct {
	Base
	Codes []string
	Next  string
}

// OneTime shows one secret once: a token, a recovery key, an invitation link.
type OneTime struct {
	Base
	Lead    string // what it is and why it is shown only now
	Label   string
	Secret  string
	Advice  string   // where to keep it
	Example []string // commands that use it
	Next    Action
}

// Passkey is what a browser is asked for a passkey; the zero value offers none.
type Passkey struct {
	Options  string // JSON for navigator.credentials
	Ceremony string // comes back beside the answer
}

// SignIn asks for e-mail and password. Form: POST /sign-in with email, password, next.
// With a passkey: POST /sign-in/passkey with credential, ceremony, next.
type SignIn struct {
	Base
	Email   string
	Next    string
	Passkey Passkey
	Head    *Head // the ledger's head, so that a person may compare it
}

// Head is the newest checkpoint of a ledger.
type Head struct {
	Origin string
	Size   int
	Root   string // base 64, as in the checkpoint
	At     isms.Instant
}

// SecondFactor asks for the code after the password. Form: POST /sign-in/code with
// code, next; a recovery code goes into the same field.
type SecondFactor struct {
	Base
	Next    string
	Passkey Passkey
	HasTOTP bool
}

// StepUp asks for a fresh second factor before an act. Form: POST /step-up with
// code and next, or POST /step-up/passkey with credential, ceremony, next.
type StepUp struct {
	Base
	Act     string // what is about to be done, as a sentence
	Next    string // where to go on
	Passkey Passkey
	HasTOTP bool
}

// Invitation is the page behind a one-time link: it makes an account, or resets one.
// Form: POST URL with token, name, password.
type Invitation struct {
	Base
	URL          string
	Token        string
	Known        bool // the person has an account and is signed in: one click accepts
	Organisation string
	Role         string
	By           string
	Email        string
	Name         string
	Reset        bool // the account exists; only a new password is chosen
	Until        isms.Instant
}

// NameOrganisation makes an organisation. Form: POST /organisation with name, zone,
// language, domains.
type NameOrganisation struct {
	Base
	Name     string
	Zone     string
	Zones    []string // IANA names
	Language isms.Language
	Domains  string
	First    bool
}

// MakeRecoveryKey offers the recovery key at first run. Form: POST /recovery-key.
type MakeRecoveryKey struct {
	Base
	KeyFile string // path of the master key on the server
	Later   string // address that skips it for now
}

// grouped breaks a base 32 secret into groups of four for typing.
func grouped(s string) string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Join asks for the code of a one-time link; a script takes it from the fragment.
// Form: POST /join with token.
type Join struct {
	Base
	Token string
}

// Places lists the organisations of a person. Form: POST PlaceRow.URL.
type Places struct {
	Base
	Rows   []PlaceRow
	CanAdd bool
}

// PlaceRow is one place that a person belongs to.
type PlaceRow struct {
	Name  string
	Roles string
	URL   string
	Here  bool
}
