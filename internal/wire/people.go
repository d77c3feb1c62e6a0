package wire

import (
	"time"

	"holdfast/internal/isms"
)

// Credentials are an account's address and password.
type Credentials struct {
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"1024"`
}

// Code is a one-time code of an authenticator, or a recovery code where those count.
type Code struct {
	Code string `json:"code" minLength:"1" maxLength:"64"`
}

// SignedIn is a session's secret, shown once: send it as the bearer.
type SignedIn struct {
	Secret        string   `json:"secret" doc:"Send it as Authorization: Bearer."`
	Device        string   `json:"device,omitempty" doc:"Send it as Holdfast-Device when signing in again from the same place."`
	RecoveryCodes []string `json:"recovery_codes,omitempty" nullable:"false" doc:"Shown once, when the first second factor was added."`
	Session       Session  `json:"session"`
}

// Session is one browser or program that somebody is signed in with.
type Session struct {
	ID        isms.ID   `json:"id"`
	Place     isms.ID   `json:"place,omitempty" doc:"The organisation or instance that it is for; absent until one is entered."`
	Level     string    `json:"level" enum:"enrol,second,full" doc:"enrol: a second factor must be added first; second: the second factor is owed."`
	Made      time.Time `json:"made"`
	Seen      time.Time `json:"seen"`
	Ends      time.Time `json:"ends"`
	SteppedUp time.Time `json:"stepped_up,omitzero" doc:"When the second factor was last shown."`
	Address   string    `json:"address,omitempty"`
	Agent     string    `json:"agent,omitempty"`
}

// PlaceChoice names an organisation or the instance.
type PlaceChoice struct {
	Place isms.ID `json:"place" maxLength:"64"`
}

// Membership says what somebody is somewhere.
type Membership struct {
	ID       isms.ID     `json:"id"`
	Revision int64       `json:"rev" minimum:"1"`
	Account  isms.ID     `json:"account"`
	Name     string      `json:"name"`
	Email    string      `json:"email"`
	State    string      `json:"state" enum:"active,left" doc:"Of the account."`
	Roles    []isms.Role `json:"roles" nullable:"false"`
	Ends     time.Time   `json:"ends,omitzero" doc:"An auditor's membership always ends."`
}

// MembershipNew makes an account a member.
type MembershipNew struct {
	Account isms.ID     `json:"account" maxLength:"64"`
	Roles   []isms.Role `json:"roles" nullable:"false" minItems:"1" maxItems:"6"`
	Ends    time.Time   `json:"ends,omitzero"`
}

// MembershipChange replaces roles and end.
type MembershipChange struct {
	Roles []isms.Role `json:"roles" nullable:"false" minItems:"1" maxItems:"6"`
	Ends  time.Time   `json:"ends,omitzero"`
}

// Invitation asks somebody in.
type Invitation struct {
	ID        isms.ID     `json:"id"`
	Revision  int64       `json:"rev" minimum:"1"`
	Email     string      `json:"email"`
	Name      string      `json:"name"`
	Roles     []isms.Role `json:"roles" nullable:"false"`
	RoleEnds  time.Time   `json:"role_ends,omitzero" doc:"When the membership will end."`
	InvitedBy string      `json:"invited_by"`
	Ends      time.Time   `json:"ends"`
	State     string      `json:"state" enum:"open,accepted,withdrawn"`
	Secret    string      `json:"secret,omitempty" doc:"Of the link to hand over; shown once, to who invites."`
}

// InvitationNew is what an invitation needs.
type InvitationNew struct {
	Email    string      `json:"email" maxLength:"254"`
	Name     string      `json:"name" maxLength:"200"`
	Roles    []isms.Role `json:"roles" nullable:"false" minItems:"1" maxItems:"6"`
	RoleEnds time.Time   `json:"role_ends,omitzero"`
}

// Acceptance makes the account that an invitation or the set-up is for.
type Acceptance struct {
	Token    string `json:"token" maxLength:"200" doc:"The secret of the link."`
	Email    string `json:"email,omitempty" maxLength:"254" doc:"Of the first account; an invitation names its own."`
	Name     string `json:"name" maxLength:"200"`
	Language string `json:"language,omitempty" enum:"en,de,sl"`
	Password string `json:"password,omitempty" maxLength:"1024" doc:"May be absent for somebody who will sign in by passkey alone."`
}

// ResetUse uses the link of a reset.
type ResetUse struct {
	Token    string `json:"token" maxLength:"200"`
	Password string `json:"password,omitempty" maxLength:"1024"`
}

// TOTPKey is what a person gives to their authenticator, once.
type TOTPKey struct {
	Secret string `json:"secret" doc:"Base 32, for typing."`
	URI    string `json:"uri" doc:"otpauth address, for a QR code."`
}

// Token is a token of the API.
type Token struct {
	ID       isms.ID   `json:"id"`
	Revision int64     `json:"rev" minimum:"1"`
	Name     string    `json:"name"`
	Account  isms.ID   `json:"account"`
	Scopes   []string  `json:"scopes" nullable:"false" doc:"read, write, or acts."`
	Networks []string  `json:"networks" nullable:"false" doc:"Source networks in CIDR form; none: any."`
	Ends     time.Time `json:"ends"`
	State    string    `json:"state" enum:"live,ended"`
	Used     time.Time `json:"used,omitzero" doc:"Last use, to the minute."`
	UsedFrom string    `json:"used_from,omitempty"`
	Secret   string    `json:"secret,omitempty" doc:"Shown once, to who makes it."`
}

// TokenNew is what a new token needs.
type TokenNew struct {
	Name     string    `json:"name" minLength:"1" maxLength:"100"`
	Account  isms.ID   `json:"account,omitempty" maxLength:"64" doc:"Whose token; the caller's own if absent."`
	Scopes   []string  `json:"scopes" nullable:"false" minItems:"1" maxItems:"100"`
	Networks []string  `json:"networks,omitempty" nullable:"false" maxItems:"100"`
	Ends     time.Time `json:"ends" doc:"At most 366 days ahead."`
}

// Account is one person on this installation.
type Account struct {
	ID       isms.ID `json:"id"`
	Revision int64   `json:"rev" minimum:"1"`
	Email    string  `json:"email"`
	Name     string  `json:"name"`
	Language string  `json:"language"`
	State    string  `json:"state" enum:"active,left"`
	Factor   bool    `json:"factor" doc:"The account has a second factor."`
}

// AccountNew is what a new account needs.
type AccountNew struct {
	Email    string `json:"email" maxLength:"254"`
	Name     string `json:"name" maxLength:"200"`
	Language string `json:"language,omitempty" enum:"en,de,sl"`
}

// Link is a one-time link to hand over.
type Link struct {
	Secret string `json:"secret" doc:"Shown once."`
}

// Done says that an act was done; it stands in the ledger.
type Done struct {
	Done bool `json:"done"`
}

// RecoveryCodes let somebody in who lost their second factor; each once.
type RecoveryCodes struct {
	Codes []string `json:"codes" nullable:"false" doc:"Shown once."`
}
