package probe

import (
	"crypto/x509"
	"slices"

	"holdfast/internal/isms"
)

// Config is what the probes need to know of the installation.
type Config struct {
	Clock   isms.Clock     // required
	Machine Machine        // this host
	Guard   Guard          // which addresses may be reached
	Roots   *x509.CertPool // whom to trust; nil: whom the system trusts
}

// HostProbes are the probes of the host that they run on.
func HostProbes(c Config) []Probe {
	return []Probe{
		hostAccounts{c.Clock, c.Machine},
		hostClock{c.Clock, c.Machine},
		hostDisk{c.Clock, c.Machine},
		hostFirewall{c.Clock, c.Machine},
		hostListeners{c.Clock, c.Machine},
		hostPasswords{c.Clock, c.Machine},
		hostReboot{c.Clock, c.Machine},
		hostSshd{c.Clock, c.Machine},
		hostUpdates{c.Clock, c.Machine},
		ownProgram{c.Clock, c.Machine},
	}
}

// EndpointProbes are the probes of what the network offers.
func EndpointProbes(c Config) []Probe {
	trusting := web{guard: c.Guard, roots: c.Roots}
	// Certificates are for endpoint.certificate to judge; these two look behind a bad one.
	anyone := web{guard: c.Guard, roots: c.Roots, any: true}
	records := mail{c.Clock, c.Guard}
	return []Probe{
		endpointCertificate{c.Clock, c.Guard, c.Roots},
		endpointHSTS{c.Clock, anyone},
		endpointRedirect{c.Clock, anyone},
		endpointTLS{c.Clock, c.Guard},
		mailDKIM{records},
		mailDMARC{records},
		mailMX{records},
		mailSPF{records},
		ntpOffset{c.Clock, c.Guard},
		publishedText{c.Clock, trusting},
		securityTxt{c.Clock, trusting},
	}
}

// Keys lists the checks that Judge knows, sorted.
func Keys() []string {
	out := make([]string, 0, len(judges))
	for k := range judges {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
