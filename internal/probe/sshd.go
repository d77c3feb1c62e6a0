package probe

import (
	"context"
	"errors"
	"slices"
	"strings"

	"holdfast/internal/isms"
)

// hostSshd is the check "host.sshd": the settings that sshd itself says it would use,
// not those that somebody reads out of its files.
type hostSshd struct {
	clock isms.Clock
	m     Machine
}

func (hostSshd) Key() string { return "host.sshd" }

// settings of sshd -T that become facts, as text.
var sshdSettings = []string{
	"allowtcpforwarding", "clientaliveinterval", "gssapiauthentication", "hostbasedauthentication", "ignorerhosts",
	"kbdinteractiveauthentication", "logingracetime", "loglevel", "maxauthtries", "passwordauthentication",
	"permitemptypasswords", "permitrootlogin", "permituserenvironment", "pubkeyauthentication", "strictmodes", "usepam", "x11forwarding",
}

// Look yields: ssh.NAME for the settings above, ssh.ports, ssh.algorithms (ciphers, MACs,
// key exchanges and host key algorithms).
func (p hostSshd) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	out, errOut, err := l.run(ctx, p.m, "sshd", append([]string{"-T"}, p.m.Sshd...)...)
	if err != nil {
		return l.fail(err)
	}
	if l.Exit != 0 {
		said := string(errOut)
		if unprivileged(errOut) || strings.Contains(said, "no hostkeys available") {
			return l.fail(&CouldNot{Code: ErrNoRight, What: "sshd -T", Right: "run sshd -T as root", Detail: clip(said, 300),
				Grant: "echo 'holdfast ALL=(root) NOPASSWD: /usr/sbin/sshd -T' > /etc/sudoers.d/holdfast-sshd"})
		}
		return l.fail(couldNot(ErrUnreadable, "sshd -T", errors.New(clip(said, 300))))
	}
	seen := 0
	var ports, algorithms []string
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case slices.Contains(sshdSettings, name):
			l.Facts.text("ssh."+name, value)
			seen++
		case name == "port":
			ports = append(ports, value)
		case slices.Contains([]string{"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms"}, name):
			algorithms = append(algorithms, strings.Split(value, ",")...)
		}
	}
	if seen == 0 {
		return l.fail(couldNot(ErrMalformed, "sshd -T", errors.New(clip(string(out), 200))))
	}
	slices.Sort(algorithms)
	l.Facts.list("ssh.ports", ports)
	l.Facts.list("ssh.algorithms", slices.Compact(algorithms))
	return l.done()
}

// weakSSH are algorithms that today's guidance rules out.
var weakSSH = []string{"arcfour", "3des", "blowfish", "cast128", "des-cbc", "hmac-md5", "hmac-sha1-96", "hmac-ripemd160", "diffie-hellman-group1-", "diffie-hellman-group-exchange-sha1", "ssh-dss", "ssh-rsa"}

// judgeSshd: root_login lists the allowed values of PermitRootLogin (default "no
// prohibit-password without-password forced-commands-only"), passwords is "no"
// (default) or "yes", max_auth_tries defaults to 6, algorithms is "modern" (default) or "any".
func judgeSshd(f Facts, p Params, no *refusals) {
	want := func(name string, allowed ...string) {
		v, ok := f.Text("ssh." + name)
		if !ok {
			no.add("probe.fact_missing", "fact", "ssh."+name)
		} else if !slices.Contains(allowed, v) {
			no.add("probe.sshd_setting", "setting", name, "value", v)
		}
	}
	root := words(p, "root_login")
	if len(root) == 0 {
		root = []string{"no", "prohibit-password", "without-password", "forced-commands-only"}
	}
	want("permitrootlogin", root...)
	want("permitemptypasswords", "no")
	want("hostbasedauthentication", "no")
	if p["passwords"] != "yes" {
		want("passwordauthentication", "no")
		want("kbdinteractiveauthentication", "no")
	}
	most, ok := no.whole(p, "max_auth_tries", 6)
	tries, known := f.Text("ssh.maxauthtries")
	if n, valid := rat(tries); !known || !valid {
		no.add("probe.fact_missing", "fact", "ssh.maxauthtries")
	} else if ok && n.Cmp(ratOf(most)) > 0 {
		no.add("probe.sshd_setting", "setting", "maxauthtries", "value", tries)
	}
	if p["algorithms"] == "any" {
		return
	}
	for _, a := range no.list(f, "ssh.algorithms") {
		if slices.ContainsFunc(weakSSH, func(w string) bool { return strings.HasPrefix(a, w) }) {
			no.add("probe.sshd_algorithm", "algorithm", a)
		}
	}
}
