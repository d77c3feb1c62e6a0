// Package isms holds the words that everybody in Holdfast shares: ids, actors,
// error kinds, the clock, instants and civil days, periods, localised text and
// the five verdicts. It imports nothing of ours and nothing outside the standard
// library, does no I/O and knows no room.
//
// Floor 0.
package isms

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ID names one record for ever: a lower-case prefix that says its kind, an
// underscore and 26 characters of Crockford's base 32 over a UUIDv7 (RFC 9562),
// so that ids of one kind sort by the time they were made.
type ID string

// Prefixes of ids. They are part of the API and never change their meaning.
const (
	InstancePrefix     = "ins"
	OrganisationPrefix = "org"
	AccountPrefix      = "acc"
	MembershipPrefix   = "mem"
	SessionPrefix      = "ses"
	TokenPrefix        = "tok"
	InvitationPrefix   = "inv"
	DocumentPrefix     = "doc"
	VersionPrefix      = "ver"
	TextPrefix         = "txt"
	ClausePrefix       = "cla"
	ClauseTextPrefix   = "clt"
	ControlPrefix      = "ctl"
	ProofPrefix        = "prf"
	BindingPrefix      = "bnd"
	SubjectPrefix      = "sub"
	ScopePrefix        = "scp"
	ExceptionPrefix    = "exc"
	FailurePrefix      = "fai"
	EvidencePrefix     = "evd"
	BatchPrefix        = "bat"
	DutyPrefix         = "dut"
	FilePrefix         = "fil"
	BackupPrefix       = "bak"
	JobPrefix          = "job"
)

