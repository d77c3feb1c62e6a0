package probe

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// inNamespace runs each program in a fresh network namespace after the set-up script.
func inNamespace(t *testing.T, script string) RunFunc {
	t.Helper()
	unshare := program(t, "unshare", "util-linux")
	file := filepath.Join(t.TempDir(), "setup.sh")
	if err := os.WriteFile(file, []byte("set -e\n"+script+"\nexec \"$@\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := "-n"
	if os.Getuid() != 0 {
		flags = "-rn"
	}
	return func(ctx context.Context, name string, args ...string) ([]byte, []byte, int, error) {
		return Execute(ctx, filepath.Base(unshare), append([]string{flags, "sh", file, name}, args...)...)
	}
}

func lookFirewall(t *testing.T, run RunFunc) Observation {
	t.Helper()
	program(t, "nft", "nftables")
	program(t, "iptables-save", "iptables")
	root := tree(t, map[string]string{"proc/net/if_inet6": "fe800000000000000000000000000001 02 40 20 80 eth0\n"})
	return lookAt(t, hostFirewall{config().Clock, Machine{Root: root, Run: run}}, hostSubject(t), nil)
}

func TestFirewallsAsTheKernelHasThem(t *testing.T) {
	const chain = "add table inet f; add chain inet f in { type filter hook input priority 0; policy "
	for name, c := range map[string]struct {
		script string
		code   string // empty: good
	}{
		"policy drop":                        {"nft '" + chain + "drop; }; add rule inet f in tcp dport 22 accept'", ""},
		"last rule rejects":                  {"nft '" + chain + "accept; }; add rule inet f in ct state established accept; add rule inet f in counter reject'", ""},
		"policy accept":                      {"nft '" + chain + "accept; }; add rule inet f in tcp dport 23 drop'", "probe.firewall_open"},
		"everything accepted first":          {"nft '" + chain + "drop; }; add rule inet f in accept'", "probe.firewall_open"},
		"everything accepted, behind a jump": {"nft '" + chain + "drop; }; add chain inet f every; add rule inet f every counter accept; add rule inet f in jump every'", "probe.firewall_open"},
		"no rules":                           {"true", "probe.firewall_absent"},
		"only IPv4":                          {"nft 'add table ip f; add chain ip f in { type filter hook input priority 0; policy drop; }'", "probe.firewall_absent"},
		"iptables":                           {"iptables -P INPUT DROP; ip6tables -P INPUT DROP; iptables -A INPUT -p tcp --dport 22 -j ACCEPT", ""},
		"iptables, IPv6 forgotten":           {"iptables -P INPUT DROP; ip6tables -P INPUT ACCEPT", "probe.firewall_open"},
	} {
		t.Run(name, func(t *testing.T) {
			o := lookFirewall(t, inNamespace(t, c.script))
			if c.code == "" {
				good(t, o, nil)
			} else {
				bad(t, o, nil, c.code)
			}
		})
	}
}

func TestFirewallWithoutNftIsReadByIptables(t *testing.T) {
	real := inNamespace(t, "iptables -A INPUT -j DROP; ip6tables -P INPUT DROP")
	o := lookFirewall(t, func(ctx context.Context, name string, args ...string) ([]byte, []byte, int, error) {
		if name == "nft" {
			return nil, nil, -1, &CouldNot{Code: ErrNotInstalled, What: name}
		}
		return real(ctx, name, args...)
	})
	good(t, o, nil)
	if tool, _ := o.Facts.Text("firewall.tool"); tool != "iptables" {
		t.Errorf("tool is %s", tool)
	}
}

func TestFirewallWithoutTheRightToLook(t *testing.T) {
	o := lookFirewall(t, asNobody(t))
	blind(t, o, ErrNoRight)
	if o.Error.Right == "" || o.Error.Grant == "" {
		t.Errorf("does not say which right is missing: %+v", o.Error)
	}
	if ok, _ := Judge(o.Check, o.Facts, nil); ok {
		t.Error("nothing seen is judged good")
	}
}

// asNobody runs programs without any privilege.
func asNobody(t *testing.T) RunFunc {
	t.Helper()
	program(t, "setpriv", "util-linux")
	if os.Getuid() != 0 {
		return Execute
	}
	return func(ctx context.Context, name string, args ...string) ([]byte, []byte, int, error) {
		path, err := findProgram(name)
		if err != nil {
			return nil, nil, -1, &CouldNot{Code: ErrNotInstalled, What: name}
		}
		return Execute(ctx, "setpriv", append([]string{"--reuid=65534", "--regid=65534", "--clear-groups", path}, args...)...)
	}
}

func FuzzFirewallOutput(f *testing.F) {
	f.Add([]byte(`{"nftables":[{"chain":{"family":"inet","table":"f","name":"in","hook":"input","policy":"drop"}},{"rule":{"family":"inet","table":"f","chain":"in","expr":[{"goto":{"target":"in"}}]}}]}`))
	f.Add([]byte("*filter\n:INPUT DROP [0:0]\n-A INPUT -j ACCEPT\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		readIptables(string(b))
		if v4, v6, _, err := readRuleset(b); err == nil && (v4 == "" || v6 == "") {
			t.Fatal("no answer and no error")
		}
	})
}
