package probe

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// mailMX is the check "mail.mx": where does the domain's mail go?
type mailMX struct{ mail }

func (mailMX) Key() string { return "mail.mx" }

// Look yields: mx.hosts ("10 mail.example"), mx.null (the domain takes no mail, RFC
// 7505), mx.unresolved (hosts without an address).
func (p mailMX) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	l.Source = s.Address + " MX"
	ctx, cancel := context.WithTimeout(ctx, 2*p.guard.timeout())
	defer cancel()
	records, err := p.resolver().LookupMX(ctx, s.Address+".")
	if err := dnsError(s.Address, err); err != nil {
		return l.fail(err)
	}
	null := false
	var hosts, unresolved []string
	for _, r := range records {
		host := strings.ToLower(strings.TrimSuffix(r.Host, "."))
		if host == "" {
			null = true
			continue
		}
		hosts = append(hosts, strconv.Itoa(int(r.Pref))+" "+host)
		addresses, err := p.resolver().LookupHost(ctx, host+".")
		if err := dnsError(host, err); err != nil {
			return l.fail(err)
		}
		if len(addresses) == 0 {
			unresolved = append(unresolved, host)
		}
	}
	l.raw([]byte(strings.Join(hosts, "\n")))
	l.Facts.list("mx.hosts", hosts)
	l.Facts.bool("mx.null", null)
	l.Facts.list("mx.unresolved", unresolved)
	return l.done()
}

// judgeMX: hosts lists where mail may go, as names or domains; "none" means that the
// domain must take no mail.
func judgeMX(f Facts, p Params, no *refusals) {
	hosts := no.list(f, "mx.hosts")
	allowed := words(p, "hosts")
	if slices.Equal(allowed, []string{"none"}) {
		no.mustBe(f, "mx.null", true, "probe.mx_not_null")
		return
	}
	if len(hosts) == 0 {
		no.add("probe.mx_absent")
	}
	for _, h := range no.list(f, "mx.unresolved") {
		no.add("probe.mx_unresolved", "host", h)
	}
	for _, h := range hosts {
		_, name, _ := strings.Cut(h, " ")
		if len(allowed) > 0 && !slices.ContainsFunc(allowed, func(a string) bool {
			a = strings.ToLower(a)
			return name == a || strings.HasSuffix(name, "."+a)
		}) {
			no.add("probe.mx_host", "host", name)
		}
	}
}
