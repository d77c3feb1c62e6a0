package probe

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

func TestGuardRefusesWhatIsNotPublic(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "0.0.0.0",
		"192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "2001::1",
		"::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1", "::ffff:0:7f00:1",
	} {
		if !(Guard{}).Refuses(netip.MustParseAddr(a)) {
			t.Errorf("%s is let through", a)
		}
	}
	for _, a := range []string{"1.1.1.1", "193.2.1.117", "2a00:1450:4001::1", "64:ff9b::101:101", "2606:4700::1111"} {
		if (Guard{}).Refuses(netip.MustParseAddr(a)) {
			t.Errorf("%s is refused", a)
		}
	}
	if !(Guard{}).Refuses(netip.Addr{}) {
		t.Error("no address is let through")
	}
}

func TestGuardAllowsExactlyWhatTheOperatorNames(t *testing.T) {
	g := Guard{Allow: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}}
	rapid.Check(t, func(t *rapid.T) {
		var b [4]byte
		copy(b[:], rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		a := netip.AddrFrom4(b)
		named := b[0] == 10 && b[1] == 20
		if g.Refuses(a) != (Guard{}.Refuses(a) && !named) {
			t.Fatalf("%s", a)
		}
		if g.Refuses(netip.AddrFrom16(a.As16())) != g.Refuses(a) {
			t.Fatalf("%s in its IPv6 form is treated otherwise", a)
		}
	})
}
