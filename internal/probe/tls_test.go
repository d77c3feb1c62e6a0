package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// certificate makes one for the names, signed by itself.
func certificate(t testing.TB, until time.Time, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: until.Add(-90 * 24 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// serve answers each connection until the test ends.
func serve(t testing.TB, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); answer(c) }()
		}
	}()
	return l.Addr().String()
}

func tlsServer(t testing.TB, c *tls.Config) string {
	if len(c.Certificates) == 0 {
		c.Certificates = []tls.Certificate{certificate(t, time.Now().Add(time.Hour), "localhost")}
	}
	return serve(t, func(conn net.Conn) {
		s := tls.Server(conn, c)
		if s.HandshakeContext(context.Background()) == nil {
			io.Copy(io.Discard, s)
		}
	})
}

func lookTLS(t *testing.T, address string) Observation {
	t.Helper()
	return lookAt(t, endpointTLS{config().Clock, loopback()}, EndpointSubject("sub_1", address), nil)
}

func TestTLSVersionsByRealHandshakes(t *testing.T) {
	for _, c := range []struct {
		min, max uint16
		accepted []string
	}{
		{tls.VersionTLS12, tls.VersionTLS13, []string{"1.2", "1.3"}},
		{tls.VersionTLS13, tls.VersionTLS13, []string{"1.3"}},
		{tls.VersionTLS10, tls.VersionTLS13, []string{"1.0", "1.1", "1.2", "1.3"}},
		{tls.VersionTLS11, tls.VersionTLS12, []string{"1.1", "1.2"}},
	} {
		o := lookTLS(t, tlsServer(t, &tls.Config{MinVersion: c.min, MaxVersion: c.max}))
		if got, _ := o.Facts.List("tls.accepted"); !slices.Equal(got, c.accepted) {
			t.Errorf("accepted %v, want %v", got, c.accepted)
		}
		if c.min >= tls.VersionTLS12 {
			good(t, o, nil)
		} else {
			bad(t, o, nil, "probe.tls_version")
		}
	}
	o := lookTLS(t, tlsServer(t, &tls.Config{MinVersion: tls.VersionTLS12}))
	bad(t, o, Params{"min": "1.3"}, "probe.tls_version")
	bad(t, o, Params{"min": "9"}, "probe.param_invalid")
	bad(t, o, Params{"forbid": "1.3"}, "probe.tls_version")
}

// A real server that takes TLS 1.0 only with suites that Go no longer has. A prober that
// trusts Go's handshake alone would find it refused.
func TestOldTLSWithOldSuitesIsFound(t *testing.T) {
	openssl := program(t, "openssl", "openssl")
	cert := certificate(t, time.Now().Add(time.Hour), "localhost")
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "server.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + port(t, "tcp")
	daemon(t, openssl, "s_server", "-accept", address, "-cert", file, "-tls1", "-cipher", "ADH-AES128-SHA@SECLEVEL=0", "-quiet")
	await(t, "openssl listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	o := lookTLS(t, address)
	if got, _ := o.Facts.List("tls.accepted"); !slices.Equal(got, []string{"1.0"}) {
		t.Fatalf("accepted %v", got)
	}
	bad(t, o, nil, "probe.tls_version")
}

func TestSSL3IsFound(t *testing.T) {
	o := lookTLS(t, serve(t, func(c net.Conn) {
		var head [5]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		body := make([]byte, int(head[3])<<8|int(head[4]))
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		if body[4] != 3 || body[5] != 0 { // not SSL 3.0: handshake_failure
			c.Write([]byte{21, 3, 0, 0, 2, 2, 40})
			return
		}
		hello := append([]byte{2, 0, 0, 38, 3, 0}, make([]byte, 32)...)
		hello = append(hello, 0, 0, 10, 0)
		c.Write(append([]byte{22, 3, 0, 0, byte(len(hello))}, hello...))
	}))
	if got, _ := o.Facts.List("tls.accepted"); !slices.Equal(got, []string{"ssl3"}) {
		t.Fatalf("accepted %v", got)
	}
	bad(t, o, nil, "probe.tls_version")
}

func TestAPlainServerSpeaksNoTLS(t *testing.T) {
	o := lookTLS(t, serve(t, func(c net.Conn) {
		io.WriteString(c, "220 mail.example ready\r\n")
		io.CopyN(io.Discard, c, 1)
	}))
	bad(t, o, nil, "probe.tls_none")
}

func TestTLSThatCannotBeSeen(t *testing.T) {
	closed := "127.0.0.1:" + port(t, "tcp")
	blind(t, lookTLS(t, closed), ErrUnreachable)
	silent := endpointTLS{config().Clock, loopback()}
	silent.guard.Timeout = 100 * time.Millisecond
	address := serve(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	o := lookAt(t, silent, EndpointSubject("", address), nil)
	blind(t, o, ErrTimeout)
	if ok, _ := Judge(o.Check, o.Facts, nil); ok {
		t.Error("silence is judged good")
	}
	blind(t, lookAt(t, endpointTLS{config().Clock, Guard{}}, EndpointSubject("", address), nil), ErrRefused)
	o = lookTLS(t, "no-such-name.invalid:443")
	if o.Error == nil || o.Error.Code != ErrNameUnknown && o.Error.Code != ErrUnreachable && o.Error.Code != ErrTimeout {
		t.Errorf("a name that does not exist: %+v", o.Error)
	}
	if s := EndpointSubject("", "2001:db8::1").Address; s != "[2001:db8::1]:443" || !strings.HasSuffix(EndpointSubject("", "a.example").Address, ":443") {
		t.Error("port not added:", s)
	}
}

func FuzzServerHello(f *testing.F) {
	f.Add(append(append([]byte{2, 0, 0, 38, 3, 1}, make([]byte, 32)...), 0, 0, 10, 0), uint16(tls10))
	f.Add([]byte{2}, uint16(ssl30))
	f.Fuzz(func(t *testing.T, b []byte, v uint16) {
		if a, _, err := serverHello(b, v); a == accepted && err != nil {
			t.Fatal("accepted with an error")
		}
	})
}
