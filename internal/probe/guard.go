package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Guard decides which addresses probes may reach. Without exceptions these are the
// public ones: a name that somebody typed in must not make the server talk to its own
// network, its cloud's metadata or itself. Names are resolved first, and every address
// is judged at the moment of dialling, so that a name cannot change in between;
// redirects dial anew and are judged anew.
type Guard struct {
	Allow    []netip.Prefix // otherwise refused addresses that the operator allows
	Resolver *net.Resolver  // nil: the system's
	Timeout  time.Duration  // for each connection; zero: 10 seconds
}

// special are addresses that are no public hosts (IANA special-purpose registries,
// RFC 6890 and its updates) and public ones with a special meaning inside clouds.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // a cloud's host service at a public address
	"::/128", "::1/128", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

// embedding are IPv6 ranges that carry an IPv4 address, from the given byte on.
var embedding = []struct {
	netip.Prefix
	at int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
	{netip.MustParsePrefix("::/96"), 12},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12},
}

func prefixes(s ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(s))
	for i, p := range s {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// Refuses tells whether the address must not be reached.
func (g Guard) Refuses(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return true
	}
	for _, p := range g.Allow {
		if p.Contains(a) {
			return false
		}
	}
	for _, p := range special {
		if p.Contains(a) {
			return true
		}
	}
	for _, e := range embedding {
		if b := a.AsSlice(); a.Is6() && e.Contains(a) {
			v4, _ := netip.AddrFromSlice(b[e.at : e.at+4])
			return g.Refuses(v4)
		}
	}
	return false
}

// timeout for one connection.
func (g Guard) timeout() time.Duration {
	if g.Timeout == 0 {
		return 10 * time.Second
	}
	return g.Timeout
}

// Dial connects over TCP or UDP to host:port, trying its addresses in turn.
func (g Guard) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: g.timeout(), Resolver: g.Resolver, Control: g.control}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, dialError(address, err)
	}
	return conn, nil
}

// control runs after the name was resolved and the socket made, before it connects.
func (g Guard) control(network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || g.Refuses(ap.Addr()) {
		return &CouldNot{Code: ErrRefused, What: address}
	}
	return nil
}

// dialError says why there is no connection.
func dialError(address string, err error) error {
	var own *CouldNot
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &dns) && dns.IsNotFound:
		return couldNot(ErrNameUnknown, address, err)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return couldNot(ErrTimeout, address, err)
	default:
		return couldNot(ErrUnreachable, address, err)
	}
}

// hostOf is the host of host:port, without brackets.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return strings.Trim(address, "[]")
	}
	return host
}
