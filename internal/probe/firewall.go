package probe

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"holdfast/internal/isms"
)

// hostFirewall is the check "host.firewall": what happens to a packet that comes in and
// that no rule names? It reads nftables; where nftables has nothing to say, iptables.
type hostFirewall struct {
	clock isms.Clock
	m     Machine
}

func (hostFirewall) Key() string { return "host.firewall" }

// What happens to an unnamed packet.
const (
	dropped = "drop"
	let     = "accept"
	nobody  = "none" // no chain looks at incoming packets
)

// Look yields: firewall.tool, firewall.rules, firewall.input_ipv4 and
// firewall.input_ipv6 ("drop", "accept" or "none"), firewall.ipv6 (the host uses IPv6).
func (p hostFirewall) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	if six, err := p.m.read("/proc/net/if_inet6"); err == nil {
		l.Facts.bool("firewall.ipv6", usesIPv6(string(six)))
	} else {
		l.Facts.bool("firewall.ipv6", !missing(err)) // the kernel has no IPv6 if the file is not there
	}
	v4, v6, rules, err := p.nft(ctx, l)
	tool := "nftables"
	var c *CouldNot
	absent := errors.As(err, &c) && c.Code == ErrNotInstalled
	if absent || err == nil && (v4 == nobody || v6 == nobody) {
		// Rules of the older iptables do not show in nftables.
		t4, n4, err4 := p.iptables(ctx, l, "iptables-save")
		t6, n6, err6 := p.iptables(ctx, l, "ip6tables-save")
		if err4 == nil && err6 == nil {
			v4, v6, rules, err = stricterOf(v4, t4), stricterOf(v6, t6), rules+n4+n6, nil
			tool = "iptables"
		}
	}
	if err != nil {
		return l.fail(err)
	}
	l.Facts.text("firewall.tool", tool)
	l.Facts.int("firewall.rules", int64(rules), "")
	l.Facts.text("firewall.input_ipv4", v4)
	l.Facts.text("firewall.input_ipv6", v6)
	return l.done()
}

// usesIPv6 tells whether any interface but loopback has an IPv6 address.
func usesIPv6(interfaces string) bool {
	for line := range strings.Lines(interfaces) {
		if f := strings.Fields(line); len(f) == 6 && f[5] != "lo" {
			return true
		}
	}
	return false
}

// stricterOf: a packet passes only if every firewall lets it.
func stricterOf(a, b string) string {
	for _, s := range []string{dropped, let} {
		if a == s || b == s {
			return s
		}
	}
	return nobody
}

// ruleset is what nft -j list ruleset prints, as far as it matters.
type ruleset struct {
	Items []struct {
		Chain *nftChain `json:"chain"`
		Rule  *nftRule  `json:"rule"`
	} `json:"nftables"`
}

type nftChain struct {
	Family, Table, Name string
	Hook, Policy        string
}

type nftRule struct {
	Family, Table, Chain string
	Expr                 []map[string]json.RawMessage
}

func (p hostFirewall) nft(ctx context.Context, l *look) (v4, v6 string, rules int, err error) {
	out, errOut, err := l.run(ctx, p.m, "nft", "-j", "list", "ruleset")
	if err != nil {
		return "", "", 0, err
	}
	if l.Exit != 0 {
		if unprivileged(errOut) {
			return "", "", 0, &CouldNot{Code: ErrNoRight, What: "nft", Right: "CAP_NET_ADMIN", Detail: clip(string(errOut), 300),
				Grant: "systemctl edit holdfast # [Service] AmbientCapabilities=CAP_NET_ADMIN"}
		}
		return "", "", 0, couldNot(ErrUnreadable, "nft", errors.New(clip(string(errOut), 300)))
	}
	return readRuleset(out)
}

