package probe

import (
	"math/big"
	"strings"
)

// Measure is a figure that a look saw, which a clause may promise in its own words:
// "TLS 1.2 or higher", "within one second". Value is a plain decimal.
type Measure struct{ Name, Value string }

// Names of measures; a figure of a clause or control that is to be judged by them has
// the same name.
const (
	TLSVersion      = "tls_version"      // the lowest version of TLS spoken; SSL 3.0 is 0
	ClockOffset     = "clock_offset"     // seconds, without sign
	CertificateDays = "certificate_days" // whole days that the certificate still holds
	HSTSAge         = "hsts_age"         // seconds
	PasswordLength  = "password_length"  // characters at least
	LockoutAfter    = "lockout_after"    // failures
	SecurityUpdates = "security_updates" // number pending
)

// Measures lists the figures in the facts of a check. It leaves out what was not seen.
func Measures(key string, f Facts) []Measure {
	whole := func(name, fact string, per int64) []Measure {
		n, ok := f.Int(fact)
		if !ok {
			return nil
		}
		if n < 0 {
			n -= per - 1 // so that a day begun below zero is a day less, not none
		}
		return []Measure{{name, decimalOf(n / per)}}
	}
	switch key {
	case "endpoint.tls":
		yes, ok := f.List("tls.accepted")
		if _, open := f.List("tls.unclear"); !ok || open || len(yes) == 0 {
			return nil
		}
		return []Measure{{TLSVersion, strings.Replace(yes[0], "ssl3", "0", 1)}}
	case "host.clock":
		return offset(f, "clock.offset")
	case "ntp.offset":
		return offset(f, "ntp.offset")
	case "endpoint.certificate":
		return whole(CertificateDays, "cert.seconds_left", 86400)
	case "endpoint.hsts":
		return whole(HSTSAge, "hsts.max_age", 1)
	case "host.password_rules":
		return append(whole(PasswordLength, "password.min_length", 1), whole(LockoutAfter, "password.lockout_after", 1)...)
	case "host.updates":
		return whole(SecurityUpdates, "updates.security.count", 1)
	}
	return nil
}

func offset(f Facts, name string) []Measure {
	n, ok := f.Decimal(name)
	if !ok {
		return nil
	}
	return []Measure{{ClockOffset, new(big.Rat).Abs(n).FloatString(9)}}
}
