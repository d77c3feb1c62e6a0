package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// site is a real HTTPS server with a certificate that the returned pool trusts.
func site(t *testing.T, h http.Handler) (s *httptest.Server, roots *x509.CertPool) {
	t.Helper()
	s = httptest.NewUnstartedServer(h)
	cert := certificate(t, time.Now().Add(60*24*time.Hour), "localhost")
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	return s, roots
}

func hostPort(s *httptest.Server) string { return s.Listener.Addr().String() }

// probes is the list of endpoint probes by key.
func probes(c Config) map[string]Probe {
	out := map[string]Probe{}
	for _, p := range EndpointProbes(c) {
		out[p.Key()] = p
	}
	return out
}

func trusting(roots *x509.CertPool) Config {
	c := config()
	c.Roots = roots
	return c
}

func TestCertificates(t *testing.T) {
	look := func(cert tls.Certificate, trust bool) Observation {
		t.Helper()
		c := config()
		c.Roots = x509.NewCertPool()
		if trust {
			c.Roots.AddCert(cert.Leaf)
		}
		address := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{cert}})
		return lookAt(t, probes(c)["endpoint.certificate"], EndpointSubject("", address), nil)
	}
	fine := certificate(t, time.Now().Add(60*24*time.Hour), "portal.example")
	good(t, look(fine, true), nil)
	bad(t, look(fine, true), Params{"min_days": "61"}, "probe.cert_ends_soon")
	bad(t, look(fine, false), nil, "probe.cert_untrusted")
	good(t, look(fine, false), Params{"trust": "any"})
	bad(t, look(certificate(t, time.Now().Add(-time.Hour), "portal.example"), true), Params{"trust": "any"}, "probe.cert_expired")
	other := certificate(t, time.Now().Add(60*24*time.Hour), "portal.example")
	address := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{other}})
	_, port, _ := net.SplitHostPort(address)
	o := lookAt(t, probes(config())["endpoint.certificate"], EndpointSubject("", "localhost:"+port), nil)
	bad(t, o, Params{"trust": "any"}, "probe.cert_name")
	o = lookAt(t, probes(config())["endpoint.certificate"], EndpointSubject("", tlsServer(t, &tls.Config{Certificates: []tls.Certificate{fine}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12})), nil)
	good(t, o, Params{"trust": "any"}) // one that asks for ours has shown its own

	blind(t, lookAt(t, probes(config())["endpoint.certificate"], EndpointSubject("", serve(t, func(c net.Conn) { fmt.Fprint(c, "hello, no TLS here\r\n") })), nil), ErrMalformed)
	blind(t, lookAt(t, probes(config())["endpoint.certificate"], EndpointSubject("", "127.0.0.1:"+portOf(t)), nil), ErrUnreachable)
}

func portOf(t *testing.T) string { return port(t, "tcp") }

func TestHTTPSRedirect(t *testing.T) {
	look := func(h http.HandlerFunc) Observation {
		t.Helper()
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		host, port, _ := net.SplitHostPort(hostPort(s))
		return lookAt(t, probes(config())["endpoint.https_redirect"], EndpointSubject("", host), Params{"http_port": port})
	}
	to := func(place string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, place, http.StatusMovedPermanently) }
	}
	good(t, look(to("https://portal.example/")), nil)
	bad(t, look(to("http://portal.example/")), nil, "probe.no_https_redirect")
	bad(t, look(to("/welcome")), nil, "probe.no_https_redirect")
	bad(t, look(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "welcome") }), nil, "probe.no_https_redirect")
	blind(t, look(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusFound) }), ErrMalformed)
	closed := lookAt(t, probes(config())["endpoint.https_redirect"], EndpointSubject("", "127.0.0.1"), Params{"http_port": portOf(t)})
	good(t, closed, nil) // nothing speaks in plain text
	blind(t, lookAt(t, probes(Config{Clock: config().Clock})["endpoint.https_redirect"], EndpointSubject("", "127.0.0.1"), nil), ErrRefused)
}

