package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"holdfast/internal/isms"
)

const (
	maxPage = 2 << 20 // bytes read of an answer
	maxHops = 5       // redirects followed
	agent   = "holdfast-probe"
)

// page is the answer to one request.
type page struct {
	url    *url.URL
	status int
	header http.Header
	body   []byte
}

// web fetches pages through the guard: every request dials anew, so that every redirect
// is judged anew, and nothing is kept between looks.
type web struct {
	guard Guard
	roots *x509.CertPool
	any   bool // also from servers whose certificate nobody trusts
}

// get fetches one page without following redirects.
func (w web) get(ctx context.Context, address string) (*page, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*w.guard.timeout())
	defer cancel()
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, couldNot(ErrRefused, address, err)
	}
	t := &http.Transport{
		DialContext: w.guard.Dial, DisableKeepAlives: true, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10,
		TLSHandshakeTimeout: w.guard.timeout(), ResponseHeaderTimeout: w.guard.timeout(),
		TLSClientConfig: &tls.Config{RootCAs: w.roots, InsecureSkipVerify: w.any, MinVersion: tls.VersionTLS10},
	}
	defer t.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, couldNot(ErrRefused, address, err)
	}
	req.Header.Set("User-Agent", agent)
	res, err := t.RoundTrip(req)
	if err != nil {
		return nil, webError(address, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err != nil {
		return nil, webError(address, err)
	}
	if len(body) > maxPage {
		return nil, couldNot(ErrTooLarge, address, nil)
	}
	return &page{u, res.StatusCode, res.Header, body}, nil
}

func webError(address string, err error) error {
	var bad *tls.CertificateVerificationError
	if errors.As(err, &bad) {
		return couldNot(ErrUnclear, address, err)
	}
	return dialError(address, err)
}

// next is where a page redirects to; nil if it does not.
func (p *page) next() (*url.URL, error) {
	switch p.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	to, err := p.url.Parse(p.header.Get("Location"))
	if err != nil || p.header.Get("Location") == "" {
		return nil, couldNot(ErrMalformed, p.url.String(), errors.New("redirect without a place"))
	}
	return to, nil
}

// follow fetches a page and goes where it redirects, and lists the ways gone. It never
// goes from https back to http.
func (w web) follow(ctx context.Context, address string) (*page, []string, error) {
	hops := []string{}
	for range maxHops + 1 {
		p, err := w.get(ctx, address)
		if err != nil {
			return nil, hops, err
		}
		to, err := p.next()
		if err != nil || to == nil {
			return p, hops, err
		}
		hops = append(hops, strconv.Itoa(p.status)+" "+to.String())
		if p.url.Scheme == "https" && to.Scheme != "https" {
			return nil, hops, couldNot(ErrUnclear, address, errors.New("redirects from https to "+to.Scheme))
		}
		address = to.String()
	}
	return nil, hops, couldNot(ErrUnclear, address, errors.New("redirects without end"))
}

// endpointRedirect is the check "endpoint.https_redirect": what does plain HTTP answer?
type endpointRedirect struct {
	clock isms.Clock
	web   web
}

func (endpointRedirect) Key() string { return "endpoint.https_redirect" }

// Look takes the parameter http_port, default 80. It yields: redirect.http_open,
// redirect.status, redirect.location, redirect.to_https, redirect.same_host.
func (p endpointRedirect) Look(ctx context.Context, s Subject, params Params) Observation {
	l := start(p.clock, p.Key(), s)
	port := params["http_port"]
	if port == "" {
		port = "80"
	}
	host := hostOf(s.Address)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	l.Source = "http://" + host + ":" + port + "/"
	got, err := p.web.get(ctx, l.Source)
	if errors.Is(err, syscall.ECONNREFUSED) || refusedDetail(err) {
		l.Facts.bool("redirect.http_open", false) // nothing answers in plain text
		return l.done()
	}
	if err != nil {
		return l.fail(err)
	}
	l.raw(got.body)
	l.Facts.bool("redirect.http_open", true)
	l.Facts.int("redirect.status", int64(got.status), "")
	to, err := got.next()
	if err != nil {
		return l.fail(err)
	}
	l.Facts.bool("redirect.to_https", to != nil && to.Scheme == "https")
	if to != nil {
		l.Facts.text("redirect.location", to.String())
		l.Facts.bool("redirect.same_host", strings.EqualFold(to.Hostname(), got.url.Hostname()))
	}
	return l.done()
}

// refusedDetail tells whether the other side said that nobody listens.
func refusedDetail(err error) bool {
	var c *CouldNot
	return errors.As(err, &c) && c.Code == ErrUnreachable && strings.Contains(c.Detail, "connection refused")
}

// judgeRedirect: plain HTTP is closed, or every answer sends the visitor to https.
func judgeRedirect(f Facts, _ Params, no *refusals) {
	if !no.need(f, BoolFact, "redirect.http_open") {
		return
	}
	if open, _ := f.Bool("redirect.http_open"); open {
		location, _ := f.Text("redirect.location")
		no.mustBe(f, "redirect.to_https", true, "probe.no_https_redirect", "location", location)
	}
}

// endpointHSTS is the check "endpoint.hsts": does the site tell browsers to come back by
// https only (RFC 6797)?
type endpointHSTS struct {
	clock isms.Clock
	web   web
}

func (endpointHSTS) Key() string { return "endpoint.hsts" }

// Look yields: hsts.header, hsts.max_age (s), hsts.subdomains, hsts.preload, hsts.status.
func (p endpointHSTS) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	l.Source = "https://" + s.Address + "/"
	got, err := p.web.get(ctx, l.Source)
	if err != nil {
		return l.fail(err)
	}
	header := got.header.Get("Strict-Transport-Security") // a browser reads the first one only
	l.raw([]byte(header))
	l.Facts.text("hsts.header", header)
	l.Facts.int("hsts.status", int64(got.status), "")
	age, sub, preload, ok := readHSTS(header)
	if !ok {
		age = 0
	}
	l.Facts.int("hsts.max_age", age, "s")
	l.Facts.bool("hsts.subdomains", sub)
	l.Facts.bool("hsts.preload", preload)
	return l.done()
}

// readHSTS reads the header; one without a valid max-age, or with a directive twice, is
// to be ignored as a whole.
func readHSTS(header string) (age int64, sub, preload, ok bool) {
	seen := map[string]bool{}
	for d := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		if seen[name] {
			return 0, false, false, false
		}
		seen[name] = true
		switch name {
		case "max-age":
			n, err := strconv.ParseInt(strings.Trim(strings.TrimSpace(value), `"`), 10, 64)
			if err != nil || n < 0 {
				return 0, false, false, false
			}
			age, ok = n, true
		case "includesubdomains":
			sub = true
		case "preload":
			preload = true
		}
	}
	return age, sub && ok, preload && ok, ok
}

// judgeHSTS: min_age is the least max-age in seconds, default half a year; subdomains
// is "required" or anything else.
func judgeHSTS(f Facts, p Params, no *refusals) {
	least, ok := no.whole(p, "min_age", 15_552_000)
	age, known := f.Int("hsts.max_age")
	switch {
	case !known:
		no.add("probe.fact_missing", "fact", "hsts.max_age")
	case age == 0:
		no.add("probe.hsts_absent")
	case ok && age < least:
		no.add("probe.hsts_short", "age", decimalOf(age), "least", decimalOf(least))
	}
	if p["subdomains"] == "required" {
		no.mustBe(f, "hsts.subdomains", true, "probe.hsts_subdomains")
	}
}
