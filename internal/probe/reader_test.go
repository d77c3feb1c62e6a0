package probe

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMeasures(t *testing.T) {
	facts := func(fill func(f *Facts)) Facts {
		var f Facts
		fill(&f)
		return f
	}
	for _, c := range []struct {
		key   string
		facts Facts
		want  []Measure
	}{
		{"endpoint.tls", facts(func(f *Facts) { f.list("tls.accepted", []string{"1.0", "1.2"}) }), []Measure{{TLSVersion, "1.0"}}},
		{"endpoint.tls", facts(func(f *Facts) { f.list("tls.accepted", []string{"ssl3"}) }), []Measure{{TLSVersion, "0"}}},
		{"endpoint.tls", facts(func(f *Facts) { f.list("tls.accepted", nil) }), nil},
		{"endpoint.tls", facts(func(f *Facts) { f.list("tls.accepted", []string{"1.3"}); f.list("tls.unclear", []string{"1.0"}) }), nil},
		{"host.clock", facts(func(f *Facts) { f.decimal("clock.offset", "-0.25", "s") }), []Measure{{ClockOffset, "0.250000000"}}},
		{"endpoint.certificate", facts(func(f *Facts) { f.int("cert.seconds_left", 86400*3+5, "s") }), []Measure{{CertificateDays, "3"}}},
		{"endpoint.certificate", facts(func(f *Facts) { f.int("cert.seconds_left", -5, "s") }), []Measure{{CertificateDays, "-1"}}},
		{"host.sshd", nil, nil},
	} {
		if got := Measures(c.key, c.facts); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.key, got, c.want)
		}
	}
}

func TestClipKeepsCharactersWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.String().Draw(t, "s"), rapid.IntRange(3, 40).Draw(t, "n")
		got := clip(s, n)
		if len(got) > n || !utf8.ValidString(got) || len(s) <= n && got != strings.ToValidUTF8(s, "�") {
			t.Fatalf("%q cut to %d is %q", s, n, got)
		}
	})
}

func TestKernelVersionsAreOrdered(t *testing.T) {
	inOrder := []string{"5.10.0-9-amd64", "6.1.0-8-amd64", "6.1.0-9-amd64", "6.1.0-10-amd64", "6.1.0-10-amd64x", "6.10.0-1-amd64"}
	for i := range inOrder {
		for k := range inOrder {
			if got := versionLess(inOrder[i], inOrder[k]); got != (i < k) {
				t.Errorf("%s before %s is %v", inOrder[i], inOrder[k], got)
			}
		}
	}
}

// What other programs and servers say is read without ever failing in an unforeseen way.
func FuzzReaders(f *testing.F) {
	f.Add("Inst libc6 [2.36-9] (2.36-9+deb12u3 Debian-Security:12/stable-security [amd64])\n")
	f.Add("  sl  local_address\n   0: 0100007F:0017 00000000:0000 0A\n")
	f.Add("v=spf1 include:_spf.example -all")
	f.Add("v=DKIM1; k=rsa; p=AAAA")
	f.Add("Contact: mailto:a@example.org\nExpires: 2030-01-01T00:00:00Z\n")
	f.Add("minlen = 14 # comment\nPASS_MAX_DAYS\t90\n")
	f.Add("6.1.0-9-amd64")
	f.Fuzz(func(t *testing.T, s string) {
		if pending, security := readSimulation(s); len(security) > len(pending) {
			t.Fatal("more security updates than updates")
		}
		for _, file := range []string{"tcp", "udp6"} {
			if open, err := readSockets(s, file); err != nil && open != nil {
				t.Fatal("sockets beside an error")
			}
		}
		tags := tagList(s)
		dkimKey(tags["k"], tags["p"])
		if len(readSecurityTxt(s)) > maxList {
			t.Fatal("more fields than anybody needs")
		}
		settings(s, "=")
		if versionLess(s, s) {
			t.Fatalf("%q comes before itself", s)
		}
		if d, ok := plainDecimal(s); ok {
			if _, again := rat(d); !again {
				t.Fatalf("%q is no number", d)
			}
		}
		usesIPv6(s)
		withPort(s, "443")
	})
}
