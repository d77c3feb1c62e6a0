package probe

import (
	"slices"

	"holdfast/internal/isms"
)

// Config is what the probes need to know of the installation.
type Config struct {
	Clock   isms.Clock // required
	Machine Machine    // this host
	Guard   Guard      // which addresses may be reached
}

// HostProbes are the probes of the host that they run on.
func HostProbes(c Config) []Probe {
	return []Probe{
		hostClock{c.Clock, c.Machine},
	}
}

// EndpointProbes are the probes of what the network offers.
func EndpointProbes(c Config) []Probe {
	return []Probe{
		endpointTLS{c.Clock, c.Guard},
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
