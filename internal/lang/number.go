package lang

import (
	"math"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// Form is a plural form of CLDR (Unicode LDML part 3, section 5).
type Form string

// The plural forms that our languages use.
const (
	One   Form = "one"   // 1; in Slovenian also 101, 201, …
	Two   Form = "two"   // Slovenian 2, 102, …
	Few   Form = "few"   // Slovenian 3, 4, 103, …
	Other Form = "other" // everything else
)

// Forms lists the forms that a message with plurals has in l.
func Forms(l isms.Language) []Form {
	if l == isms.Slovenian {
		return []Form{One, Two, Few, Other}
	}
	return []Form{One, Other}
}

// FormOf is the plural form of the whole number n in l.
func FormOf(l isms.Language, n int) Form {
	if n < 0 {
		n = -n
	}
	if l != isms.Slovenian {
		if n == 1 {
			return One
		}
		return Other
	}
	switch n % 100 {
	case 1:
		return One
	case 2:
		return Two
	case 3, 4:
		return Few
	default:
		return Other
	}
}

// smallNumbers are the numbers up to twelve, in the feminine where the language
// has one: what is counted in words are clauses (die Klausel, določba).
var smallNumbers = map[isms.Language][13]string{
	isms.English:   {"none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"},
	isms.German:    {"keine", "eine", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"},
	isms.Slovenian: {"nobena", "ena", "dve", "tri", "štiri", "pet", "šest", "sedem", "osem", "devet", "deset", "enajst", "dvanajst"},
}

// numberIn writes n as digits, or in words if the style asks for it and it is small.
func (p *Printer) numberIn(n int, style string) string {
	if style == "" || n < 0 || n > 12 {
		return p.Number(n)
	}
	w := smallNumbers[p.lang][n]
	if style == "Words" {
		return Capital(w)
	}
	return w
}

// Capital returns s with its first letter in upper case.
func Capital(s string) string {
	for i, r := range s {
		if i > 0 {
			return strings.ToUpper(s[:i]) + s[i:]
		}
		_ = r
	}
	return strings.ToUpper(s)
}

// Number writes a whole number with its thousands apart: 41,212 or 41.212.
func (p *Printer) Number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	if len(digits) <= 4 { // 1000 reads better unbroken
		return sign + digits
	}
	group := "."
	if p.lang == isms.English {
		group = ","
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Decimal writes x with the given number of digits after the point or comma.
func (p *Printer) Decimal(x float64, digits int) string {
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if p.lang != isms.English {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// Percent writes a share between 0 and 1, such as "89.6 %". Only a whole is shown
// as 100 % and only nothing as 0 %: what is nearly all is not all.
func (p *Printer) Percent(share float64) string {
	x := math.Floor(share*1000) / 10
	switch {
	case share >= 1:
		return p.Decimal(100, 0) + "\u00a0%"
	case share > 0 && x == 0:
		x = 0.1
	case share <= 0:
		return p.Decimal(0, 0) + "\u00a0%"
	}
	return p.Decimal(x, 1) + "\u00a0%"
}

// Bytes writes a size in decimal units: 512 B, 14 kB, 2.1 MB.
func (p *Printer) Bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	x, i := float64(n), 0
	for x >= 999.5 && i < len(units)-1 {
		x /= 1000
		i++
	}
	digits := 0
	if i > 1 && x < 99.5 {
		digits = 1
	}
	return p.Decimal(x, digits) + "\u00a0" + units[i]
}