const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID makes an id of the given kind at the given instant.
func NewID(prefix string, at Instant) ID {
	var u [16]byte
	if _, err := rand.Read(u[:]); err != nil {
		panic("isms: no randomness: " + err.Error()) // crypto/rand never fails on a working system
	}
	ms := uint64(at) / 1000
	binary.BigEndian.PutUint16(u[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(u[2:], uint32(ms))
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	var b [26]byte
	hi, lo := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	for i := 25; i >= 0; i-- {
		b[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return ID(prefix + "_" + string(b[:]))
}

// Prefix returns the part before the underscore.
func (id ID) Prefix() string {
	p, _, _ := strings.Cut(string(id), "_")
	return p
}

// Valid tells whether id has the form of an id of the given kind.
func (id ID) Valid(prefix string) bool {
	rest, ok := strings.CutPrefix(string(id), prefix+"_")
	if !ok || len(rest) != 26 {
		return false
	}
	for _, c := range rest {
		if !strings.ContainsRune(crockford, c) {
			return false
		}
	}
	return true
}

// Instant is a moment in microseconds since 1970-01-01T00:00:00Z (UTC).
type Instant int64

// Forever is later than every instant; an open interval ends there.
const Forever Instant = 1<<63 - 1

// InstantOf converts t, dropping what is finer than a microsecond.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time converts back, in UTC.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// Add returns the instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Microseconds()) }

// Sub returns the time from o to i.
func (i Instant) Sub(o Instant) time.Duration { return time.Duration(i-o) * time.Microsecond }

// String writes RFC 3339 in UTC with microseconds.
func (i Instant) String() string {
	if i == Forever {
		return "forever"
	}
	return i.Time().Format("2006-01-02T15:04:05.000000Z")
}

// Clock tells the time. Everything that asks for the time takes a Clock.
type Clock interface{ Now() Instant }

// SystemClock is the operating system's clock.
type SystemClock struct{}

// Now returns the operating system's time.
func (SystemClock) Now() Instant { return InstantOf(time.Now()) }

// Means says through what an actor acted.
type Means string

// The four means of acting.
const (
	BySession Means = "session" // a person signed in to the pages
	ByToken   Means = "token"   // a person's or a program's API token
	ByAgent   Means = "agent"   // an enrolled agent
	BySystem  Means = "system"  // Holdfast itself, or the operator at the command line
)

// Role is what a person is in an organisation.
type Role string

// The six roles. Instance administrators hold no role in an organisation by that.
const (
	SecurityOfficer Role = "security_officer" // owns the ISMS
	Management      Role = "management"       // approves and reviews
	Owner           Role = "owner"            // answers for controls, systems, duties
	Employee        Role = "employee"         // does duties, reports, reads policies
	Auditor         Role = "auditor"          // reads and samples; always ends
	Administrator   Role = "administrator"    // runs systems, agents, tokens; decides nothing about promises
)

// Actor is who does something: a person and the means they use.
type Actor struct {
	Account   ID      // the person; empty for agents and the system
	Means     Means   // how
	Via       ID      // the session, token or agent; empty for the system
	Roles     []Role  // what the person is in the organisation that is acted on
	SteppedUp Instant // when this person last showed their second factor; zero if never in this session

	Place  ID       // where the roles hold: an organisation, or the instance; empty for the system
	Scopes []string // what a token is limited to; nil for everybody else
}

// System is Holdfast itself acting.
var System = Actor{Means: BySystem}

// Is tells whether the actor holds one of the roles.
func (a Actor) Is(roles ...Role) bool {
	for _, held := range a.Roles {
		for _, r := range roles {
			if held == r {
				return true
			}
		}
	}
	return false
}

// String is the reference that stands in entry headers: opaque, without personal data.
func (a Actor) String() string {
	switch {
	case a.Account != "":
		return string(a.Account)
	case a.Via != "":
		return string(a.Via)
	default:
		return string(a.Means)
	}
}

// Kind classes errors for the doors. The list only grows, because clients see it.
type Kind string

// The kinds of errors.
const (
	Invalid     Kind = "invalid"     // the input cannot be taken as it is; Params name the field
	NotFound    Kind = "not_found"   // there is no such record, or the actor may not know of it
	Forbidden   Kind = "forbidden"   // the actor may not do this
	SignIn      Kind = "sign_in"     // nobody is signed in
	StepUp      Kind = "step_up"     // a fresh second factor is needed first
	Conflict    Kind = "conflict"    // somebody changed it meanwhile, or its state does not allow this
	TooMany     Kind = "too_many"    // slow down; Params hold retry_after in seconds
	Unavailable Kind = "unavailable" // a part that this needs cannot be reached now
	Internal    Kind = "internal"    // our fault; the cause is in the log
)

// Error is an error meant for a person: a stable code that the doors translate,
// its parameters, and the wrapped cause that only operators see.
type Error struct {
	Kind   Kind
	Code   string            // for example "document.title_missing"; key of the translated sentence
	Field  string            // JSON pointer or form field at fault; empty if none
	Params map[string]string // values for the translated sentence
	Err    error             // cause for the operator; may be nil
}

// Error names kind, code and cause for logs.
func (e *Error) Error() string {
	s := string(e.Kind) + " " + e.Code
	for _, k := range slices.Sorted(maps.Keys(e.Params)) {
		s += " " + k + "=" + e.Params[k]
	}
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error; kv are pairs of parameter name and value.
func Errorf(kind Kind, code string, kv ...string) *Error {
	e := &Error{Kind: kind, Code: code}
	for i := 0; i+1 < len(kv); i += 2 {
		if e.Params == nil {
			e.Params = make(map[string]string, len(kv)/2)
		}
		e.Params[kv[i]] = kv[i+1]
	}
	return e
}

// At names the field at fault.
func (e *Error) At(field string) *Error { e.Field = field; return e }

// Because adds the cause for the operator.
func (e *Error) Because(err error) *Error { e.Err = err; return e }

// KindOf returns the kind of err: Internal for anything that is not an *Error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of err, or "" for anything that is not an *Error.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Reason is why something is as it is, stored as code and parameters and
// put into the reader's language only when shown.
type Reason struct {
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

// Because makes a Reason; kv are pairs of parameter name and value.
func Because(code string, kv ...string) Reason {
	return Reason{Code: code, Params: Errorf("", "", kv...).Params}
}

// Language is a BCP 47 primary subtag that the interface and texts use.
type Language string

// The interface languages.
const (
	English   Language = "en"
	German    Language = "de"
	Slovenian Language = "sl"
	Unknown   Language = "und"
)

// Text is what an organisation writes and others read: one source language and translations.
type Text struct {
	Source Language            `json:"source"`
	In     map[Language]string `json:"in"`
}

// TextIn makes a text in one language.
func TextIn(l Language, s string) Text { return Text{Source: l, In: map[Language]string{l: s}} }

// For returns the words in l if there are any, else in the source language, and the
// language they are really in, so that a page can show that a translation is missing.
func (t Text) For(l Language) (string, Language) {
	if s, ok := t.In[l]; ok && s != "" {
		return s, l
	}
	return t.In[t.Source], t.Source
}

// Verdict says whether a promise holds.
type Verdict string

// The five verdicts, worst first (DESIGN: verdicts).
const (
	Failing  Verdict = "failing"
	Stale    Verdict = "stale"
	Unproven Verdict = "unproven"
	Excepted Verdict = "excepted"
	Holding  Verdict = "holding"
)

// Verdicts lists all verdicts, worst first.
var Verdicts = []Verdict{Failing, Stale, Unproven, Excepted, Holding}

// Rank is 0 for the worst verdict and grows towards holding; an unknown verdict counts as unproven.
func (v Verdict) Rank() int {
	for i, w := range Verdicts {
		if v == w {
			return i
		}
	}
	return Unproven.Rank()
}

// Worst returns the worst of the verdicts, and Unproven for none: nothing proven is nothing held.
func Worst(vs ...Verdict) Verdict {
	if len(vs) == 0 {
		return Unproven
	}
	w := Holding
	for _, v := range vs {
		if v.Rank() < w.Rank() {
			w = v
		}
	}
	return w
}

// Must returns v and panics on an error; for values fixed in code.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprint("isms: ", err))
	}
	return v
}