// readRuleset judges each chain on the input hook; IPv4 and IPv6 apart, since a rule
// set for one says nothing about the other.
func readRuleset(out []byte) (v4, v6 string, rules int, err error) {
	var set ruleset
	if err := json.Unmarshal(out, &set); err != nil {
		return "", "", 0, couldNot(ErrMalformed, "nft", err)
	}
	byChain := map[[3]string][]*nftRule{}
	for _, it := range set.Items {
		if r := it.Rule; r != nil {
			rules++
			k := [3]string{r.Family, r.Table, r.Chain}
			byChain[k] = append(byChain[k], r)
		}
	}
	v4, v6 = nobody, nobody
	for _, it := range set.Items {
		c := it.Chain
		if c == nil || c.Hook != "input" {
			continue
		}
		end := chainEnd(byChain, [3]string{c.Family, c.Table, c.Name}, 0)
		if end == "" {
			end = let
			if c.Policy == dropped {
				end = dropped
			}
		}
		if c.Family == "ip" || c.Family == "inet" {
			v4 = stricterOf(v4, end)
		}
		if c.Family == "ip6" || c.Family == "inet" {
			v6 = stricterOf(v6, end)
		}
	}
	return v4, v6, rules, nil
}

// chainEnd finds the first verdict that a chain gives to every packet, also in chains
// that it jumps to for every packet. Empty: the policy decides.
func chainEnd(chains map[[3]string][]*nftRule, at [3]string, depth int) string {
	for _, r := range chains[at] {
		if depth > 16 || !r.always() {
			continue
		}
		for _, e := range r.Expr {
			for verb, arg := range e {
				switch verb {
				case "accept":
					return let
				case "drop", "reject":
					return dropped
				case "jump", "goto":
					var to struct{ Target string }
					if json.Unmarshal(arg, &to) == nil {
						if end := chainEnd(chains, [3]string{at[0], at[1], to.Target}, depth+1); end != "" {
							return end
						}
					}
				case "return":
					return ""
				}
			}
		}
	}
	return ""
}

// always tells whether a rule meets every packet: it has nothing but verdicts and notes.
func (r *nftRule) always() bool {
	for _, e := range r.Expr {
		for verb := range e {
			switch verb {
			case "accept", "drop", "reject", "jump", "goto", "return", "counter", "log":
			default:
				return false
			}
		}
	}
	return true
}

// iptables reads what iptables-save prints for the filter table.
func (p hostFirewall) iptables(ctx context.Context, l *look, program string) (end string, rules int, err error) {
	out, errOut, err := l.run(ctx, p.m, program)
	if err != nil {
		return "", 0, err
	}
	if l.Exit != 0 {
		if unprivileged(errOut) {
			return "", 0, &CouldNot{Code: ErrNoRight, What: program, Right: "CAP_NET_ADMIN", Detail: clip(string(errOut), 300),
				Grant: "systemctl edit holdfast # [Service] AmbientCapabilities=CAP_NET_ADMIN"}
		}
		return "", 0, couldNot(ErrUnreadable, program, errors.New(clip(string(errOut), 300)))
	}
	end, rules = readIptables(string(out))
	return end, rules, nil
}

// readIptables: the policy of INPUT in the filter table, unless a rule for every packet
// comes first.
func readIptables(out string) (end string, rules int) {
	filter, policy := false, nobody
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		f := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "*"):
			filter = line == "*filter"
		case filter && len(f) > 1 && f[0] == ":INPUT":
			policy = let
			if f[1] == "DROP" {
				policy = dropped
			}
		case filter && strings.HasPrefix(line, "-A "):
			rules++
			if end == "" && len(f) >= 4 && f[1] == "INPUT" && f[2] == "-j" {
				end = map[string]string{"ACCEPT": let, "DROP": dropped, "REJECT": dropped}[f[3]]
			}
		}
	}
	if end == "" || policy == nobody {
		end = policy
	}
	return end, rules
}

func judgeFirewall(f Facts, _ Params, no *refusals) {
	for _, family := range []string{"ipv4", "ipv6"} {
		name := "firewall.input_" + family
		if !no.need(f, TextFact, name) {
			continue
		}
		if six, ok := f.Bool("firewall.ipv6"); family == "ipv6" && ok && !six {
			continue
		}
		switch v, _ := f.Text(name); v {
		case dropped:
		case nobody:
			no.add("probe.firewall_absent", "family", family)
		default:
			no.add("probe.firewall_open", "family", family)
		}
	}
}
