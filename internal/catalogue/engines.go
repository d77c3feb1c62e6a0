package catalogue

// Engines says which probes and rules can run: the keys that the installation knows.
type Engines map[string]bool

// probes are the probes that Holdfast brings: the checks of itself, of hosts, of
// endpoints, of mail, of web pages and of time.
var probes = []string{
	"self.mfa", "self.encryption", "self.tls", "self.backup", "self.restore_drill", "self.ledger", "self.admin_log",
	"host.clock", "host.disk_encryption", "host.firewall", "host.updates", "host.reboot", "host.sshd",
	"host.password_rules", "host.listeners", "host.accounts",
	"endpoint.tls", "endpoint.certificate", "endpoint.https_redirect", "endpoint.hsts",
	"mail.spf", "mail.dkim", "mail.dmarc", "mail.mx",
	"web.security_txt", "web.published_text", "ntp.offset",
}

// OwnProbes returns the probes that this release is planned with. An installation
// passes what it really has to Available; the catalogue marks every other proof
// that needs an engine as coming later.
func OwnProbes() Engines {
	e := make(Engines, len(probes))
	for _, p := range probes {
		e[p] = true
	}
	return e
}

// Available tells whether a proof can be chosen: a duty always, a check or a rule
// only if its engine is there. What cannot run must not be promised.
func Available(p Proof, engines Engines) bool {
	switch p.Kind {
	case Duty:
		return true
	case Check:
		return engines[p.Probe]
	case Rule:
		return engines[p.Rule]
	}
	return false
}
