package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"holdfast/internal/isms"
)

// endpointTLS is the check "endpoint.tls": which versions of SSL and TLS does the
// endpoint speak? One handshake for each version that Go knows, and a ClientHello of
// our own for each version up to TLS 1.2, because old servers with old cipher suites
// would refuse Go's.
type endpointTLS struct {
	clock isms.Clock
	guard Guard
}

func (endpointTLS) Key() string { return "endpoint.tls" }

// version is one version with the name that facts and parameters use.
type version struct {
	number uint16
	name   string
}

// versions, oldest first.
var versions = []version{{ssl30, "ssl3"}, {tls10, "1.0"}, {tls11, "1.1"}, {tls12, "1.2"}, {tls13, "1.3"}}

// Look yields: tls.accepted and tls.refused (versions, oldest first), tls.unclear,
// tls.suites ("1.2 TLS_…"), tls.spoken.
func (p endpointTLS) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	var yes, no, open, suites []string
	notTLS := 0
	for _, v := range versions {
		a, suite, err := p.try(ctx, s.Address, v)
		if err != nil && a == unclear { // once more: one lost packet must not spoil a look
			a, suite, err = p.try(ctx, s.Address, v)
		}
		var c *CouldNot
		if errors.As(err, &c) && a == unclear && c.Code != ErrTimeout {
			return l.fail(c)
		}
		l.raw(fmt.Appendf(nil, "%s %d %s %v\n", v.name, a, suite, err))
		switch a {
		case accepted:
			yes, suites = append(yes, v.name), append(suites, v.name+" "+suite)
		case refused:
			no = append(no, v.name)
		case noTLS:
			notTLS++
			no = append(no, v.name)
		default:
			open = append(open, v.name)
		}
	}
	l.Facts.list("tls.accepted", yes)
	l.Facts.list("tls.refused", no)
	l.Facts.list("tls.suites", suites)
	l.Facts.bool("tls.spoken", len(yes) > 0 || notTLS == 0)
	if len(open) > 0 {
		l.Facts.list("tls.unclear", open)
		return l.fail(couldNot(ErrTimeout, s.Address, fmt.Errorf("no answer to %s", strings.Join(open, ", "))))
	}
	return l.done()
}

// try offers one version, first by our own hello, then by a real handshake.
func (p endpointTLS) try(ctx context.Context, address string, v version) (answer, string, error) {
	best, suite := unclear, ""
	if v.number <= tls12 {
		conn, err := p.guard.Dial(ctx, "tcp", address)
		if err != nil {
			return unclear, "", err
		}
		deadline := time.Now().Add(p.guard.timeout())
		a, chosen, err := hello(conn, v.number, hostOf(address), deadline)
		conn.Close()
		if err != nil {
			return unclear, "", couldNot(ErrTimeout, address, err)
		}
		best, suite = a, tls.CipherSuiteName(chosen)
		if a == noTLS || v.number == ssl30 {
			return a, suite, nil
		}
	}
	a, chosen, err := p.handshake(ctx, address, v.number)
	switch {
	case a == accepted:
		return accepted, chosen, nil
	case best == accepted: // real, only not for Go
		return accepted, suite, nil
	case a == unclear:
		return unclear, "", err
	case best == unclear:
		best = a
	}
	return best, "", nil
}

// handshake completes a handshake of exactly one version. Who the server is, is for
// endpoint.certificate to see.
func (p endpointTLS) handshake(ctx context.Context, address string, v uint16) (answer, string, error) {
	conn, err := p.guard.Dial(ctx, "tcp", address)
	if err != nil {
		return unclear, "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(p.guard.timeout())); err != nil {
		return unclear, "", err
	}
	var all []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		all = append(all, s.ID)
	}
	c := tls.Client(conn, &tls.Config{
		ServerName: hostOf(address), InsecureSkipVerify: true, MinVersion: v, MaxVersion: v, CipherSuites: all,
	})
	err = c.HandshakeContext(ctx)
	var notTLS tls.RecordHeaderError
	var timeout net.Error
	switch {
	case err == nil:
		return accepted, tls.CipherSuiteName(c.ConnectionState().CipherSuite), nil
	case errors.As(err, &notTLS):
		return noTLS, "", nil
	case errors.As(err, &timeout) && timeout.Timeout(), ctx.Err() != nil:
		return unclear, "", couldNot(ErrTimeout, address, err)
	case declined(err):
		return refused, "", nil
	default: // the server took the version; it is Go that did not like what came then
		return accepted, "", nil
	}
}

// declined tells whether it was the server that ended the handshake: by an alert, by
// hanging up, or by choosing a version that was not offered.
func declined(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "protocol version")
}

// versionWords is a version as people write it.
func versionWords(name string) string {
	if name == "ssl3" {
		return "SSL 3.0"
	}
	return "TLS " + name
}

// judgeTLS: min is the lowest version allowed, default 1.2; forbid lists versions that
// must not be spoken besides.
func judgeTLS(f Facts, p Params, no *refusals) {
	if !no.need(f, ListFact, "tls.accepted") {
		return
	}
	if _, open := f.List("tls.unclear"); open {
		no.add("probe.fact_missing", "fact", "tls.unclear")
	}
	yes, _ := f.List("tls.accepted")
	if len(yes) == 0 {
		no.add("probe.tls_none")
		return
	}
	least := p["min"]
	if least == "" {
		least = "1.2"
	}
	allowed := []string{}
	for i, v := range versions {
		if v.name == least {
			for _, w := range versions[i:] {
				allowed = append(allowed, w.name)
			}
		}
	}
	if len(allowed) == 0 {
		no.add("probe.param_invalid", "what", "min", "right", "", "grant", "")
		return
	}
	allowed = without(allowed, words(p, "forbid"))
	for _, v := range without(yes, allowed) {
		no.add("probe.tls_version", "version", versionWords(v), "least", versionWords(least))
	}
}
