package probe

import (
	"context"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// hostListeners is the check "host.listeners": on which ports does this host take
// connections from outside, and which of them speak in plain text?
type hostListeners struct {
	clock isms.Clock
	m     Machine
}

func (hostListeners) Key() string { return "host.listeners" }

// Look yields: listeners.open ("tcp 0.0.0.0:22"), without those on loopback.
func (p hostListeners) Look(_ context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	l.Source = "/proc/net/tcp, tcp6, udp, udp6"
	var open []string
	for _, file := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := l.read(p.m, "/proc/net/"+file)
		if missing(err) && strings.HasSuffix(file, "6") {
			continue // a kernel without IPv6
		}
		if missing(err) {
			return l.fail(&CouldNot{Code: ErrUnsupported, What: "/proc/net/" + file})
		}
		if err != nil {
			return l.fail(err)
		}
		found, err := readSockets(string(b), file)
		if err != nil {
			return l.fail(couldNot(ErrMalformed, "/proc/net/"+file, err))
		}
		open = append(open, found...)
	}
	slices.Sort(open)
	l.Facts.list("listeners.open", slices.Compact(open))
	return l.done()
}

// readSockets reads a socket table of the kernel: TCP sockets that listen, UDP sockets
// that are bound and not connected.
func readSockets(table, file string) ([]string, error) {
	state := map[bool]string{true: "0A", false: "07"}[strings.HasPrefix(file, "tcp")]
	var out []string
	first := true
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if first || len(f) < 4 {
			first = false
			continue
		}
		a, err := kernelAddress(f[1])
		if err != nil {
			return nil, err
		}
		if f[3] == state && !a.Addr().Unmap().IsLoopback() {
			out = append(out, strings.TrimSuffix(file, "6")+" "+a.String())
		}
	}
	return out, nil
}

// kernelAddress reads "0100007F:0019": each 32-bit word in the host's byte order, which
// is little-endian on all that Holdfast is built for.
func kernelAddress(s string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(host)
	if err != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, couldNot(ErrMalformed, s, err)
	}
	for i := 0; i < len(b); i += 4 {
		slices.Reverse(b[i : i+4])
	}
	a, _ := netip.AddrFromSlice(b)
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(a, uint16(n)), nil
}

// plaintext are well-known services without encryption of their own (IANA port numbers).
var plaintext = map[string]string{
	"tcp 21": "ftp", "tcp 23": "telnet", "udp 69": "tftp", "tcp 79": "finger", "tcp 80": "http", "tcp 110": "pop3", "tcp 143": "imap",
	"udp 161": "snmp", "tcp 389": "ldap", "tcp 512": "rexec", "tcp 513": "rlogin", "tcp 514": "rsh", "udp 514": "syslog", "tcp 873": "rsync",
	"tcp 1883": "mqtt", "tcp 2049": "nfs", "tcp 2375": "docker", "tcp 5900": "vnc", "tcp 6379": "redis", "tcp 8080": "http", "tcp 9200": "elasticsearch",
	"tcp 11211": "memcached", "udp 11211": "memcached", "tcp 27017": "mongodb",
}

// judgeListeners: allow lists ports that may be open in plain text, plaintext names more
// that may not, both such as "80 8081".
func judgeListeners(f Facts, p Params, no *refusals) {
	allow, more := words(p, "allow"), words(p, "plaintext")
	for _, open := range no.list(f, "listeners.open") {
		proto, address, _ := strings.Cut(open, " ")
		port := address[strings.LastIndexByte(address, ':')+1:]
		service := plaintext[proto+" "+port]
		if service == "" && slices.Contains(more, port) {
			service = proto
		}
		if service != "" && !slices.Contains(allow, port) {
			no.add("probe.listener_plaintext", "service", service, "address", address)
		}
	}
}
