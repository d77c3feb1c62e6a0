package people

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"golang.org/x/text/unicode/norm"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// Rules are what a password must be, as data, so that a promise about passwords and what is
// enforced are one thing (K53 to K57). An organisation may ask for more than the floor, never for
// less; a person in several organisations keeps to the strictest of each.
type Rules struct {
	register.Row
	Place    isms.ID  `json:"place"`
	Min      int64    `json:"min"`      // characters
	Upper    bool     `json:"upper"`    // composition, for those who promise it
	Lower    bool     `json:"lower"`    //
	Digit    bool     `json:"digit"`    //
	Score    int64    `json:"score"`    // least score of zxcvbn, 0 to 4
	Remember int64    `json:"remember"` // how many earlier passwords may not come back
	Words    []string `json:"words"`    // names of company, products, sites
	Marks    []string `json:"marks"`    // keyed digests of number plates, telephone numbers and the like
}

// Floor is what Holdfast asks of every password. Eight characters are enough because a second
// factor is always asked for (NIST SP 800-63B-4 section 3.1.1.2); there is no forced change.
var Floor = Rules{Min: 8, Score: 2, Remember: 3}

const (
	maxPassword = 1024 // bytes; any sentence fits, and hashing stays cheap
	maxScored   = 72   // characters that zxcvbn looks at: its work grows with the square
	maxRemember = 24
	maxBanned   = 10_000
	shortWord   = 3 // characters of a banned word
	shortName   = 4 // of a name: a shorter one stands in too many good passwords
)

var ruleSets = register.Declare("password_rule", "pwr", func(r *Rules) []register.Column {
	return []register.Column{
		register.Ref("place", &r.Place), register.Int("min", &r.Min), register.Bool("upper_case", &r.Upper), register.Bool("lower_case", &r.Lower),
		register.Bool("digit", &r.Digit), register.Int("score", &r.Score), register.Int("remember", &r.Remember),
		register.JSON("words", &r.Words), register.JSON("marks", &r.Marks),
	}
})

// Rules returns what an organisation asks for; the floor if it asked for nothing.
func (p *People) Rules(ctx context.Context, place isms.ID) (r Rules, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) (err error) { r, err = rulesOf(ctx, tx, place); return err })
	return r, err
}

func rulesOf(ctx context.Context, tx *store.Tx, place isms.ID) (Rules, error) {
	rs, err := ruleSets.Where(ctx, tx, `place = $2`, 1, string(place))
	if err != nil || len(rs) == 0 {
		r := Floor
		r.Place = place
		return r, err
	}
	return rs[0], nil
}

// SetRules replaces what an organisation asks for. Marks are given in the clear and kept as keyed
// digests; nil leaves them as they are.
func (p *People) SetRules(ctx context.Context, actor isms.Actor, r Rules) error {
	switch {
	case r.Min < Floor.Min || r.Min > 64:
		return isms.Errorf(isms.Invalid, "rules.min_range").At("min")
	case r.Score < Floor.Score || r.Score > 4:
		return isms.Errorf(isms.Invalid, "rules.score_range").At("score")
	case r.Remember < 0 || r.Remember > maxRemember:
		return isms.Errorf(isms.Invalid, "rules.remember_range").At("remember")
	case len(r.Words)+len(r.Marks) > maxBanned:
		return isms.Errorf(isms.Invalid, "rules.too_many_words").At("words")
	}
	words := []string{}
	for _, w := range r.Words {
		if w = strings.TrimSpace(w); utf8.RuneCountInString(squeeze(w)) >= shortWord {
			words = append(words, w)
		}
	}
	marks := p.digests(r.Marks)
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.may(ctx, tx.Tx, actor, SettingsEdit, Record{Place: r.Place}); err != nil {
			return err
		}
		have, err := rulesOf(ctx, tx.Tx, r.Place)
		if err != nil {
			return err
		}
		next := r
		next.Row, next.Words, next.Marks = have.Row, words, marks
		if r.Marks == nil {
			next.Marks = append([]string{}, have.Marks...)
		}
		if have.Rev == 0 {
			return ruleSets.Add(ctx, tx, "password_rule.set", &next)
		}
		return ruleSets.Revise(ctx, tx, "password_rule.set", &next)
	})
}

