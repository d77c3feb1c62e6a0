package probe

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"holdfast/internal/isms"
)

// zone starts a real name server with these records and returns a resolver that asks it.
// A name under broken.example gets SERVFAIL, under silent.example no answer at all.
func zone(t *testing.T, records ...string) *net.Resolver {
	t.Helper()
	var all []dns.RR
	for _, r := range records {
		rr, err := dns.NewRR(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rr)
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		m.Compress, m.RecursionAvailable = true, true
		name := strings.ToLower(q.Question[0].Name)
		exists := false
		for _, rr := range all {
			if rr.Header().Name == name {
				exists = true
				if rr.Header().Rrtype == q.Question[0].Qtype {
					m.Answer = append(m.Answer, rr)
				}
			}
		}
		switch {
		case strings.HasSuffix(name, "silent.example."):
			return
		case strings.HasSuffix(name, "broken.example."):
			m.Rcode = dns.RcodeServerFailure
		case !exists:
			m.Rcode = dns.RcodeNameError
		}
		if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
			m.Truncate(512)
		}
		w.WriteMsg(m)
	})
	pc, l := bothPorts(t)
	started := make(chan struct{}, 2)
	for _, s := range []*dns.Server{{PacketConn: pc, Handler: handler}, {Listener: l, Handler: handler}} {
		s.NotifyStartedFunc = func() { started <- struct{}{} }
		go s.ActivateAndServe()
		<-started
		t.Cleanup(func() { s.Shutdown() })
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, pc.LocalAddr().String())
	}}
}

// bothPorts finds a port that is free for UDP and TCP.
func bothPorts(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		pc, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return pc, l
		}
		l.Close()
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

func lookMail(t *testing.T, key, domain string, params Params, records ...string) Observation {
	t.Helper()
	c := config()
	c.Guard.Resolver, c.Guard.Timeout = zone(t, records...), 500*time.Millisecond
	return lookAt(t, probes(c)[key], MailSubject("", domain), params)
}

func TestSPF(t *testing.T) {
	look := func(records ...string) Observation {
		t.Helper()
		return lookMail(t, "mail.spf", "sample.example", nil, records...)
	}
	good(t, look(`sample.example. IN TXT "v=spf1 mx ip4:192.0.2.0/24 include:_spf.mail.example -all"`, `sample.example. IN TXT "other"`, `_spf.mail.example. IN TXT "v=spf1 a:out.mail.example ?all"`), nil)
	o := look(`sample.example. IN TXT "v=spf1 redirect=_spf.mail.example"`, `_spf.mail.example. IN TXT "v=spf1 a ~all"`)
	good(t, o, nil)
	if n, _ := o.Facts.Int("spf.lookups"); n != 2 {
		t.Errorf("%d lookups", n)
	}
	bad(t, o, Params{"all": "-"}, "probe.spf_all")
	bad(t, look(`sample.example. IN TXT "v=spf1 mx"`), nil, "probe.spf_all")
	bad(t, look(`sample.example. IN TXT "v=spf1 +all"`), nil, "probe.spf_all")
	bad(t, look(`sample.example. IN TXT "v=spf1 all"`), nil, "probe.spf_all")
	bad(t, look(`sample.example. IN TXT "v=spf1 -all"`, `sample.example. IN TXT "v=spf1 mx -all"`), nil, "probe.spf_records")
	bad(t, look(`sample.example. IN TXT "nothing"`), nil, "probe.spf_records")
	bad(t, look(`other.example. IN A 192.0.2.1`), nil, "probe.spf_records")
	bad(t, look(`sample.example. IN TXT "v=spf1 ipv4:192.0.2.1 -all"`), nil, "probe.spf_invalid")
	bad(t, look(`sample.example. IN TXT "v=spf1 include:gone.example -all"`), nil, "probe.spf_invalid")
	bad(t, look(`sample.example. IN TXT "v=spf1 include:sample.example -all"`), nil, "probe.spf_lookups")
	blind(t, look(`sample.example. IN TXT "v=spf1 include:spf.broken.example -all"`), ErrUnreachable)
	blind(t, lookMail(t, "mail.spf", "broken.example", nil), ErrUnreachable)
	blind(t, lookMail(t, "mail.spf", "silent.example", nil), ErrTimeout)
}

