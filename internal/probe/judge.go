package probe

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// judges are the built-in conditions by check. Each is a pure function: it adds a
// refusal for everything in the facts that is not as it must be. A fact that it needs
// and does not find is a refusal too.
var judges = map[string]func(Facts, Params, *refusals){
	"host.accounts":        judgeAccounts,
	"host.clock":           judgeClock,
	"host.disk_encryption": judgeDisk,
	"host.firewall":        judgeFirewall,
	"host.listeners":       judgeListeners,
	"host.password_rules":  judgePasswordRules,
	"host.reboot":          judgeReboot,
	"host.sshd":            judgeSshd,
	"host.updates":         judgeUpdates,

	"endpoint.certificate":    judgeCertificate,
	"endpoint.hsts":           judgeHSTS,
	"endpoint.https_redirect": judgeRedirect,
	"endpoint.tls":            judgeTLS,
	"mail.dkim":               judgeDKIM,
	"mail.dmarc":              judgeDMARC,
	"mail.mx":                 judgeMX,
	"mail.spf":                judgeSPF,
	"ntp.offset":              judgeNTP,
	"web.published_text":      judgePublished,
	"web.security_txt":        judgeSecurityTxt,

	"own.program": judgeProgram,
}

// Judge says whether the facts of a check are good under the given parameters, and if
// not, why. It does no I/O. An observation with an Error must not be judged: it saw
// nothing. A check that Judge does not know is never good.
//
// The parameter condition adds an organisation's own condition (see CheckExpression) to
// the built-in one; with builtin set to "off" it stands alone.
func Judge(key string, facts Facts, params Params) (ok bool, reasons []isms.Reason) {
	judge := judges[key]
	if judge == nil {
		return false, []isms.Reason{isms.Because("probe.check_unknown", "check", key)}
	}
	var no refusals
	condition := params["condition"]
	if condition == "" || params["builtin"] != "off" {
		judge(facts, params, &no)
	}
	if condition != "" {
		judgeExpression(condition, facts, params, &no)
	}
	return len(no) == 0, no
}

// refusals gathers why facts are not good.
type refusals []isms.Reason

func (r *refusals) add(code string, kv ...string) { *r = append(*r, isms.Because(code, kv...)) }

// need refuses if a fact is not there.
func (r *refusals) need(f Facts, t FactType, name string) bool {
	_, ok := f.find(name, t)
	if !ok {
		r.add("probe.fact_missing", "fact", name)
	}
	return ok
}

// mustBe refuses with code if a true-or-false fact is missing or not as wanted.
func (r *refusals) mustBe(f Facts, name string, want bool, code string, kv ...string) {
	if !r.need(f, BoolFact, name) {
		return
	}
	if got, _ := f.Bool(name); got != want {
		r.add(code, kv...)
	}
}

// decimal reads a parameter; one that is no number is a refusal and nil.
func (r *refusals) decimal(p Params, name, byDefault string) *big.Rat {
	s := p[name]
	if s == "" {
		s = byDefault
	}
	n, ok := rat(s)
	if !ok {
		r.add("probe.param_invalid", "what", name, "right", "", "grant", "")
		return nil
	}
	return n
}

// whole reads a parameter that is a whole number.
func (r *refusals) whole(p Params, name string, byDefault int64) (int64, bool) {
	if p[name] == "" {
		return byDefault, true
	}
	n, err := strconv.ParseInt(p[name], 10, 64)
	if err != nil {
		r.add("probe.param_invalid", "what", name, "right", "", "grant", "")
	}
	return n, err == nil
}

// list returns a list that must be there and whole: of a list that was cut nobody can
// say that it contains nothing else.
func (r *refusals) list(f Facts, name string) []string {
	values, ok := f.List(name)
	if n, counted := f.Int(name + ".count"); !ok || !counted || int64(len(values)) != n {
		r.add("probe.fact_missing", "fact", name)
	}
	return values
}

func decimalOf(n int64) string { return strconv.FormatInt(n, 10) }

// words splits a parameter at commas and spaces.
func words(p Params, name string) []string {
	return strings.FieldsFunc(p[name], func(c rune) bool { return c == ',' || c == ' ' })
}

// without returns the values that are not among the allowed.
func without(values, allowed []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return slices.Contains(allowed, v) })
}