// digests keeps marks so that nobody can read them, each with its length before it.
func (p *People) digests(marks []string) []string {
	out := []string{}
	for _, m := range marks {
		if s := squeeze(m); utf8.RuneCountInString(s) >= shortWord {
			out = append(out, p.markOf(s))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *People) markOf(s string) string { return p.keys.hexMAC("mark", s)[:32] }

// asked is what one person's new password is held to.
type asked struct {
	Rules
	names []string // of the person and of their organisations
}

// rulesFor joins the floor, what each of the person's organisations asks for and their names.
func rulesFor(ctx context.Context, tx *store.Tx, a Account, places ...isms.ID) (asked, error) {
	all := asked{Rules: Floor}
	if a.ID != "" {
		ms, err := Memberships.Where(ctx, tx, `account = $2`, maxList, string(a.ID))
		if err != nil {
			return all, err
		}
		for _, m := range ms {
			places = append(places, m.Place)
		}
	}
	for _, place := range places {
		r, err := rulesOf(ctx, tx, place)
		if err != nil {
			return all, err
		}
		all.join(r)
		orgs, err := instance.Organisations.Where(ctx, tx, `id = $2`, 1, string(place))
		if err != nil {
			return all, err
		}
		for _, o := range orgs {
			all.Words = append(all.Words, o.Name)
			all.names = append(all.names, strings.Fields(o.Name)...) // legal forms are short and stand in good passwords
			for _, d := range o.Domains {
				all.names = append(all.names, strings.Split(d[:strings.LastIndexByte(d, '.')], ".")...)
			}
		}
	}
	local, domain, _ := strings.Cut(a.Email, "@")
	all.names = append(all.names, strings.FieldsFunc(a.Name+" "+local, notLetter)...)
	all.names = append(all.names, local)
	all.names = append(all.names, strings.Split(domain, ".")...)
	return all, nil
}

func (a *asked) join(r Rules) {
	a.Min, a.Score, a.Remember = max(a.Min, r.Min), max(a.Score, r.Score), max(a.Remember, r.Remember)
	a.Upper, a.Lower, a.Digit = a.Upper || r.Upper, a.Lower || r.Lower, a.Digit || r.Digit
	a.Words, a.Marks = append(slices.Clone(a.Words), r.Words...), append(slices.Clone(a.Marks), r.Marks...)
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// refuse says which rule a password breaks, never the password.
func (p *People) refuse(a asked, password string) *isms.Error {
	has := func(is func(rune) bool) bool { return strings.IndexFunc(password, is) >= 0 }
	var e *isms.Error
	switch {
	case !utf8.ValidString(password):
		e = isms.Errorf(isms.Invalid, "password.not_text")
	case len(password) > maxPassword:
		e = isms.Errorf(isms.Invalid, "password.too_long")
	case int64(utf8.RuneCountInString(password)) < a.Min:
		e = isms.Errorf(isms.Invalid, "password.too_short", "min", itoa(a.Min))
	case a.Upper && !has(unicode.IsUpper):
		e = isms.Errorf(isms.Invalid, "password.no_upper")
	case a.Lower && !has(unicode.IsLower):
		e = isms.Errorf(isms.Invalid, "password.no_lower")
	case a.Digit && !has(unicode.IsDigit):
		e = isms.Errorf(isms.Invalid, "password.no_digit")
	case p.names(a, password):
		e = isms.Errorf(isms.Invalid, "password.names_something")
	case !strong(password, a):
		e = isms.Errorf(isms.Invalid, "password.guessable")
	default:
		return nil
	}
	return e.At("password")
}

// strong asks zxcvbn, which knows common passwords, keyboards, dates and repetitions.
func strong(password string, a asked) bool {
	r := []rune(password)
	if len(r) > maxScored {
		r = r[:maxScored]
	}
	return zxcvbn.PasswordStrength(string(r), append(slices.Clone(a.names), a.Words...)).Score >= int(a.Score)
}

// names tells whether a password contains a banned word, a mark or the person's name: without
// separators, in either direction, with figures for letters (K56, K57).
func (p *People) names(a asked, password string) bool {
	var forms []string
	for _, f := range readings(password) {
		forms = append(forms, f, reverse(f))
	}
	contains := func(words []string, least int) bool {
		for _, w := range words {
			w = squeeze(w)
			if utf8.RuneCountInString(w) < least {
				continue
			}
			for _, r := range readings(w) {
				if slices.ContainsFunc(forms, func(f string) bool { return strings.Contains(f, r) }) {
					return true
				}
			}
		}
		return false
	}
	return contains(a.Words, shortWord) || contains(a.names, shortName) || p.marked(a.Marks, forms)
}

// longestMark bounds the work of looking for digests of unknown words.
const longestMark = 24

func (p *People) marked(marks, forms []string) bool {
	if len(marks) == 0 {
		return false
	}
	banned := make(map[string]bool, len(marks))
	for _, m := range marks {
		banned[m] = true
	}
	for _, f := range forms {
		r := []rune(f)
		r = r[:min(len(r), 256)]
		for i := range r {
			for n := shortWord; n <= longestMark && i+n <= len(r); n++ {
				if banned[p.markOf(string(r[i:i+n]))] {
					return true
				}
			}
		}
	}
	return false
}

// squeeze keeps letters and digits alone, lower case and without accents.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if notLetter(r) || unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

var figures = map[rune]rune{'0': 'o', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', '$': 's', '!': 'i', '€': 'e'}

// readings are the ways to read a text: as it stands, and with figures as letters.
func readings(s string) []string {
	out := []string{squeeze(s)}
	for _, one := range []rune{'i', 'l'} {
		out = append(out, squeeze(strings.Map(func(r rune) rune {
			if r == '1' {
				return one
			}
			if l, ok := figures[r]; ok {
				return l
			}
			return r
		}, s)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}
