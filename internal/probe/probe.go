// Package probe looks at real systems: this host, endpoints, mail domains, time
// servers. A probe yields an Observation of typed facts, never a verdict; whether the
// facts are good is for Judge, a pure function beside it. What a probe could not see it
// says as an error with the missing right and the command that grants it, never as a pass.
//
// Probes are one of the few places with outgoing network. They refuse private,
// link-local and metadata addresses unless the operator allows them, and bound time
// and bytes.
//
// Words owned: Fact, Observation, Subject, Probe, Params, batch. Floor 0; imports isms
// and wire.
package probe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/isms"
)

// Probe looks at one kind of thing.
type Probe interface {
	// Key names the check for ever, for example "host.clock".
	Key() string
	// Look looks at one subject. It returns an Observation in every case; one that
	// could not look says so in Error. It ends when ctx does.
	Look(ctx context.Context, subject Subject, params Params) Observation
}

// Params are a check's settings by name; each probe and each judge documents its own.
type Params map[string]string

// SubjectKind says what a probe looks at.
type SubjectKind string

// The kinds of subjects.
const (
	Host       SubjectKind = "host"        // Address is the host's name
	Endpoint   SubjectKind = "endpoint"    // Address is host:port
	MailDomain SubjectKind = "mail_domain" // Address is the domain
	WebPage    SubjectKind = "page"        // Address is an https URL
	TimeServer SubjectKind = "time_server" // Address is host or host:port
)

// Subject is what is looked at.
type Subject struct {
	Address string      `json:"address"`
	ID      isms.ID     `json:"id,omitzero"` // in the organisation's list; empty where the looker does not know it
	Kind    SubjectKind `json:"kind"`
}

// HostSubject is the host that this runs on.
func HostSubject(id isms.ID) (Subject, error) {
	name, err := os.Hostname()
	if err != nil {
		return Subject{}, err
	}
	return Subject{Address: name, ID: id, Kind: Host}, nil
}

// EndpointSubject is a TCP endpoint; without a port it is 443.
func EndpointSubject(id isms.ID, address string) Subject {
	return Subject{Address: withPort(address, "443"), ID: id, Kind: Endpoint}
}

// MailSubject is a mail domain.
func MailSubject(id isms.ID, domain string) Subject {
	return Subject{Address: strings.ToLower(strings.TrimSuffix(domain, ".")), ID: id, Kind: MailDomain}
}

// PageSubject is a page on the web.
func PageSubject(id isms.ID, url string) Subject { return Subject{Address: url, ID: id, Kind: WebPage} }

// TimeServerSubject is an NTP server; without a port it is 123.
func TimeServerSubject(id isms.ID, address string) Subject {
	return Subject{Address: withPort(address, "123"), ID: id, Kind: TimeServer}
}

// Observation is what one look at one subject saw. Its fields stand in the order of
// their JSON names, so that its encoding is canonical (RFC 8785) as it is.
type Observation struct {
	Check    string       `json:"check"`
	Digest   string       `json:"digest,omitzero"` // "sha256:" and hex, of the raw output
	Error    *CouldNot    `json:"error,omitzero"`  // set when it could not look; Facts may then hold what was seen anyway
	Exit     int          `json:"exit"`            // of the command, -1 where none ran to its end
	Facts    Facts        `json:"facts"`
	Occurred isms.Instant `json:"occurred"` // when the look began, by the looker's clock
	Source   string       `json:"source"`   // the command or address that was looked at
	Subject  Subject      `json:"subject"`
	Took     int64        `json:"took"` // microseconds
}

// CouldNot says why a look could not look.
type CouldNot struct {
	Code   string `json:"code"`            // key of the translated sentence; see the Err constants
	Detail string `json:"detail,omitzero"` // for the operator: what the system said
	Grant  string `json:"grant,omitzero"`  // the command that grants the missing right or installs what is missing
	Right  string `json:"right,omitzero"`  // the missing right
	What   string `json:"what,omitzero"`   // the file, program or address concerned
}

// Codes of CouldNot. They are reason codes with the parameters what, right and grant.
const (
	ErrNoRight      = "probe.no_right"
	ErrNotInstalled = "probe.not_installed"
	ErrUnsupported  = "probe.unsupported"
	ErrUnreadable   = "probe.unreadable"
	ErrMalformed    = "probe.malformed"
	ErrTimeout      = "probe.timeout"
	ErrUnreachable  = "probe.unreachable"
	ErrNameUnknown  = "probe.name_unknown"
	ErrRefused      = "probe.address_refused"
	ErrTooLarge     = "probe.too_large"
	ErrParam        = "probe.param_invalid"
	ErrUnclear      = "probe.unclear"
)

// Error makes a CouldNot usable as an error inside probes.
func (c *CouldNot) Error() string {
	return strings.TrimSpace(c.Code + " " + c.What + ": " + c.Detail)
}

// Reason is c for a person.
func (c *CouldNot) Reason() isms.Reason {
	return isms.Because(c.Code, "what", c.What, "right", c.Right, "grant", c.Grant)
}

func couldNot(code, what string, err error) *CouldNot {
	c := &CouldNot{Code: code, What: clip(what, 300)}
	if err != nil {
		c.Detail = clip(err.Error(), 500)
	}
	return c
}

// look is an observation in the making.
type look struct {
	Observation
	began time.Time
	hash  []byte // raw output seen so far, digested at the end
}

// start begins a look.
func start(clock isms.Clock, key string, s Subject) *look {
	return &look{began: time.Now(), Observation: Observation{
		Check: key, Subject: s, Source: s.Address, Exit: -1, Facts: Facts{}, Occurred: clock.Now(),
	}}
}

// raw adds raw output to the digest.
func (l *look) raw(b []byte) {
	if l.hash == nil {
		l.hash = []byte{}
	}
	l.hash = append(l.hash, b...)
}

// fail says that it could not look.
func (l *look) fail(err error) Observation {
	var c *CouldNot
	if !errors.As(err, &c) {
		c = couldNot(ErrUnclear, l.Source, err)
	}
	l.Error = c
	return l.done()
}

// done ends the look.
func (l *look) done() Observation {
	l.Took = max(time.Since(l.began).Microseconds(), 1)
	if l.hash != nil {
		sum := sha256.Sum256(l.hash)
		l.Digest = "sha256:" + hex.EncodeToString(sum[:])
	}
	l.Source = clip(l.Source, 500)
	l.Facts.sort()
	return l.Observation
}

// clip shortens s to at most n bytes without cutting a character, and makes it valid UTF-8.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= n {
		return s
	}
	cut := n - len("…")
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}

// withPort adds a port to an address that has none.
func withPort(address, port string) string {
	host := address
	if i := strings.LastIndexByte(address, ':'); i >= 0 && !strings.HasSuffix(address, "]") {
		if strings.Count(address, ":") == 1 || strings.HasPrefix(address, "[") {
			if _, err := strconv.Atoi(address[i+1:]); err == nil {
				return address
			}
		} else {
			host = "[" + address + "]" // an IPv6 address without brackets
		}
	}
	return host + ":" + port
}
