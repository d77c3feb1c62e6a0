package probe

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"holdfast/internal/isms"
)

// FactType says how a fact's value reads.
type FactType string

// The types of facts.
const (
	TextFact    FactType = "text"
	BoolFact    FactType = "bool"    // true, false
	IntFact     FactType = "int"     // decimal digits
	DecimalFact FactType = "decimal" // decimal digits with a point; never binary floating point
	TimeFact    FactType = "time"    // microseconds since 1970 UTC
	ListFact    FactType = "list"    // Values, sorted unless order has a meaning
)

// Fact is one thing seen.
type Fact struct {
	Name   string   `json:"name"` // for example "clock.offset"
	Type   FactType `json:"type"`
	Unit   string   `json:"unit,omitzero"` // SI symbol, or what is counted
	Value  string   `json:"value,omitzero"`
	Values []string `json:"values,omitzero"`
}

// Facts are the facts of one observation, sorted by name.
type Facts []Fact

// A list longer than this is cut; its full length stands in the fact "NAME.count".
const (
	maxList = 200
	maxText = 2000
)

func (f *Facts) text(name, value string) {
	*f = append(*f, Fact{Name: name, Type: TextFact, Value: clip(value, maxText)})
}

func (f *Facts) bool(name string, value bool) {
	*f = append(*f, Fact{Name: name, Type: BoolFact, Value: strconv.FormatBool(value)})
}

func (f *Facts) int(name string, value int64, unit string) {
	*f = append(*f, Fact{Name: name, Type: IntFact, Unit: unit, Value: strconv.FormatInt(value, 10)})
}

// decimal takes a number as a program printed it; what is no number is not a fact.
func (f *Facts) decimal(name, value, unit string) bool {
	value, ok := plainDecimal(value)
	if ok {
		*f = append(*f, Fact{Name: name, Type: DecimalFact, Unit: unit, Value: value})
	}
	return ok
}

func (f *Facts) time(name string, at isms.Instant) {
	*f = append(*f, Fact{Name: name, Type: TimeFact, Value: strconv.FormatInt(int64(at), 10)})
}

// list keeps the order given.
func (f *Facts) list(name string, values []string) {
	f.int(name+".count", int64(len(values)), "")
	out := make([]string, 0, min(len(values), maxList))
	for _, v := range values[:min(len(values), maxList)] {
		out = append(out, clip(v, maxText))
	}
	*f = append(*f, Fact{Name: name, Type: ListFact, Values: out})
}

func (f Facts) sort() {
	slices.SortStableFunc(f, func(a, b Fact) int { return strings.Compare(a.Name, b.Name) })
}

func (f Facts) find(name string, t FactType) (Fact, bool) {
	for _, x := range f {
		if x.Name == name && x.Type == t {
			return x, true
		}
	}
	return Fact{}, false
}

// Text returns a text fact.
func (f Facts) Text(name string) (string, bool) {
	x, ok := f.find(name, TextFact)
	return x.Value, ok
}

// Bool returns a fact that is true or false.
func (f Facts) Bool(name string) (value, ok bool) {
	x, ok := f.find(name, BoolFact)
	return x.Value == "true", ok
}

// Int returns a whole number.
func (f Facts) Int(name string) (int64, bool) {
	x, ok := f.find(name, IntFact)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(x.Value, 10, 64)
	return n, err == nil
}

// Decimal returns a number exactly.
func (f Facts) Decimal(name string) (*big.Rat, bool) {
	x, ok := f.find(name, DecimalFact)
	if !ok {
		return nil, false
	}
	return rat(x.Value)
}

// Time returns an instant.
func (f Facts) Time(name string) (isms.Instant, bool) {
	x, ok := f.find(name, TimeFact)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(x.Value, 10, 64)
	return isms.Instant(n), err == nil
}

// List returns a list, and how long it was before it was cut.
func (f Facts) List(name string) (values []string, ok bool) {
	x, ok := f.find(name, ListFact)
	return x.Values, ok
}

// plainDecimal normalises "+0.0010" to "0.0010"; exponents and anything else are refused.
func plainDecimal(s string) (string, bool) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	if _, ok := rat(s); !ok {
		return "", false
	}
	return s, true
}

// rat reads a plain decimal.
func rat(s string) (*big.Rat, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 40 || strings.Trim(digits, "0123456789.") != "" || strings.HasPrefix(digits, ".") {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func ratOf(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }
