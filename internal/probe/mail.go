package probe

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"holdfast/internal/isms"
)

// mail looks at a domain's records in the DNS, through the operator's resolver.
type mail struct {
	clock isms.Clock
	guard Guard
}

func (m mail) resolver() *net.Resolver {
	if m.guard.Resolver != nil {
		return m.guard.Resolver
	}
	return net.DefaultResolver
}

// txt returns a name's TXT records, none if there are none; what the resolver could not
// find out is an error.
func (m mail) txt(ctx context.Context, l *look, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, m.guard.timeout())
	defer cancel()
	records, err := m.resolver().LookupTXT(ctx, strings.TrimSuffix(name, ".")+".")
	slices.Sort(records)
	l.raw([]byte(strings.Join(records, "\n") + "\n"))
	return records, dnsError(name, err)
}

// dnsError: no record is an answer; no answer is an error.
func dnsError(name string, err error) error {
	var dns *net.DNSError
	switch {
	case err == nil, errors.As(err, &dns) && dns.IsNotFound:
		return nil
	case errors.As(err, &dns) && dns.IsTimeout, errors.Is(err, context.DeadlineExceeded):
		return couldNot(ErrTimeout, name, err)
	default:
		return couldNot(ErrUnreachable, name, err)
	}
}

// mailSPF is the check "mail.spf": who may send mail in the domain's name (RFC 7208)?
type mailSPF struct{ mail }

func (mailSPF) Key() string { return "mail.spf" }

// Look yields: spf.records, spf.all ("-", "~", "?", "+", or empty without "all"),
// spf.lookups (DNS questions that a receiver needs), spf.valid.
func (p mailSPF) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	l.Source = s.Address + " TXT"
	w := &spfWalk{mail: p.mail, look: l}
	records, err := w.records(ctx, s.Address)
	if err != nil {
		return l.fail(err)
	}
	l.Facts.list("spf.records", records)
	if len(records) == 1 {
		if err := w.walk(ctx, records[0], 0); err != nil {
			return l.fail(err)
		}
	}
	l.Facts.text("spf.all", w.all)
	l.Facts.int("spf.lookups", int64(w.lookups), "")
	l.Facts.bool("spf.valid", len(records) == 1 && w.wrong == "")
	if w.wrong != "" {
		l.Facts.text("spf.wrong", w.wrong)
	}
	return l.done()
}

type spfWalk struct {
	mail
	look    *look
	lookups int
	all     string
	wrong   string
}

func (w *spfWalk) records(ctx context.Context, domain string) ([]string, error) {
	all, err := w.txt(ctx, w.look, domain)
	return slices.DeleteFunc(all, func(r string) bool {
		r = strings.ToLower(r)
		return r != "v=spf1" && !strings.HasPrefix(r, "v=spf1 ")
	}), err
}

// walk counts the questions that a record costs and finds its "all"; RFC 7208, 4.6.4
// allows ten in total, so more are not asked.
func (w *spfWalk) walk(ctx context.Context, record string, depth int) error {
	redirect := ""
	for _, term := range strings.Fields(record)[1:] {
		lower := strings.ToLower(term)
		mechanism := strings.TrimLeft(lower, "+-~?")
		name := strings.FieldsFunc(mechanism, func(r rune) bool { return r == ':' || r == '/' || r == '=' })
		if len(name) == 0 {
			w.wrong = clip(term, 100)
			continue
		}
		switch name[0] {
		case "all":
			if depth == 0 {
				w.all = lower[:len(lower)-len(mechanism)]
				if w.all == "" {
					w.all = "+"
				}
			}
			redirect = ""
			return nil // what follows "all" is never reached, and a redirect beside it counts for nothing
		case "include", "exists", "a", "mx", "ptr":
			w.lookups++
		case "redirect":
			redirect = strings.TrimPrefix(mechanism, "redirect=")
		case "ip4", "ip6", "exp":
		default:
			if !strings.Contains(mechanism, "=") { // unknown modifiers are allowed, unknown mechanisms are not
				w.wrong = clip(term, 100)
			}
		}
		if domain, ok := strings.CutPrefix(mechanism, "include:"); ok {
			if err := w.into(ctx, domain, depth+1); err != nil {
				return err
			}
		}
	}
	if redirect != "" {
		w.lookups++
		return w.into(ctx, redirect, depth)
	}
	return nil
}

func (w *spfWalk) into(ctx context.Context, domain string, depth int) error {
	if w.lookups > 10 || strings.Contains(domain, "%") {
		return nil // too many already; or a macro, which only a receiver can fill in
	}
	records, err := w.records(ctx, domain)
	if err != nil {
		return err
	}
	if len(records) != 1 {
		w.wrong = clip(domain, 100)
		return nil
	}
	return w.walk(ctx, records[0], depth)
}

// judgeSPF: all lists the allowed ends, default "- ~".
func judgeSPF(f Facts, p Params, no *refusals) {
	records := no.list(f, "spf.records")
	if len(records) != 1 {
		no.add("probe.spf_records", "n", strconv.Itoa(len(records)))
		return
	}
	wrong, _ := f.Text("spf.wrong")
	no.mustBe(f, "spf.valid", true, "probe.spf_invalid", "term", wrong)
	allowed := words(p, "all")
	if len(allowed) == 0 {
		allowed = []string{"-", "~"}
	}
	if all, _ := f.Text("spf.all"); !slices.Contains(allowed, all) {
		no.add("probe.spf_all", "all", all+"all")
	}
	if n, known := f.Int("spf.lookups"); !known || n > 10 {
		no.add("probe.spf_lookups", "n", decimalOf(n))
	}
}

// mailDKIM is the check "mail.dkim": are the keys published with which the domain's mail
// is signed (RFC 6376)?
type mailDKIM struct{ mail }

func (mailDKIM) Key() string { return "mail.dkim" }

// Look needs the parameter selectors, such as "s1 s2". It yields: dkim.present,
// dkim.missing and dkim.revoked (selectors), dkim.keys ("s1 rsa 2048"), dkim.testing.
func (p mailDKIM) Look(ctx context.Context, s Subject, params Params) Observation {
	l := start(p.clock, p.Key(), s)
	selectors := words(params, "selectors")
	if len(selectors) == 0 || len(selectors) > 20 {
		return l.fail(couldNot(ErrParam, "selectors", nil))
	}
	var present, missing, revoked, keys, testing []string
	for _, sel := range selectors {
		name := sel + "._domainkey." + s.Address
		l.Source = name + " TXT"
		records, err := p.txt(ctx, l, name)
		if err != nil {
			return l.fail(err)
		}
		tags := dkimTags(records)
		switch key, ok := tags["p"]; {
		case !ok:
			missing = append(missing, sel)
		case key == "":
			revoked = append(revoked, sel)
		default:
			present = append(present, sel)
			keys = append(keys, sel+" "+dkimKey(tags["k"], key))
		}
		if slices.Contains(strings.Split(tags["t"], ":"), "y") {
			testing = append(testing, sel)
		}
	}
	l.Facts.list("dkim.present", present)
	l.Facts.list("dkim.missing", missing)
	l.Facts.list("dkim.revoked", revoked)
	l.Facts.list("dkim.keys", keys)
	l.Facts.list("dkim.testing", testing)
	return l.done()
}

// dkimTags reads the tags of the one key record among the records.
func dkimTags(records []string) map[string]string {
	for _, r := range records {
		tags := tagList(r)
		if _, ok := tags["p"]; ok && (tags["v"] == "" || tags["v"] == "DKIM1") {
			return tags
		}
	}
	return nil
}

// tagList reads "a=b; c=d" (RFC 6376, 3.2).
func tagList(record string) map[string]string {
	tags := map[string]string{}
	for t := range strings.SplitSeq(record, ";") {
		name, value, ok := strings.Cut(t, "=")
		if ok {
			tags[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return tags
}

func dkimKey(kind, key string) string {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(key), ""))
	if err != nil {
		return "unreadable 0"
	}
	if kind == "ed25519" && len(raw) == 32 {
		return "ed25519 256"
	}
	pub, err := x509.ParsePKIXPublicKey(raw)
	if err != nil {
		if k, err := x509.ParsePKCS1PublicKey(raw); err == nil {
			return fmt.Sprint("rsa ", k.N.BitLen())
		}
		return "unreadable 0"
	}
	if k, ok := pub.(*rsa.PublicKey); ok {
		return fmt.Sprint("rsa ", k.N.BitLen())
	}
	return "unreadable 0"
}

// judgeDKIM: every selector is published, not for testing; RSA keys have min_bits
// (default 2048).
func judgeDKIM(f Facts, p Params, no *refusals) {
	present := no.list(f, "dkim.present")
	absent := slices.Concat(no.list(f, "dkim.missing"), no.list(f, "dkim.revoked"))
	absent = append(absent, without(words(p, "selectors"), slices.Concat(present, absent))...)
	for _, s := range absent {
		no.add("probe.dkim_missing", "selector", s)
	}
	if len(present) == 0 && len(absent) == 0 {
		no.add("probe.fact_missing", "fact", "dkim.present")
	}
	for _, s := range no.list(f, "dkim.testing") {
		no.add("probe.dkim_testing", "selector", s)
	}
	least, ok := no.whole(p, "min_bits", 2048)
	for _, k := range no.list(f, "dkim.keys") {
		w := strings.Fields(k)
		if len(w) != 3 {
			no.add("probe.dkim_key", "key", k)
			continue
		}
		bits, valid := number(w[2], true)
		if !valid || w[1] == "unreadable" || w[1] == "rsa" && ok && bits < least {
			no.add("probe.dkim_key", "key", k)
		}
	}
}

// mailDMARC is the check "mail.dmarc": what shall receivers do with mail that is not ours
// (RFC 7489)?
type mailDMARC struct{ mail }

func (mailDMARC) Key() string { return "mail.dmarc" }

// Look yields: dmarc.records, dmarc.at (the domain whose record counts), dmarc.policy,
// dmarc.percent, dmarc.reports.
func (p mailDMARC) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	domains := []string{s.Address}
	if org, err := publicsuffix.EffectiveTLDPlusOne(s.Address); err == nil && org != s.Address {
		domains = append(domains, org)
	}
	for _, d := range domains {
		l.Source = "_dmarc." + d + " TXT"
		records, err := p.txt(ctx, l, "_dmarc."+d)
		if err != nil {
			return l.fail(err)
		}
		records = slices.DeleteFunc(records, func(r string) bool { return tagList(r)["v"] != "DMARC1" })
		if len(records) == 0 && d != domains[len(domains)-1] {
			continue
		}
		l.Facts.list("dmarc.records", records)
		l.Facts.text("dmarc.at", d)
		if len(records) != 1 {
			break // none, or several, which receivers must ignore
		}
		tags := tagList(records[0])
		policy := tags["p"]
		if sub, ok := tags["sp"]; ok && d != s.Address {
			policy = sub
		}
		l.Facts.text("dmarc.policy", strings.ToLower(policy))
		percent, ok := number(tags["pct"], tags["pct"] != "")
		if !ok {
			percent = 100
		}
		l.Facts.int("dmarc.percent", percent, "%")
		l.Facts.list("dmarc.reports", strings.FieldsFunc(tags["rua"], func(r rune) bool { return r == ',' || r == ' ' }))
		break
	}
	return l.done()
}

// judgeDMARC: policy lists the allowed ones, default "quarantine reject", for all mail.
func judgeDMARC(f Facts, p Params, no *refusals) {
	if records := no.list(f, "dmarc.records"); len(records) != 1 {
		no.add("probe.dmarc_records", "n", strconv.Itoa(len(records)))
		return
	}
	allowed := words(p, "policy")
	if len(allowed) == 0 {
		allowed = []string{"quarantine", "reject"}
	}
	if policy, _ := f.Text("dmarc.policy"); !slices.Contains(allowed, policy) {
		no.add("probe.dmarc_policy", "policy", policy)
	}
	if percent, known := f.Int("dmarc.percent"); !known || percent < 100 {
		no.add("probe.dmarc_percent", "percent", decimalOf(percent))
	}
}
