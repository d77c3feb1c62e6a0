// Package lang puts what Holdfast says into the reader's language: English,
// German and Slovenian. It owns the messages (data files in messages/, the three
// languages side by side), plural forms, dates, relative times, durations,
// numbers and sorting, and it translates the codes of isms.Error and isms.Reason.
//
// A sentence is always one message: words are never glued to numbers, because
// Slovenian has four plural forms and German moves its verbs. Lists of full
// phrases are joined by Printer.List.
//
// Floor 0. It imports isms and nothing else of ours.
package lang

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"holdfast/internal/isms"
)

// Languages are the interface languages in the order in which they are offered.
var Languages = []isms.Language{isms.English, isms.German, isms.Slovenian}

// Supported tells whether the interface speaks l.
func Supported(l isms.Language) bool {
	for _, s := range Languages {
		if s == l {
			return true
		}
	}
	return false
}

// Printer says things in one language and one time zone. It is safe for
// concurrent use and cheap to make; make one a request.
type Printer struct {
	lang isms.Language
	zone *time.Location
}

// In returns a printer for l, in English if the interface does not speak l, and
// for zone, in UTC if it is nil.
func In(l isms.Language, zone *time.Location) *Printer {
	if !Supported(l) {
		l = isms.English
	}
	if zone == nil {
		zone = time.UTC
	}
	return &Printer{lang: l, zone: zone}
}

// Language is the language in which the printer speaks.
func (p *Printer) Language() isms.Language { return p.lang }

// Zone is the zone whose civil days and clock the printer shows.
func (p *Printer) Zone() *time.Location { return p.zone }

// T says the message with the given key. kv are pairs of placeholder name and
// value; an int is written as a number, a string as it is. A message with plural
// forms is chosen by the placeholder "n". A key that does not exist comes back in
// brackets, so that the page still stands; a test keeps that from being shipped.
func (p *Printer) T(key string, kv ...any) string {
	m, ok := table()[key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	return m.in[p.lang].say(p, kv)
}

// Has tells whether there is a message with the given key.
func Has(key string) bool {
	_, ok := table()[key]
	return ok
}

// Error says err to a person: the sentence of its code, or of its kind where the
// code has none, and the sentence for our own faults for any other error. Causes
// are never shown.
func (p *Printer) Error(err error) string {
	kind, code := isms.KindOf(err), isms.CodeOf(err)
	if key := "error." + code; code != "" && Has(key) {
		return p.T(key, p.pairs(paramsOf(err))...)
	}
	return p.T("error.kind." + string(kind))
}

// Reason says why something is as it is. A code without words is shown as it is,
// with its parameters: less pretty, but never silent.
func (p *Printer) Reason(r isms.Reason) string {
	if key := "reason." + r.Code; Has(key) {
		return p.T(key, p.pairs(r.Params)...)
	}
	var b strings.Builder
	b.WriteString(r.Code)
	for _, k := range sortedKeys(r.Params) {
		b.WriteString(" " + k + "=" + r.Params[k])
	}
	return b.String()
}

// List joins full phrases: "a", "a and b", "a, b and c".
func (p *Printer) List(items ...string) string {
	switch len(items) {
	case 0:
		return ""
	case 1:
		return items[0]
	}
	last := len(items) - 1
	return p.T("list.and", "a", strings.Join(items[:last], ", "), "b", items[last])
}

// LanguageName is the name of l in the printer's language.
func (p *Printer) LanguageName(l isms.Language) string {
	if key := "language." + string(l); Has(key) {
		return p.T(key)
	}
	return strings.ToUpper(string(l))
}

// OwnName is the name of an interface language in that language.
func OwnName(l isms.Language) string { return In(l, nil).LanguageName(l) }

// Verdict names a verdict.
func (p *Printer) Verdict(v isms.Verdict) string {
	if key := "verdict." + string(v); Has(key) {
		return p.T(key)
	}
	return p.T("verdict." + string(isms.Unproven))
}

// Collator sorts as the language's readers expect: č after c in Slovenian, ä
// with a in German. A collator is not safe for concurrent use.
func (p *Printer) Collator() *collate.Collator {
	return collate.New(language.Make(string(p.lang)), collate.Numeric)
}

// Negotiate chooses the interface language: the first of the wishes (a cookie, an
// account's setting) that the interface speaks, else the best of an
// Accept-Language header (RFC 9110 section 12.5.4), else English.
func Negotiate(acceptLanguage string, wishes ...isms.Language) isms.Language {
	for _, w := range wishes {
		if Supported(w) {
			return w
		}
	}
	if len(acceptLanguage) > 200 { // a header this long is no person's wish
		return isms.English
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return isms.English
	}
	// The matcher returns tags with extensions, therefore its index is used.
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return isms.English
	}
	return Languages[i]
}

var matcher = language.NewMatcher([]language.Tag{language.English, language.German, language.Slovenian})

// pairs turns named parameters, as reasons and errors keep them, into the form that
// T takes, each said as people say it: whole numbers, instants, days, periods and
// verdicts are recognised by their form, because only that is stored.
func (p *Printer) pairs(params map[string]string) []any {
	kv := make([]any, 0, 2*len(params))
	for k, v := range params {
		kv = append(kv, k, p.value(k, v))
	}
	return kv
}

func (p *Printer) value(name, v string) any {
	if n, err := strconv.Atoi(v); err == nil && strconv.Itoa(n) == v {
		return n
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000000Z", v); err == nil {
		return p.Moment(isms.InstantOf(at))
	}
	if d, err := isms.ParseDate(v); err == nil {
		return p.ShortDate(d)
	}
	if period, err := isms.ParsePeriod(v); err == nil && !period.IsZero() {
		return p.Period(period)
	}
	if name == "verdict" && Has("verdict."+v) {
		return p.T("verdict." + v)
	}
	return v
}
