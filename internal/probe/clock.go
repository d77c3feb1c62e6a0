package probe

import (
	"context"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// hostClock is the check "host.clock": is this host's clock kept by a time source, by
// which one, and how far is it off?
//
// It asks chrony where chrony is installed; else systemd; else the kernel alone.
type hostClock struct {
	clock isms.Clock
	m     Machine
}

func (hostClock) Key() string { return "host.clock" }

// services are programs that keep a clock, by their process name.
var services = map[string]string{
	"chronyd": "chrony", "ntpd": "ntpd", "ntpsec-ntpd": "ntpd", "systemd-timesyn": "systemd-timesyncd",
	"ptp4l": "ptp", "phc2sys": "ptp", "openntpd": "openntpd",
}

// Look yields: clock.service, clock.answering, clock.synchronised, clock.reference,
// clock.local (kept by itself only), clock.stratum, clock.offset (s), clock.max_error (s),
// clock.sources, clock.kernel_synchronised.
func (p hostClock) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	kernel := kernelClock(&l.Facts)
	err := p.chrony(ctx, l)
	var c *CouldNot
	if !errors.As(err, &c) || c.Code != ErrNotInstalled {
		if err != nil {
			return l.fail(err)
		}
		return l.done()
	}
	if p.systemd(ctx, l) == nil {
		return l.done()
	}
	if kernel != nil {
		return l.fail(kernel)
	}
	l.Source, l.Exit = "adjtimex", -1
	synchronised, _ := l.Facts.Bool("clock.kernel_synchronised")
	l.Facts.text("clock.service", p.running())
	l.Facts.bool("clock.synchronised", synchronised)
	return l.done()
}

// chrony asks the running chronyd. If the program is there and the daemon does not
// answer, that is a fact: the clock is not being kept.
func (p hostClock) chrony(ctx context.Context, l *look) error {
	out, errOut, err := l.run(ctx, p.m, "chronyc", slices.Concat(p.m.Chronyc, []string{"-c", "tracking"})...)
	if err != nil {
		return err
	}
	answer := strings.TrimSpace(string(out))
	silent := l.Exit != 0 || answer == "" || strings.HasPrefix(answer, "506")
	if other := p.running(); silent && other != "" && other != "chrony" {
		return &CouldNot{Code: ErrNotInstalled, What: "chronyd"} // installed, but another service keeps the clock
	}
	l.Facts.text("clock.service", "chrony")
	if silent {
		l.Facts.bool("clock.answering", false)
		l.Facts.bool("clock.synchronised", false)
		l.Facts.text("clock.said", strings.TrimSpace(answer+" "+string(errOut)))
		return nil
	}
	f := strings.Split(answer, ",")
	if len(f) != 14 {
		return couldNot(ErrMalformed, "chronyc tracking", errors.New(clip(answer, 200)))
	}
	l.Facts.bool("clock.answering", true)
	local := f[0] == "7F7F0101" || strings.HasPrefix(f[0], "7F7F")
	l.Facts.bool("clock.local", local)
	l.Facts.bool("clock.synchronised", f[13] != "Not synchronised" && !local)
	l.Facts.text("clock.reference", f[1])
	stratum, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil || !l.Facts.decimal("clock.offset", f[4], "s") {
		return couldNot(ErrMalformed, "chronyc tracking", errors.New(clip(answer, 200)))
	}
	l.Facts.int("clock.stratum", stratum, "")
	source := l.Source
	out, _, err = l.run(ctx, p.m, "chronyc", slices.Concat(p.m.Chronyc, []string{"-n", "-c", "sources"})...)
	l.Source = source
	if err != nil || l.Exit != 0 {
		return nil // the sources are for reading only; the clock was seen
	}
	var sources []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSpace(line), ","); len(f) > 3 {
			state := map[string]string{"*": "selected", "+": "combined", "-": "not combined", "?": "unusable", "x": "wrong", "~": "unsteady"}[f[1]]
			sources = append(sources, f[2]+" "+state)
		}
	}
	l.Facts.list("clock.sources", sources)
	return nil
}

// systemd asks timedatectl, which knows whether but not how far.
func (p hostClock) systemd(ctx context.Context, l *look) error {
	out, errOut, err := l.run(ctx, p.m, "timedatectl", "show", "-p", "NTP", "-p", "NTPSynchronized")
	if err != nil {
		return err
	}
	value := map[string]string{}
	for line := range strings.Lines(string(out)) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		value[k] = v
	}
	if l.Exit != 0 || value["NTPSynchronized"] == "" {
		l.Exit = -1
		return couldNot(ErrUnreadable, "timedatectl", errors.New(clip(string(errOut), 200)))
	}
	service := p.running()
	if service == "" && value["NTP"] == "yes" {
		service = "systemd-timesyncd"
	}
	l.Facts.text("clock.service", service)
	l.Facts.bool("clock.synchronised", value["NTPSynchronized"] == "yes")
	return nil
}

// running finds a time service among the processes.
func (p hostClock) running() string {
	names, err := filepath.Glob(filepath.Join("/", p.m.Root, "proc/[0-9]*/comm"))
	if err != nil {
		return ""
	}
	for _, n := range names {
		comm, err := os.ReadFile(n)
		if err != nil {
			continue // the process ended meanwhile
		}
		if s := services[strings.TrimSpace(string(comm))]; s != "" {
			return s
		}
	}
	return ""
}

// judgeClock: max_offset is the greatest offset allowed in seconds, default 1; source,
// if set, must be among the sources that chrony has selected or combines.
func judgeClock(f Facts, p Params, no *refusals) {
	if answering, ok := f.Bool("clock.answering"); ok && !answering {
		service, _ := f.Text("clock.service")
		no.add("probe.clock_service_silent", "service", service)
		return
	}
	if local, _ := f.Bool("clock.local"); local {
		no.add("probe.clock_local")
	}
	if !no.need(f, BoolFact, "clock.synchronised") {
		return
	}
	if ok, _ := f.Bool("clock.synchronised"); !ok {
		no.add("probe.clock_unsynchronised")
		return
	}
	most := no.decimal(p, "max_offset", "1")
	offset, known := f.Decimal("clock.offset")
	if !known {
		offset, known = f.Decimal("clock.max_error")
	}
	switch {
	case !known:
		no.add("probe.fact_missing", "fact", "clock.offset")
	case most != nil && new(big.Rat).Abs(offset).Cmp(most) > 0:
		no.add("probe.clock_offset", "offset", offset.FloatString(6), "most", most.RatString())
	}
	if want := p["source"]; want != "" {
		sources, _ := f.List("clock.sources")
		reference, _ := f.Text("clock.reference")
		for _, s := range sources {
			if s == want+" selected" || s == want+" combined" {
				return
			}
		}
		if reference != want {
			no.add("probe.clock_source", "source", want, "reference", reference)
		}
	}
}
