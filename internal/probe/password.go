package probe

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// hostPasswords is the check "host.password_rules": what does this host demand of a new
// local password, and what of somebody who guesses? It reads what PAM would use.
type hostPasswords struct {
	clock isms.Clock
	m     Machine
}

func (hostPasswords) Key() string { return "host.password_rules" }

// Look yields: password.min_length, password.min_classes, password.quality (a module
// judges new passwords), password.max_days, password.hash, password.lockout,
// password.lockout_after (failures).
func (p hostPasswords) Look(_ context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	l.Source = "/etc/pam.d, /etc/security, /etc/login.defs"
	stack, err := p.stack(l, "common-password", "system-auth", "passwd")
	if err != nil {
		return l.fail(err)
	}
	auth, err := p.stack(l, "common-auth", "system-auth", "login")
	if err != nil {
		return l.fail(err)
	}
	if err := p.quality(l, stack); err != nil {
		return l.fail(err)
	}
	if err := p.lockout(l, auth); err != nil {
		return l.fail(err)
	}
	defs, err := l.read(p.m, "/etc/login.defs")
	if err != nil {
		return l.fail(err)
	}
	values := settings(string(defs), " \t")
	if n, err := strconv.ParseInt(values["PASS_MAX_DAYS"], 10, 64); err == nil {
		l.Facts.int("password.max_days", n, "d")
	}
	hash := strings.ToLower(values["ENCRYPT_METHOD"])
	for _, m := range stack {
		for _, h := range []string{"yescrypt", "sha512", "sha256", "blowfish", "gost_yescrypt", "md5", "bigcrypt"} {
			if m.module == "pam_unix.so" && slices.Contains(m.args, h) {
				hash = h
			}
		}
	}
	l.Facts.text("password.hash", hash)
	return l.done()
}

// pamLine is one module of a stack.
type pamLine struct {
	kind, module string
	args         []string
}

