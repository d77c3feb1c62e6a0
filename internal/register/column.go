package register

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

// Kind classes columns. Twelve at most; a thirteenth needs a decision record.
type Kind string

// The kinds of columns.
const (
	KindText    Kind = "text"    // UTF-8 text
	KindState   Kind = "state"   // one of a fixed list of words
	KindRef     Kind = "ref"     // id of another record
	KindInt     Kind = "int"     // whole number
	KindBool    Kind = "bool"    // yes or no
	KindInstant Kind = "instant" // microseconds UTC; 0 is unset
	KindDate    Kind = "date"    // civil day
	KindPeriod  Kind = "period"  // ISO 8601 duration
	KindJSON    Kind = "json"    // a structure that is never filtered, in canonical form
)

// Column binds a column of the table to a field of one value.
type Column struct {
	name string
	kind Kind

	text *string
	num  *int64
	yes  *bool
	per  *isms.Period
	any  any    // pointer to the field of a JSON column
	raw  string // as read from the database, before finish
}

// Text binds a text.
func Text[S ~string](name string, p *S) Column {
	return Column{name: name, kind: KindText, text: str(p)}
}

// State binds a word of a fixed list.
func State[S ~string](name string, p *S) Column {
	return Column{name: name, kind: KindState, text: str(p)}
}

// Ref binds the id of another record; empty for none.
func Ref(name string, p *isms.ID) Column {
	return Column{name: name, kind: KindRef, text: (*string)(p)}
}

// Int binds a whole number between -2^53 and 2^53.
func Int(name string, p *int64) Column { return Column{name: name, kind: KindInt, num: p} }

// Bool binds yes or no.
func Bool(name string, p *bool) Column { return Column{name: name, kind: KindBool, yes: p} }

// Instant binds a moment.
func Instant(name string, p *isms.Instant) Column {
	return Column{name: name, kind: KindInstant, num: (*int64)(p)}
}

// Date binds a civil day.
func Date(name string, p *isms.Date) Column {
	return Column{name: name, kind: KindDate, text: (*string)(p)}
}

// Period binds a duration.
func Period(name string, p *isms.Period) Column {
	return Column{name: name, kind: KindPeriod, per: p}
}

// JSON binds a structure through its JSON form. Numbers must be whole.
func JSON(name string, p any) Column { return Column{name: name, kind: KindJSON, any: p} }

// str views a pointer to a string type as one to string: both have the same representation.
func str[S ~string](p *S) *string { return (*string)(unsafe.Pointer(p)) }

const maxExact = 1 << 53

// append writes the value in canonical JSON.
func (c *Column) append(b []byte) ([]byte, error) {
	switch {
	case c.text != nil:
		if !utf8.ValidString(*c.text) {
			return nil, isms.Errorf(isms.Invalid, "field.not_utf8").At(c.name)
		}
		return ledger.AppendString(b, *c.text), nil
	case c.num != nil:
		if *c.num > maxExact && isms.Instant(*c.num) != isms.Forever || *c.num < -maxExact {
			return nil, isms.Errorf(isms.Invalid, "field.number_too_large").At(c.name)
		}
		if isms.Instant(*c.num) == isms.Forever {
			return append(b, `"forever"`...), nil
		}
		return strconv.AppendInt(b, *c.num, 10), nil
	case c.yes != nil:
		return strconv.AppendBool(b, *c.yes), nil
	case c.per != nil:
		t, err := c.per.MarshalText()
		return ledger.AppendString(b, string(t)), err
	}
	j, err := c.json()
	return append(b, j...), err
}

// json is the canonical form of a JSON column.
func (c *Column) json() (jsontext.Value, error) {
	raw, err := json.Marshal(c.any)
	if err != nil {
		return nil, err
	}
	v := jsontext.Value(raw)
	if err := v.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	return v, nil
}

// arg is the value as bound to SQL.
func (c *Column) arg() (any, error) {
	switch {
	case c.text != nil:
		return *c.text, nil
	case c.num != nil:
		return *c.num, nil
	case c.yes != nil:
		return *c.yes, nil
	case c.per != nil:
		t, err := c.per.MarshalText()
		return string(t), err
	}
	j, err := c.json()
	return string(j), err
}

// dest is where a row is scanned to; finish completes what cannot be scanned directly.
func (c *Column) dest() any {
	switch {
	case c.text != nil:
		return c.text
	case c.num != nil:
		return c.num
	case c.yes != nil:
		return c.yes
	}
	return &c.raw
}

func (c *Column) finish() error {
	switch {
	case c.per != nil:
		return c.per.UnmarshalText([]byte(c.raw))
	case c.any != nil:
		return json.Unmarshal([]byte(c.raw), c.any)
	}
	return nil
}

// parse reads the value from the JSON that append wrote.
func (c *Column) parse(v json.RawMessage) error {
	switch {
	case v == nil:
		return fmt.Errorf("missing")
	case c.text != nil:
		return json.Unmarshal(v, c.text)
	case c.num != nil && string(v) == `"forever"`:
		*c.num = int64(isms.Forever)
		return nil
	case c.num != nil:
		return json.Unmarshal(v, c.num)
	case c.yes != nil:
		return json.Unmarshal(v, c.yes)
	case c.per != nil:
		if err := json.Unmarshal(v, &c.raw); err != nil {
			return err
		}
		return c.finish()
	}
	return json.Unmarshal(v, c.any)
}