func TestHSTS(t *testing.T) {
	look := func(header string) Observation {
		t.Helper()
		s, roots := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if header != "" {
				w.Header().Set("Strict-Transport-Security", header)
			}
		}))
		return lookAt(t, probes(trusting(roots))["endpoint.hsts"], EndpointSubject("", hostPort(s)), nil)
	}
	good(t, look("max-age=31536000; includeSubDomains"), Params{"subdomains": "required"})
	good(t, look(`MAX-AGE="31536000"`), nil)
	bad(t, look("max-age=31536000"), Params{"subdomains": "required"}, "probe.hsts_subdomains")
	bad(t, look("max-age=3600"), nil, "probe.hsts_short")
	bad(t, look("max-age=0"), nil, "probe.hsts_absent")
	bad(t, look(""), nil, "probe.hsts_absent")
	bad(t, look("max-age=31536000; max-age=1"), nil, "probe.hsts_absent") // twice: to be ignored
	blind(t, lookAt(t, probes(config())["endpoint.hsts"], EndpointSubject("", "127.0.0.1:"+portOf(t)), nil), ErrUnreachable)
}

func TestSecurityTxt(t *testing.T) {
	look := func(status int, kind, text string) Observation {
		t.Helper()
		s, roots := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/.well-known/security.txt" {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}))
		return lookAt(t, probes(trusting(roots))["web.security_txt"], EndpointSubject("", hostPort(s)), nil)
	}
	const plain = "text/plain; charset=utf-8"
	later := "Expires: " + time.Now().Add(40*24*time.Hour).UTC().Format(time.RFC3339) + "\r\n"
	fine := look(200, plain, "# SAMPLE\r\nContact: mailto:security@example.org\r\n"+later)
	good(t, fine, nil)
	good(t, fine, Params{"contact": "mailto:security@example.org", "min_days": "30"})
	bad(t, fine, Params{"contact": "mailto:other@example.org"}, "probe.securitytxt_contact")
	bad(t, fine, Params{"min_days": "50"}, "probe.securitytxt_expires")
	bad(t, look(200, plain, later), nil, "probe.securitytxt_contact")
	bad(t, look(200, plain, "Contact: mailto:a@example.org\n"), nil, "probe.securitytxt_expires")
	bad(t, look(200, plain, "Contact: mailto:a@example.org\nExpires: 2020-01-01T00:00:00Z\n"), nil, "probe.securitytxt_expires")
	bad(t, look(200, plain, "Contact: mailto:a@example.org\n"+later+later), nil, "probe.securitytxt_expires")
	bad(t, look(200, "text/html", "Contact: mailto:a@example.org\n"+later), nil, "probe.securitytxt_type")
	bad(t, look(404, plain, "no"), nil, "probe.securitytxt_absent")
	s, _ := site(t, http.NotFoundHandler())
	untrusted := lookAt(t, probes(trusting(x509.NewCertPool()))["web.security_txt"], EndpointSubject("", hostPort(s)), nil)
	blind(t, untrusted, ErrUnclear)
}

