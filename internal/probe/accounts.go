package probe

import (
	"context"
	"errors"
	"slices"
	"strings"

	"holdfast/internal/isms"
)

// hostAccounts is the check "host.accounts": who can sign in to this host locally?
type hostAccounts struct {
	clock isms.Clock
	m     Machine
}

func (hostAccounts) Key() string { return "host.accounts" }

// Look yields: accounts.uid0, accounts.interactive (a shell to sign in to),
// accounts.empty_password, accounts.with_password. The last two need /etc/shadow.
func (p hostAccounts) Look(_ context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	l.Source = "/etc/passwd, /etc/shadow"
	passwd, err := l.read(p.m, "/etc/passwd")
	if err != nil {
		return l.fail(err)
	}
	var zero, interactive, empty, with []string
	for line := range strings.Lines(string(passwd)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 7 {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-") {
				continue // a reference to a directory service
			}
			return l.fail(couldNot(ErrMalformed, "/etc/passwd", errors.New("a line without seven fields")))
		}
		if strings.Trim(f[2], "0") == "" {
			zero = append(zero, f[0])
		}
		if f[1] == "" {
			empty = append(empty, f[0])
		}
		if shell := f[6][strings.LastIndexByte(f[6], '/')+1:]; !slices.Contains([]string{"nologin", "false", "sync", "true", "shutdown", "halt"}, shell) {
			interactive = append(interactive, f[0])
		}
	}
	l.Facts.list("accounts.uid0", sorted(zero))
	l.Facts.list("accounts.interactive", sorted(interactive))
	shadow, err := p.m.read("/etc/shadow") // not in the digest: guessing must not be made easy
	if err != nil {
		var c *CouldNot
		if errors.As(err, &c) && c.Code == ErrNoRight {
			c.Grant = "usermod -aG shadow holdfast"
		}
		return l.fail(err)
	}
	for line := range strings.Lines(string(shadow)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		switch {
		case len(f) < 2:
		case f[1] == "":
			empty = append(empty, f[0])
		case f[1][0] != '!' && f[1][0] != '*':
			with = append(with, f[0])
		}
	}
	l.Facts.list("accounts.empty_password", sorted(empty))
	l.Facts.list("accounts.with_password", sorted(with))
	return l.done()
}

func sorted(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

// judgeAccounts: root lists the accounts that may have uid 0 (default root); interactive,
// if set, lists all that may sign in.
func judgeAccounts(f Facts, p Params, no *refusals) {
	root := words(p, "root")
	if len(root) == 0 {
		root = []string{"root"}
	}
	for _, a := range without(no.list(f, "accounts.uid0"), root) {
		no.add("probe.account_root", "account", a)
	}
	for _, a := range no.list(f, "accounts.empty_password") {
		no.add("probe.account_empty_password", "account", a)
	}
	if p["interactive"] == "" {
		return
	}
	for _, a := range without(no.list(f, "accounts.interactive"), words(p, "interactive")) {
		no.add("probe.account_interactive", "account", a)
	}
}
