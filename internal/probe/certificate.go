package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"holdfast/internal/isms"
)

// endpointCertificate is the check "endpoint.certificate": whom does the endpoint say it
// is, who vouches for it, and until when?
type endpointCertificate struct {
	clock isms.Clock
	guard Guard
	roots *x509.CertPool // nil: the system's
}

func (endpointCertificate) Key() string { return "endpoint.certificate" }

// Look yields: cert.names, cert.subject, cert.issuer, cert.not_before, cert.not_after,
// cert.seconds_left, cert.name_matches, cert.trusted, cert.distrust (why not), cert.key
// ("rsa 2048"), cert.key_bits, cert.signature, cert.fingerprint (SHA-256), cert.chain.
func (p endpointCertificate) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	conn, err := p.guard.Dial(ctx, "tcp", s.Address)
	if err != nil {
		return l.fail(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(p.guard.timeout())); err != nil {
		return l.fail(err)
	}
	host := hostOf(s.Address)
	var chain []*x509.Certificate
	// Trust is a fact here, not a condition: the chain is verified below.
	c := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10,
		VerifyConnection: func(state tls.ConnectionState) error { chain = state.PeerCertificates; return nil }})
	err = c.HandshakeContext(ctx)
	if len(chain) == 0 { // a server that wants a certificate of ours has shown its own before it hangs up
		var timeout net.Error
		var notTLS tls.RecordHeaderError
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			return l.fail(couldNot(ErrTimeout, s.Address, err))
		case errors.As(err, &notTLS), errors.Is(err, io.EOF):
			return l.fail(couldNot(ErrMalformed, s.Address, err))
		default:
			return l.fail(couldNot(ErrUnclear, s.Address, err))
		}
	}
	p.describe(l, chain, host)
	return l.done()
}

// describe turns a chain into facts.
func (p endpointCertificate) describe(l *look, chain []*x509.Certificate, host string) {
	leaf := chain[0]
	for _, c := range chain {
		l.raw(c.Raw)
	}
	now := l.Occurred.Time()
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	l.Facts.list("cert.names", sorted(names))
	l.Facts.text("cert.subject", leaf.Subject.String())
	l.Facts.text("cert.issuer", leaf.Issuer.String())
	l.Facts.time("cert.not_before", isms.InstantOf(leaf.NotBefore))
	l.Facts.time("cert.not_after", isms.InstantOf(leaf.NotAfter))
	l.Facts.int("cert.seconds_left", int64(leaf.NotAfter.Sub(now)/time.Second), "s")
	l.Facts.bool("cert.begun", !now.Before(leaf.NotBefore))
	l.Facts.bool("cert.name_matches", leaf.VerifyHostname(host) == nil)
	l.Facts.text("cert.signature", leaf.SignatureAlgorithm.String())
	sum := sha256.Sum256(leaf.Raw)
	l.Facts.text("cert.fingerprint", hex.EncodeToString(sum[:]))
	l.Facts.int("cert.chain", int64(len(chain)), "")
	kind, bits := publicKey(leaf)
	l.Facts.text("cert.key", kind)
	l.Facts.int("cert.key_bits", int64(bits), "")
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: p.roots, Intermediates: between, CurrentTime: now})
	l.Facts.bool("cert.trusted", err == nil)
	if err != nil {
		l.Facts.text("cert.distrust", err.Error())
	}
}

func publicKey(c *x509.Certificate) (kind string, bits int) {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return "rsa", k.N.BitLen()
	case *ecdsa.PublicKey:
		return "ecdsa", k.Curve.Params().BitSize
	case ed25519.PublicKey:
		return "ed25519", 256
	default:
		return strings.ToLower(c.PublicKeyAlgorithm.String()), 0
	}
}

// judgeCertificate: min_days is how long it must still be valid, default 14; trust is
// "public" (default) or "any" for one that only the organisation trusts.
func judgeCertificate(f Facts, p Params, no *refusals) {
	no.mustBe(f, "cert.name_matches", true, "probe.cert_name")
	no.mustBe(f, "cert.begun", true, "probe.cert_not_begun")
	if p["trust"] != "any" {
		why, _ := f.Text("cert.distrust")
		no.mustBe(f, "cert.trusted", true, "probe.cert_untrusted", "why", why)
	}
	days, ok := no.whole(p, "min_days", 14)
	if left, known := f.Int("cert.seconds_left"); !known {
		no.add("probe.fact_missing", "fact", "cert.seconds_left")
	} else if left <= 0 {
		no.add("probe.cert_expired")
	} else if ok && left < days*86400 {
		no.add("probe.cert_ends_soon", "days", decimalOf(left/86400), "least", decimalOf(days))
	}
	kind, _ := f.Text("cert.key")
	least := map[string]int64{"rsa": 2048, "ecdsa": 256, "ed25519": 256}[kind]
	if bits, known := f.Int("cert.key_bits"); !known || least == 0 || bits < least {
		no.add("probe.cert_key", "key", kind, "bits", decimalOf(bits))
	}
	sig, known := f.Text("cert.signature")
	if upper := strings.ToUpper(sig); !known || strings.Contains(upper, "SHA1") || strings.Contains(upper, "MD5") || strings.Contains(upper, "MD2") {
		no.add("probe.cert_signature", "algorithm", sig)
	}
}
