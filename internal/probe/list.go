package probe

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"slices"
	"strings"

	"holdfast/internal/isms"
)

// Config is what the probes need to know of the installation.
type Config struct {
	Clock   isms.Clock     // required
	Machine Machine        // this host
	Guard   Guard          // which addresses may be reached
	Roots   *x509.CertPool // whom to trust; nil: whom the system trusts
}

// HostProbes are the probes of the host that they run on. They look at no other host,
// whatever the subject's name.
func HostProbes(c Config) []Probe {
	here := func(p Probe) Probe { return fitting{p, c, []SubjectKind{Host}} }
	return []Probe{
		here(hostAccounts{c.Clock, c.Machine}),
		here(hostClock{c.Clock, c.Machine}),
		here(hostDisk{c.Clock, c.Machine}),
		here(hostFirewall{c.Clock, c.Machine}),
		here(hostListeners{c.Clock, c.Machine}),
		here(hostPasswords{c.Clock, c.Machine}),
		here(hostReboot{c.Clock, c.Machine}),
		here(hostSshd{c.Clock, c.Machine}),
		here(hostUpdates{c.Clock, c.Machine}),
		fitting{ownProgram{c.Clock, c.Machine}, c, []SubjectKind{Host, Endpoint, MailDomain, WebPage, TimeServer}},
	}
}

// EndpointProbes are the probes of what the network offers.
func EndpointProbes(c Config) []Probe {
	trusting := web{guard: c.Guard, roots: c.Roots}
	// Certificates are for endpoint.certificate to judge; these two look behind a bad one.
	anyone := web{guard: c.Guard, roots: c.Roots, any: true}
	records := mail{c.Clock, c.Guard}
	of := func(kind SubjectKind, p Probe) Probe { return fitting{p, c, []SubjectKind{kind}} }
	return []Probe{
		of(Endpoint, endpointCertificate{c.Clock, c.Guard, c.Roots}),
		of(Endpoint, endpointHSTS{c.Clock, anyone}),
		of(Endpoint, endpointRedirect{c.Clock, anyone}),
		of(Endpoint, endpointTLS{c.Clock, c.Guard}),
		of(MailDomain, mailDKIM{records}),
		of(MailDomain, mailDMARC{records}),
		of(MailDomain, mailMX{records}),
		of(MailDomain, mailSPF{records}),
		of(TimeServer, ntpOffset{c.Clock, c.Guard}),
		of(WebPage, publishedText{c.Clock, trusting}),
		of(Endpoint, securityTxt{c.Clock, trusting}),
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

// fitting keeps a probe from looking at what it is not for. Facts about one host that
// are told of another would be worse than none.
type fitting struct {
	Probe
	c     Config
	kinds []SubjectKind
}

// Look looks if the subject is one for this probe.
func (p fitting) Look(ctx context.Context, s Subject, params Params) Observation {
	asked := s
	var err error
	switch {
	case !slices.Contains(p.kinds, s.Kind) || s.Address == "":
		err = couldNot(ErrUnsupported, s.Address, errors.New(p.Key()+" does not look at subjects of the kind "+string(s.Kind)))
	case s.Kind == Host:
		err = p.c.Machine.is(s.Address)
	case s.Kind == Endpoint:
		s.Address = withPort(s.Address, "443")
	case s.Kind == TimeServer:
		s.Address = withPort(s.Address, "123")
	}
	if err != nil {
		return start(p.c.Clock, p.Key(), asked).fail(err)
	}
	o := p.Probe.Look(ctx, s, params)
	o.Subject = asked
	return o
}

// is tells whether this machine has the name.
func (m Machine) is(name string) error {
	own := m.Name
	if own == "" {
		var err error
		if own, err = os.Hostname(); err != nil {
			return couldNot(ErrUnreadable, "hostname", err)
		}
	}
	if !strings.EqualFold(own, name) {
		return couldNot(ErrUnsupported, name, errors.New("this host is "+own+"; "+name+" needs an agent of its own"))
	}
	return nil
}
