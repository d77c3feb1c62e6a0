package probe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/internal/isms"
)

// hostUpdates is the check "host.updates": which packages would the package manager
// renew, and which of them for security? It simulates; nothing is fetched or changed.
type hostUpdates struct {
	clock isms.Clock
	m     Machine
}

func (hostUpdates) Key() string { return "host.updates" }

// Look yields: updates.pending and updates.security (packages), updates.list_age
// (seconds since the list of packages was last fetched: an old list knows no news).
func (p hostUpdates) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	out, errOut, err := l.run(ctx, p.m, "apt-get", "-s", "-q", "-o", "Debug::NoLocking=1", "dist-upgrade")
	if err != nil {
		return l.fail(err)
	}
	if l.Exit != 0 {
		return l.fail(couldNot(ErrUnreadable, "apt-get", errors.New(clip(string(errOut), 300))))
	}
	pending, security := readSimulation(string(out))
	l.Facts.list("updates.pending", pending)
	l.Facts.list("updates.security", security)
	fetched, err := p.fetched()
	if err != nil {
		return l.fail(err)
	}
	l.Facts.int("updates.list_age", int64(p.clock.Now().Time().Sub(fetched)/time.Second), "s")
	return l.done()
}

// readSimulation reads lines such as
//
//	Inst libc6 [2.36-9] (2.36-9+deb12u3 Debian-Security:12/stable-security [amd64])
func readSimulation(out string) (pending, security []string) {
	for line := range strings.Lines(out) {
		rest, ok := strings.CutPrefix(line, "Inst ")
		if !ok || !strings.Contains(rest, "[") || strings.Index(rest, "[") > strings.Index(rest, "(") {
			continue // a new package, not a renewed one
		}
		name, _, _ := strings.Cut(rest, " ")
		pending = append(pending, name)
		_, origin, _ := strings.Cut(rest, "(")
		if strings.Contains(strings.ToLower(origin), "security") {
			security = append(security, name)
		}
	}
	return pending, security
}

// fetched is when the lists of packages last came in.
func (p hostUpdates) fetched() (time.Time, error) {
	root := filepath.Join("/", p.m.Root)
	var newest time.Time
	for _, pattern := range []string{"var/lib/apt/lists/*_Packages*", "var/lib/apt/lists/*Release", "var/lib/apt/periodic/update-success-stamp"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return newest, err
		}
		for _, n := range names {
			if st, err := os.Stat(n); err == nil && st.ModTime().After(newest) {
				newest = st.ModTime()
			}
		}
	}
	// A server may hold old lists for news: apt keeps the server's time on the lists, and
	// the directory shows when it last looked.
	if st, err := os.Stat(filepath.Join(root, "var/lib/apt/lists/partial")); err == nil && !newest.IsZero() && st.ModTime().After(newest) {
		newest = st.ModTime()
	}
	if newest.IsZero() {
		return newest, &CouldNot{Code: ErrUnreadable, What: "/var/lib/apt/lists", Grant: "apt-get update"}
	}
	return newest, nil
}

// judgeUpdates: max_security is the number of pending security updates allowed, default
// 0; max_list_age the greatest age of the list in hours, default 48.
func judgeUpdates(f Facts, p Params, no *refusals) {
	most, ok := no.whole(p, "max_security", 0)
	if n, known := f.Int("updates.security.count"); !known {
		no.add("probe.fact_missing", "fact", "updates.security")
	} else if ok && n > most {
		no.add("probe.updates_security", "n", decimalOf(n), "most", decimalOf(most))
	}
	hours, ok := no.whole(p, "max_list_age", 48)
	if age, known := f.Int("updates.list_age"); !known {
		no.add("probe.fact_missing", "fact", "updates.list_age")
	} else if ok && age > hours*3600 {
		no.add("probe.updates_list_old", "hours", decimalOf(age/3600), "most", decimalOf(hours))
	}
}