func TestDKIM(t *testing.T) {
	key := func(bits int) string {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		text := base64.StdEncoding.EncodeToString(isms.Must(x509.MarshalPKIXPublicKey(&k.PublicKey)))
		return text[:200] + `" "` + text[200:] // long records come in pieces
	}
	strong, weak := key(2048), key(1024)
	p := Params{"selectors": "s1"}
	look := func(records ...string) Observation {
		t.Helper()
		return lookMail(t, "mail.dkim", "sample.example", p, records...)
	}
	fine := look(`s1._domainkey.sample.example. IN TXT "v=DKIM1; k=rsa; p=` + strong + `"`)
	good(t, fine, p)
	bad(t, fine, Params{"selectors": "s1 s2"}, "probe.dkim_missing") // asked for more than was looked at
	bad(t, look(`s1._domainkey.sample.example. IN TXT "p=`+weak+`"`), p, "probe.dkim_key")
	good(t, look(`s1._domainkey.sample.example. IN TXT "p=`+weak+`"`), Params{"selectors": "s1", "min_bits": "1024"})
	good(t, look(`s1._domainkey.sample.example. IN TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="`), p)
	bad(t, look(`s1._domainkey.sample.example. IN TXT "v=DKIM1; p="`), p, "probe.dkim_missing")
	bad(t, look(`s1._domainkey.sample.example. IN TXT "v=DKIM1; p=AAAA"`), p, "probe.dkim_key")
	bad(t, look(`s1._domainkey.sample.example. IN TXT "v=DKIM1; t=y:s; p=`+strong+`"`), p, "probe.dkim_testing")
	bad(t, look(), p, "probe.dkim_missing")
	blind(t, lookMail(t, "mail.dkim", "sample.example", nil), ErrParam)
	blind(t, lookMail(t, "mail.dkim", "broken.example", p), ErrUnreachable)
}

func TestDMARC(t *testing.T) {
	look := func(domain string, records ...string) Observation {
		t.Helper()
		return lookMail(t, "mail.dmarc", domain, nil, records...)
	}
	fine := look("sample.example", `_dmarc.sample.example. IN TXT "v=DMARC1; p=quarantine; rua=mailto:a@sample.example,mailto:b@sample.example"`)
	good(t, fine, nil)
	bad(t, fine, Params{"policy": "reject"}, "probe.dmarc_policy")
	if r, _ := fine.Facts.List("dmarc.reports"); len(r) != 2 {
		t.Errorf("reports %v", r)
	}
	const parent = `_dmarc.sample.example. IN TXT "v=DMARC1; p=reject; sp=none"`
	bad(t, look("news.sample.example", parent), nil, "probe.dmarc_policy") // the parent says less about its subdomains
	good(t, look("news.sample.example", parent, `_dmarc.news.sample.example. IN TXT "v=DMARC1; p=reject"`), nil)
	bad(t, look("sample.example", `_dmarc.sample.example. IN TXT "v=DMARC1; p=none"`), nil, "probe.dmarc_policy")
	bad(t, look("sample.example", `_dmarc.sample.example. IN TXT "v=DMARC1; p=reject; pct=10"`), nil, "probe.dmarc_percent")
	bad(t, look("sample.example", `_dmarc.sample.example. IN TXT "v=DMARC1; p=reject"`, `_dmarc.sample.example. IN TXT "v=DMARC1; p=none"`), nil, "probe.dmarc_records")
	bad(t, look("sample.example"), nil, "probe.dmarc_records")
	blind(t, look("broken.example"), ErrUnreachable)
}

func TestMX(t *testing.T) {
	look := func(records ...string) Observation {
		t.Helper()
		return lookMail(t, "mail.mx", "sample.example", nil, records...)
	}
	fine := look("sample.example. IN MX 10 mx1.mail.example.", "mx1.mail.example. IN A 192.0.2.1")
	good(t, fine, nil)
	good(t, fine, Params{"hosts": "mail.example"})
	bad(t, fine, Params{"hosts": "il.example"}, "probe.mx_host")
	bad(t, fine, Params{"hosts": "none"}, "probe.mx_not_null")
	bad(t, look("sample.example. IN MX 10 gone.example."), nil, "probe.mx_unresolved")
	bad(t, look("sample.example. IN A 192.0.2.1"), nil, "probe.mx_absent")
	good(t, look("sample.example. IN MX 0 ."), Params{"hosts": "none"})
	blind(t, lookMail(t, "mail.mx", "broken.example", nil), ErrUnreachable)
}

func TestTimeServers(t *testing.T) {
	look := func(address string) Observation {
		t.Helper()
		return lookAt(t, probes(config())["ntp.offset"], TimeServerSubject("", address), nil)
	}
	_, serves := chrony(t, "local stratum 5")
	fine := look("127.0.0.1:" + serves)
	good(t, fine, nil)
	bad(t, fine, Params{"max_stratum": "4"}, "probe.ntp_stratum")
	bad(t, fine, Params{"max_offset": "-1"}, "probe.clock_offset")
	_, serves = chrony(t, "") // it knows no time itself and says so
	unsure := look("127.0.0.1:" + serves)
	bad(t, unsure, nil, "probe.ntp_unusable")
	blind(t, look("127.0.0.1:"+port(t, "udp")), ErrUnreachable)
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	blind(t, look(silent.LocalAddr().String()), ErrTimeout)
	blind(t, lookAt(t, probes(Config{Clock: config().Clock})["ntp.offset"], TimeServerSubject("", "127.0.0.1:"+serves), nil), ErrRefused)
	if got := []string{seconds(-1500 * time.Millisecond), seconds(1)}; !slices.Equal(got, []string{"-1.500000000", "0.000000001"}) {
		t.Errorf("%v", got)
	}
}
