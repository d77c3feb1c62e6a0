package probe

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/ntp"

	"holdfast/internal/isms"
)

// ntpOffset is the check "ntp.offset": does a time server answer, and how far is its time
// from ours?
type ntpOffset struct {
	clock isms.Clock
	guard Guard
}

func (ntpOffset) Key() string { return "ntp.offset" }

// Look yields: ntp.offset (s, theirs minus ours), ntp.delay (s), ntp.stratum,
// ntp.reference, ntp.usable (the answer may be used to set a clock), ntp.unusable (why not).
func (p ntpOffset) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	r, err := ntp.QueryWithOptions(s.Address, ntp.QueryOptions{Timeout: p.guard.timeout(),
		Dialer: func(_, remote string) (net.Conn, error) { return p.guard.Dial(ctx, "udp", remote) }})
	var c *CouldNot
	var timeout net.Error
	switch {
	case errors.As(err, &c):
		return l.fail(c)
	case errors.As(err, &timeout) && timeout.Timeout():
		return l.fail(couldNot(ErrTimeout, s.Address, err))
	case err != nil:
		return l.fail(couldNot(ErrUnreachable, s.Address, err))
	}
	if !l.Facts.decimal("ntp.offset", seconds(r.ClockOffset), "s") || !l.Facts.decimal("ntp.delay", seconds(r.RTT), "s") {
		return l.fail(couldNot(ErrMalformed, s.Address, nil))
	}
	l.Facts.int("ntp.stratum", int64(r.Stratum), "")
	l.Facts.text("ntp.reference", r.ReferenceString())
	err = r.Validate()
	l.Facts.bool("ntp.usable", err == nil)
	if err != nil {
		l.Facts.text("ntp.unusable", err.Error())
	}
	return l.done()
}

// seconds writes a duration as decimal seconds.
func seconds(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	frac := strconv.FormatInt(int64(d%time.Second), 10)
	return sign + strconv.FormatInt(int64(d/time.Second), 10) + "." + strings.Repeat("0", 9-len(frac)) + frac
}

// judgeNTP: max_offset is the greatest offset allowed in seconds, default 1; max_stratum
// defaults to 15.
func judgeNTP(f Facts, p Params, no *refusals) {
	why, _ := f.Text("ntp.unusable")
	no.mustBe(f, "ntp.usable", true, "probe.ntp_unusable", "why", why)
	most := no.decimal(p, "max_offset", "1")
	offset, known := f.Decimal("ntp.offset")
	if !known {
		no.add("probe.fact_missing", "fact", "ntp.offset")
	} else if most != nil && offset.Abs(offset).Cmp(most) > 0 {
		no.add("probe.clock_offset", "offset", offset.FloatString(6), "most", most.RatString())
	}
	top, ok := no.whole(p, "max_stratum", 15)
	if n, known := f.Int("ntp.stratum"); !known || ok && n > top {
		no.add("probe.ntp_stratum", "stratum", decimalOf(n))
	}
}