func (m pamLine) value(name string) (string, bool) {
	for _, a := range m.args {
		if v, ok := strings.CutPrefix(a, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// stack reads the first of the PAM services that exists, with what it includes.
func (p hostPasswords) stack(l *look, services ...string) ([]pamLine, error) {
	for _, s := range services {
		out, err := p.service(l, s, 0)
		if missing(err) {
			continue
		}
		return out, err
	}
	return nil, &CouldNot{Code: ErrUnreadable, What: "/etc/pam.d/" + services[0]}
}

func (p hostPasswords) service(l *look, name string, depth int) ([]pamLine, error) {
	if depth > 8 {
		return nil, couldNot(ErrMalformed, "/etc/pam.d/"+name, errors.New("includes itself"))
	}
	b, err := l.read(p.m, filepath.Join("/etc/pam.d", filepath.Base(name)))
	if err != nil {
		return nil, err
	}
	var out []pamLine
	text := strings.ReplaceAll(string(b), "\\\n", " ")
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if i := strings.IndexByte(line, '['); i >= 0 { // a control such as [success=1 default=ignore]
			if k := strings.IndexByte(line[i:], ']'); k >= 0 {
				line = line[:i] + "control" + line[i+k+1:]
			}
		}
		f := strings.Fields(line)
		include := ""
		switch {
		case len(f) == 2 && f[0] == "@include":
			include = f[1]
		case len(f) >= 3 && (f[1] == "include" || f[1] == "substack"):
			include = f[2]
		case len(f) >= 3:
			out = append(out, pamLine{strings.TrimPrefix(f[0], "-"), filepath.Base(f[2]), f[3:]})
		}
		if include != "" {
			more, err := p.service(l, include, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

// quality notes what a new password must be. An argument in the stack goes before the
// module's file, which goes before its default.
func (p hostPasswords) quality(l *look, stack []pamLine) error {
	length, classes, quality := int64(6), int64(0), false // pam_unix's own least length
	for _, m := range stack {
		if m.kind != "password" {
			continue
		}
		switch m.module {
		case "pam_unix.so":
			if n, ok := number(m.value("minlen")); ok && !quality {
				length = n
			}
		case "pam_pwquality.so", "pam_cracklib.so":
			quality = true
			values := map[string]string{}
			if m.module == "pam_pwquality.so" {
				var err error
				if values, err = p.settings(l, "/etc/security/pwquality.conf", "/etc/security/pwquality.conf.d/*.conf"); err != nil {
					return err
				}
			}
			for _, name := range []string{"minlen", "minclass"} {
				if v, ok := m.value(name); ok {
					values[name] = v
				}
			}
			length = 8
			if m.module == "pam_cracklib.so" {
				length = 9
			}
			if n, ok := number(values["minlen"], true); ok {
				length = max(n, 6) // the modules take nothing less
			}
			if n, ok := number(values["minclass"], true); ok {
				classes = n
			}
		}
	}
	l.Facts.bool("password.quality", quality)
	l.Facts.int("password.min_length", length, "characters")
	l.Facts.int("password.min_classes", classes, "")
	return nil
}

// lockout notes what happens to somebody who guesses.
func (p hostPasswords) lockout(l *look, auth []pamLine) error {
	locks := false
	for _, m := range auth {
		if m.kind != "auth" || m.module != "pam_faillock.so" && m.module != "pam_tally2.so" {
			continue
		}
		values := map[string]string{"deny": "3"}
		if m.module == "pam_faillock.so" {
			set, err := p.settings(l, "/etc/security/faillock.conf")
			if err != nil {
				return err
			}
			maps.Copy(values, set)
		}
		if v, ok := m.value("deny"); ok {
			values["deny"] = v
		}
		if n, ok := number(values["deny"], true); ok && n > 0 && !locks {
			locks = true
			l.Facts.int("password.lockout_after", n, "")
		}
	}
	l.Facts.bool("password.lockout", locks)
	return nil
}

// settings reads files of "name = value", the later going before the earlier; one that
// is not there says nothing.
func (p hostPasswords) settings(l *look, patterns ...string) (map[string]string, error) {
	out := map[string]string{}
	for _, pattern := range patterns {
		root := filepath.Join("/", p.m.Root)
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			rel, err := filepath.Rel(root, n)
			if err != nil {
				return nil, err
			}
			b, err := l.read(p.m, "/"+rel)
			if err != nil {
				return nil, err
			}
			maps.Copy(out, settings(string(b), "="))
		}
	}
	return out, nil
}

// settings reads lines of name and value with # comments.
func settings(text, separators string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if i := strings.IndexAny(line, separators); i > 0 {
			out[strings.TrimSpace(line[:i])] = strings.TrimSpace(line[i+1:])
		}
	}
	return out
}

func number(s string, ok bool) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, ok && err == nil
}

// judgePasswordRules: min_length defaults to 12; max_days, min_classes and lockout_after
// are demanded where they are set.
func judgePasswordRules(f Facts, p Params, no *refusals) {
	least := func(param, fact string, byDefault int64) {
		want, ok := no.whole(p, param, byDefault)
		if n, known := f.Int(fact); !known {
			no.add("probe.fact_missing", "fact", fact)
		} else if ok && n < want {
			no.add("probe.password_rule", "rule", param, "seen", decimalOf(n), "wanted", decimalOf(want))
		}
	}
	most := func(param, fact string) {
		if p[param] == "" {
			return
		}
		want, ok := no.whole(p, param, 0)
		if n, known := f.Int(fact); !known {
			no.add("probe.fact_missing", "fact", fact)
		} else if ok && n > want {
			no.add("probe.password_rule", "rule", param, "seen", decimalOf(n), "wanted", decimalOf(want))
		}
	}
	least("min_length", "password.min_length", 12)
	if p["min_classes"] != "" {
		least("min_classes", "password.min_classes", 0)
	}
	most("max_days", "password.max_days")
	most("lockout_after", "password.lockout_after")
	if hash, ok := f.Text("password.hash"); !ok {
		no.add("probe.fact_missing", "fact", "password.hash")
	} else if slices.Contains([]string{"des", "md5", "bigcrypt", ""}, hash) {
		no.add("probe.password_hash", "hash", hash)
	}
}