func TestPublishedText(t *testing.T) {
	const approved = "Information Security at SAMPLE Ltd\n\nWe encrypt all data – at rest and in transit.\n\nWe test our backups every month."
	page := "<html><head><title>no</title><style>p{}</style></head><body><nav>Home</nav><h1>Information Security at\n SAMPLE Ltd</h1>" +
		"<p>We encrypt <b>all</b> data &ndash; at rest and in tran&shy;sit.</p><script>var x='We test'</script><p>We test our backups every month.</p><footer>x</footer></body></html>"
	look := func(kind, text string, params Params) Observation {
		t.Helper()
		s, roots := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, text)
		}))
		return lookAt(t, probes(trusting(roots))["web.published_text"], PageSubject("", s.URL+"/security"), params)
	}
	p := Params{"text": approved}
	good(t, look("text/html; charset=utf-8", page, p), p)
	changed := look("text/html", strings.Replace(page, "every month", "every year", 1), p)
	bad(t, changed, p, "probe.page_paragraph")
	bad(t, look("text/html", strings.ReplaceAll(page, "<p>We test our backups every month.</p>", ""), p), p, "probe.page_paragraph")
	good(t, look("text/plain", approved+"\n", nil), Params{"text_digest": TextDigest(approved)})
	bad(t, look("text/plain", approved+"!", nil), Params{"text_digest": TextDigest(approved)}, "probe.page_changed")
	bad(t, look("text/plain", approved, nil), nil, "probe.param_invalid")
	bad(t, look("text/plain", approved, nil), p, "probe.fact_missing") // looked at without the text
	gone, roots := site(t, http.NotFoundHandler())
	bad(t, lookAt(t, probes(trusting(roots))["web.published_text"], PageSubject("", gone.URL), p), p, "probe.page_absent")
	large, roots := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, maxPage+1)) }))
	blind(t, lookAt(t, probes(trusting(roots))["web.published_text"], PageSubject("", large.URL), p), ErrTooLarge)
}

// A redirect is a new address, judged anew: a public page must not lead a probe inside.
func TestRedirectsAreJudgedAnew(t *testing.T) {
	inside, _ := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Error("the probe came inside") }))
	_, insidePort, _ := net.SplitHostPort(hostPort(inside))
	for name, place := range map[string]string{
		"another address": "https://127.0.0.2:" + insidePort + "/", "a link-local address": "https://169.254.169.254/latest/meta-data",
		"an IPv6 form": "https://[::ffff:127.0.0.2]:" + insidePort + "/", "plain http": "http://127.0.0.1/", "a file": "file:///etc/passwd", "credentials": "https://a:b@127.0.0.1/",
	} {
		t.Run(name, func(t *testing.T) {
			s, roots := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", place)
				w.WriteHeader(http.StatusFound)
			}))
			c := trusting(roots)
			c.Guard.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			o := lookAt(t, probes(c)["web.published_text"], PageSubject("", s.URL), Params{"text": "x"})
			if o.Error == nil || o.Error.Code != ErrRefused && o.Error.Code != ErrUnclear {
				t.Errorf("%+v %+v", o.Error, o.Facts)
			}
		})
	}
	s, roots := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }))
	blind(t, lookAt(t, probes(trusting(roots))["web.published_text"], PageSubject("", s.URL), nil), ErrUnclear)
}

// The name is resolved by the one who dials, so a name that points inside is refused
// whatever it pointed at before.
func TestNamesThatPointInsideAreRefused(t *testing.T) {
	inside, _ := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Error("the probe came inside") }))
	_, port, _ := net.SplitHostPort(hostPort(inside))
	c := Config{Clock: config().Clock, Guard: Guard{Resolver: zone(t, "portal.example. 1 IN A 127.0.0.1"), Timeout: 2 * time.Second}}
	for _, key := range []string{"endpoint.tls", "endpoint.certificate", "endpoint.hsts", "web.security_txt"} {
		blind(t, lookAt(t, probes(c)[key], EndpointSubject("", "portal.example:"+port), nil), ErrRefused)
	}
}

func TestLooksEndWithTheirContext(t *testing.T) {
	s, roots := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	o := probes(trusting(roots))["endpoint.hsts"].Look(ctx, EndpointSubject("", hostPort(s)), nil)
	blind(t, o, ErrTimeout)
}

func FuzzReadHSTS(f *testing.F) {
	f.Add("max-age=31536000; includeSubDomains; preload")
	f.Fuzz(func(t *testing.T, s string) {
		if age, sub, preload, ok := readHSTS(s); !ok && (age != 0 || sub || preload) {
			t.Fatal("an invalid header says something")
		}
	})
}

func FuzzVisible(f *testing.F) {
	f.Add([]byte("<p>a<script>b</script>c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := visible(b); err == nil {
			plainWords(s)
		}
	})
}
