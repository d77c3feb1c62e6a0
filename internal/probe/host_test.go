package probe

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/isms"
)

// sshd starts nothing: sshd -T reads a configuration as the daemon would. The host key
// that it insists on is made for the test.
func lookSshd(t *testing.T, settings string, run RunFunc) Observation {
	t.Helper()
	program(t, "sshd", "openssh-server")
	keygen := program(t, "ssh-keygen", "openssh-client")
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil && os.Getuid() == 0 {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "sshd_config")
	if err := os.WriteFile(file, []byte("HostKey "+key+"\n"+settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return lookAt(t, hostSshd{config().Clock, Machine{Run: run, Sshd: []string{"-f", file}}}, hostSubject(t), nil)
}

func TestSshdAsItWouldReallyRun(t *testing.T) {
	const strict = "PermitRootLogin no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxAuthTries 3\n"
	good(t, lookSshd(t, strict, nil), nil)
	bad(t, lookSshd(t, "", nil), nil, "probe.sshd_setting") // as it comes
	bad(t, lookSshd(t, "PermitRootLogin yes\n"+strict, nil), nil, "probe.sshd_setting")
	bad(t, lookSshd(t, strict+"Ciphers aes128-ctr,3des-cbc\n", nil), nil, "probe.sshd_algorithm")
	o := lookSshd(t, strict, nil)
	bad(t, o, Params{"max_auth_tries": "2"}, "probe.sshd_setting")
	bad(t, o, Params{"root_login": "yes"}, "probe.sshd_setting")
	good(t, lookSshd(t, strings.Replace(strict, "PasswordAuthentication no", "PasswordAuthentication yes", 1), nil), Params{"passwords": "yes"})
}

func TestSshdThatCannotBeSeen(t *testing.T) {
	blind(t, lookSshd(t, "PermitRootLogin perhaps\n", nil), ErrUnreadable)
	if os.Getuid() == 0 {
		blind(t, lookSshd(t, "", asNobody(t)), ErrNoRight)
	}
	absent := func(context.Context, string, ...string) ([]byte, []byte, int, error) {
		return Execute(context.Background(), "sshd-that-is-not-here")
	}
	blind(t, lookSshd(t, "", absent), ErrNotInstalled)
}

// aptHouse makes a small repository of real packages and a machine that has the older
// version of one installed, and returns a RunFunc for which apt-get sees only these.
func aptHouse(t *testing.T, label string) (run RunFunc, root string) {
	t.Helper()
	program(t, "apt-get", "apt")
	deb := program(t, "dpkg-deb", "dpkg")
	root = t.TempDir()
	pkg := filepath.Join(root, "pkg")
	control := "Package: sample-lib\nVersion: 2.0\nArchitecture: all\nMaintainer: SAMPLE <sample@example.org>\nDescription: SAMPLE\n"
	plant(t, pkg, map[string]string{"DEBIAN/control": control})
	repo := filepath.Join(root, "repo")
	plant(t, repo, map[string]string{".keep": ""})
	if out, err := exec.Command(deb, "--root-owner-group", "-b", pkg, filepath.Join(repo, "sample-lib_2.0_all.deb")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	st := isms.Must(os.Stat(filepath.Join(repo, "sample-lib_2.0_all.deb")))
	plant(t, repo, map[string]string{
		"Packages": control + fmt.Sprintf("Filename: ./sample-lib_2.0_all.deb\nSize: %d\n", st.Size()),
		"Release":  "Origin: SAMPLE\nLabel: " + label + "\nSuite: stable\nDate: " + time.Now().UTC().Format(time.RFC1123) + "\n",
	})
	plant(t, root, map[string]string{
		"var/lib/dpkg/status":          strings.Replace(control, "Version: 2.0\n", "Version: 1.0\nStatus: install ok installed\n", 1),
		"etc/apt/sources.list":         "deb [trusted=yes] file:" + repo + " ./\n",
		"etc/apt/apt.conf.d/.keep":     "",
		"etc/apt/preferences.d/.keep":  "",
		"var/lib/apt/lists/partial/.k": "", "var/cache/apt/archives/partial/.k": "", "var/log/apt/.k": "",
	})
	os.Remove(filepath.Join(root, "var/lib/apt/lists/partial/.k"))
	conf := filepath.Join(root, "apt.conf")
	plant(t, root, map[string]string{"apt.conf": fmt.Sprintf("Dir %q;\nDir::State::status %q;\nAPT::Sandbox::User \"root\";\nDir::Bin::methods \"/usr/lib/apt/methods\";\n",
		root, filepath.Join(root, "var/lib/dpkg/status"))})
	return func(ctx context.Context, name string, args ...string) ([]byte, []byte, int, error) {
		return Execute(ctx, name, append([]string{"-c", conf}, args...)...)
	}, root
}

func lookUpdates(t *testing.T, run RunFunc, root string) Observation {
	t.Helper()
	return lookAt(t, hostUpdates{config().Clock, Machine{Run: run, Root: root}}, hostSubject(t), nil)
}

func TestUpdatesAsAptSeesThem(t *testing.T) {
	for label, code := range map[string]string{"Debian-Security": "probe.updates_security", "Debian": ""} {
		run, root := aptHouse(t, label)
		if out, errOut, exit, err := run(context.Background(), "apt-get", "-q", "update"); err != nil || exit != 0 {
			t.Fatalf("apt-get update: %d %v\n%s%s", exit, err, out, errOut)
		}
		o := lookUpdates(t, run, root)
		if pending, _ := o.Facts.List("updates.pending"); !slices.Equal(pending, []string{"sample-lib"}) {
			t.Fatalf("pending %v", pending)
		}
		if code == "" {
			good(t, o, nil)
		} else {
			bad(t, o, nil, code)
			good(t, o, Params{"max_security": "1"})
		}
		old := time.Now().Add(-72 * time.Hour)
		for _, n := range isms.Must(filepath.Glob(filepath.Join(root, "var/lib/apt/lists/*"))) {
			if err := os.Chtimes(n, old, old); err != nil {
				t.Fatal(err)
			}
		}
		bad(t, lookUpdates(t, run, root), Params{"max_security": "9"}, "probe.updates_list_old")
	}
}

func TestUpdatesWithoutAListAreNotNoUpdates(t *testing.T) {
	run, root := aptHouse(t, "Debian-Security")
	o := lookUpdates(t, run, root)
	blind(t, o, ErrUnreadable)
	if ok, _ := Judge(o.Check, o.Facts, nil); ok {
		t.Error("without a list it is judged good")
	}
	plant(t, root, map[string]string{"etc/apt/sources.list": "nonsense\n"})
	blind(t, lookUpdates(t, run, root), ErrUnreadable)
}

func TestRebootThatIsDue(t *testing.T) {
	host := func(files map[string]string) Observation {
		all := map[string]string{"proc/sys/kernel/osrelease": "6.1.0-9-amd64\n", "proc/uptime": "100.25 300.00\n"}
		maps.Copy(all, files)
		return lookAt(t, hostReboot{config().Clock, Machine{Root: tree(t, all)}}, hostSubject(t), nil)
	}
	good(t, host(map[string]string{"boot/vmlinuz-6.1.0-9-amd64": "", "boot/vmlinuz-6.1.0-8-amd64": ""}), nil)
	bad(t, host(map[string]string{"boot/vmlinuz-6.1.0-9-amd64": "", "boot/vmlinuz-6.1.0-10-amd64": ""}), nil, "probe.kernel_old")
	o := host(map[string]string{"run/reboot-required": "*** System restart required ***\n", "run/reboot-required.pkgs": "libc6\nlinux-base\nlibc6\n"})
	bad(t, o, nil, "probe.reboot_required")
	if p, _ := o.Facts.List("reboot.packages"); !slices.Equal(p, []string{"libc6", "linux-base"}) {
		t.Errorf("packages %v", p)
	}
	good(t, host(map[string]string{"etc/kernel/postinst.d/unattended-upgrades": ""}), nil)
	blind(t, host(nil), ErrUnclear) // nothing here says whether a reboot is due
	blind(t, lookAt(t, hostReboot{config().Clock, Machine{Root: t.TempDir()}}, hostSubject(t), nil), ErrUnreadable)
}

func TestListenersOfThisHost(t *testing.T) {
	open, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	own, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	datagrams, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	o := lookAt(t, hostListeners{config().Clock, Machine{}}, hostSubject(t), nil)
	list, _ := o.Facts.List("listeners.open")
	_, port, _ := net.SplitHostPort(open.Addr().String())
	_, local, _ := net.SplitHostPort(own.Addr().String())
	_, udp, _ := net.SplitHostPort(datagrams.LocalAddr().String())
	for _, want := range []string{"tcp 0.0.0.0:" + port, "udp 0.0.0.0:" + udp} {
		if !slices.Contains(list, want) {
			t.Errorf("%s is not in %v", want, list)
		}
	}
	if slices.ContainsFunc(list, func(s string) bool { return strings.HasSuffix(s, ":"+local) }) {
		t.Errorf("loopback counts as outside: %v", list)
	}
	bad(t, o, Params{"plaintext": port}, "probe.listener_plaintext")
	var everything []string
	for _, l := range list {
		everything = append(everything, l[strings.LastIndexByte(l, ':')+1:])
	}
	good(t, o, Params{"plaintext": port, "allow": strings.Join(everything, " ")})
}

func TestListenersThatAreWellKnownOrUnreadable(t *testing.T) {
	const head = "  sl  local_address rem_address   st\n"
	table := func(tcp, tcp6 string) Observation {
		root := tree(t, map[string]string{"proc/net/tcp": head + tcp, "proc/net/tcp6": head + tcp6, "proc/net/udp": head})
		return lookAt(t, hostListeners{config().Clock, Machine{Root: root}}, hostSubject(t), nil)
	}
	good(t, table("   0: 0100007F:0017 00000000:0000 0A\n   1: 00000000:0016 00000000:0000 0A\n", ""), nil)
	bad(t, table("   0: 00000000:0017 00000000:0000 0A\n", ""), nil, "probe.listener_plaintext")
	bad(t, table("", "   0: 00000000000000000000000000000000:0050 0:0 0A\n"), nil, "probe.listener_plaintext")
	good(t, table("", "   0: 00000000000000000000000001000000:0050 0:0 0A\n"), nil) // ::1
	good(t, table("", "   0: 0000000000000000FFFF00000100007F:0050 0:0 0A\n"), nil) // ::ffff:127.0.0.1
	good(t, table("   0: 0A01010A:8000 0B01010A:0050 01\n", ""), nil)               // a connection to somebody's port 80
	blind(t, table("   0: rubbish 00000000:0000 0A\n", ""), ErrMalformed)
	blind(t, lookAt(t, hostListeners{config().Clock, Machine{Root: t.TempDir()}}, hostSubject(t), nil), ErrUnsupported)
}

func TestAccounts(t *testing.T) {
	useradd := program(t, "useradd", "passwd")
	root := tree(t, map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n", "etc/shadow": "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n",
		"etc/group": "root:x:0:\n", "etc/gshadow": "root:*::\n", "etc/login.defs": "", "etc/default/useradd": "",
	})
	host := func() Observation {
		return lookAt(t, hostAccounts{config().Clock, Machine{Root: root}}, hostSubject(t), nil)
	}
	add := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(useradd, append([]string{"-P", root, "-M", "-N"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	add("-s", "/bin/bash", "ana")
	good(t, host(), nil)
	good(t, host(), Params{"interactive": "root ana"})
	bad(t, host(), Params{"interactive": "root"}, "probe.account_interactive")
	add("-o", "-u", "0", "-s", "/usr/sbin/nologin", "toor")
	bad(t, host(), nil, "probe.account_root")
	good(t, host(), Params{"root": "root toor"})
	add("-p", "", "guest")
	bad(t, host(), Params{"root": "root toor"}, "probe.account_empty_password")
	if err := os.Remove(filepath.Join(root, "etc/shadow")); err != nil {
		t.Fatal(err)
	}
	blind(t, host(), ErrUnreadable)
	if ok, _ := Judge("host.accounts", host().Facts, Params{"root": "root toor"}); ok {
		t.Error("without shadow it is judged good")
	}
	plant(t, root, map[string]string{"etc/passwd": "rubbish\n"})
	blind(t, host(), ErrMalformed)
}

func TestPasswordRules(t *testing.T) {
	const (
		quality = "password requisite pam_pwquality.so retry=3\n"
		unix    = "password [success=1 default=ignore] pam_unix.so obscure use_authtok yescrypt\n"
		auth    = "auth [success=1 default=ignore] pam_unix.so nullok\n"
	)
	host := func(files map[string]string) Observation {
		all := map[string]string{"etc/login.defs": "# comment\nPASS_MAX_DAYS\t99999\nENCRYPT_METHOD YESCRYPT\n", "etc/pam.d/common-auth": auth}
		maps.Copy(all, files)
		return lookAt(t, hostPasswords{config().Clock, Machine{Root: tree(t, all)}}, hostSubject(t), nil)
	}
	strong := map[string]string{"etc/pam.d/common-password": quality + unix, "etc/security/pwquality.conf": "# minlen = 8\nminlen = 14\nminclass=3\n"}
	good(t, host(strong), nil)
	good(t, host(strong), Params{"min_length": "14", "min_classes": "3"})
	bad(t, host(strong), Params{"min_length": "15"}, "probe.password_rule")
	bad(t, host(strong), Params{"max_days": "365"}, "probe.password_rule")
	bad(t, host(strong), Params{"lockout_after": "5"}, "probe.fact_missing") // nobody is locked out
	bad(t, host(map[string]string{"etc/pam.d/common-password": unix}), nil, "probe.password_rule")
	bad(t, host(map[string]string{"etc/pam.d/common-password": quality + unix}), nil, "probe.password_rule") // the module's default is 8
	bad(t, host(map[string]string{"etc/pam.d/common-password": "password requisite pam_pwquality.so minlen=10\n" + unix, "etc/security/pwquality.conf": "minlen = 14\n"}), nil, "probe.password_rule")
	good(t, host(map[string]string{"etc/pam.d/common-password": quality + unix, "etc/security/pwquality.conf": "minlen = 8\n", "etc/security/pwquality.conf.d/50-own.conf": "minlen = 16\n"}), nil)
	bad(t, host(map[string]string{"etc/pam.d/common-password": quality + "password required pam_unix.so md5\n", "etc/security/pwquality.conf": "minlen=14\n"}), nil, "probe.password_hash")
	locked := maps.Clone(strong)
	locked["etc/pam.d/common-auth"] = "auth required pam_faillock.so preauth\n" + auth
	locked["etc/security/faillock.conf"] = "deny = 4\n"
	good(t, host(locked), Params{"lockout_after": "5"})
	bad(t, host(locked), Params{"lockout_after": "3"}, "probe.password_rule")
	good(t, host(map[string]string{"etc/pam.d/passwd": "@include system\n", "etc/pam.d/system": "password substack more\n", "etc/pam.d/more": "password requisite pam_pwquality.so minlen=12\n"}), nil)
	blind(t, host(map[string]string{"etc/pam.d/common-password": "@include common-password\n"}), ErrMalformed)
	blind(t, host(nil), ErrUnreadable)
}

// Facts about this host must never pass for facts about another.
func TestProbesLookOnlyAtWhatTheyAreFor(t *testing.T) {
	for _, p := range append(HostProbes(config()), EndpointProbes(config())...) {
		blind(t, lookAt(t, p, Subject{Kind: Host, Address: "another-host.example"}, nil), ErrUnsupported)
		if p.Key() != "own.program" {
			blind(t, lookAt(t, p, Subject{Kind: "building", Address: "hall 3"}, nil), ErrUnsupported)
		}
	}
	named := config()
	named.Machine.Name = "db1.example"
	o := lookAt(t, HostProbes(named)[4], Subject{Kind: Host, Address: "DB1.example"}, nil)
	if o.Error != nil {
		t.Error(o.Error)
	}
}

// Every probe of this host comes back with facts or an error, whatever this host is.
func TestEveryHostProbeLooksAtThisHost(t *testing.T) {
	for _, p := range HostProbes(config()) {
		if testing.Short() && p.Key() == "host.updates" {
			t.Log("-short: apt is not asked about the packages of this host; TestUpdatesAsAptSeesThem asks about others")
			continue
		}
		o := lookAt(t, p, hostSubject(t), nil)
		if o.Error == nil && len(o.Facts) == 0 {
			t.Errorf("%s saw nothing and says nothing", p.Key())
		}
		ok, why := Judge(p.Key(), o.Facts, nil)
		t.Logf("%s: %v %v %+v", p.Key(), ok, why, o.Error)
	}
}

func TestEveryProbeHasAJudgeThatRefusesNothingSeen(t *testing.T) {
	var keys []string
	for _, p := range append(HostProbes(config()), EndpointProbes(config())...) {
		keys = append(keys, p.Key())
		if ok, why := Judge(p.Key(), nil, nil); ok || len(why) == 0 {
			t.Errorf("%s is good without any fact", p.Key())
		}
	}
	slices.Sort(keys)
	if !slices.Equal(keys, Keys()) {
		t.Errorf("probes %v\njudges %v", keys, Keys())
	}
	if ok, _ := Judge("host.unheard_of", nil, nil); ok {
		t.Error("an unknown check is good")
	}
}
