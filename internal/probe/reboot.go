package probe

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/internal/isms"
)

// hostReboot is the check "host.reboot": does this host still run what updates have
// already replaced?
type hostReboot struct {
	clock isms.Clock
	m     Machine
}

func (hostReboot) Key() string { return "host.reboot" }

// Look yields: reboot.marked (something on this host asks for reboots when they are
// due), reboot.required, reboot.packages, kernel.running, kernel.newest, kernel.old,
// uptime (s).
func (p hostReboot) Look(_ context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	l.Source = "/run/reboot-required, /boot"
	exists := func(path string) bool {
		_, err := os.Stat(filepath.Join("/", p.m.Root, path))
		return err == nil
	}
	required := exists("/run/reboot-required") || exists("/var/run/reboot-required")
	marked := required || exists("/usr/share/update-notifier/notify-reboot-required") || exists("/etc/kernel/postinst.d/unattended-upgrades")
	l.Facts.bool("reboot.marked", marked)
	l.Facts.bool("reboot.required", required)
	if b, err := l.read(p.m, "/run/reboot-required.pkgs"); err == nil {
		packages := strings.Fields(string(b))
		slices.Sort(packages)
		l.Facts.list("reboot.packages", slices.Compact(packages))
	}
	running, err := l.read(p.m, "/proc/sys/kernel/osrelease")
	if err != nil {
		return l.fail(err)
	}
	release := strings.TrimSpace(string(running))
	l.Facts.text("kernel.running", release)
	if b, err := p.m.read("/proc/uptime"); err == nil {
		seconds, _, _ := strings.Cut(string(b), " ")
		l.Facts.decimal("uptime", seconds, "s")
	}
	kernels, err := filepath.Glob(filepath.Join("/", p.m.Root, "boot/vmlinuz-*"))
	if err != nil {
		return l.fail(err)
	}
	if len(kernels) == 0 && !marked {
		return l.fail(&CouldNot{Code: ErrUnclear, What: "/run/reboot-required", Grant: "apt-get install unattended-upgrades",
			Detail: "no kernel in /boot and nothing that marks a due reboot"})
	}
	if len(kernels) > 0 {
		newest := ""
		for _, k := range kernels {
			if v := strings.TrimPrefix(filepath.Base(k), "vmlinuz-"); newest == "" || versionLess(newest, v) {
				newest = v
			}
		}
		l.Facts.text("kernel.newest", newest)
		l.Facts.bool("kernel.old", versionLess(release, newest))
	}
	return l.done()
}

// versionLess compares versions such as 6.1.0-9-amd64 and 6.1.0-10-amd64: runs of
// digits by value, all else by character.
func versionLess(a, b string) bool {
	for a != "" && b != "" {
		da, db := digits(a), digits(b)
		if da > 0 && db > 0 {
			x, y := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if len(x) != len(y) {
				return len(x) < len(y)
			}
			if x != y {
				return x < y
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return a[0] < b[0]
		}
		a, b = a[1:], b[1:]
	}
	return a == "" && b != ""
}

func digits(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

func judgeReboot(f Facts, _ Params, no *refusals) {
	no.mustBe(f, "reboot.required", false, "probe.reboot_required")
	marked, _ := f.Bool("reboot.marked")
	old, known := f.Bool("kernel.old")
	if !known && !marked {
		no.add("probe.fact_missing", "fact", "kernel.newest")
	}
	if old {
		running, _ := f.Text("kernel.running")
		newest, _ := f.Text("kernel.newest")
		no.add("probe.kernel_old", "running", running, "newest", newest)
	}
}
