package page

import (
	"strconv"

	"holdfast/internal/isms"
)

// Chip is one choice of a filter.
type Chip struct {
	Text  string
	State isms.Verdict // empty for a choice that is no state
	URL   string
	Count int
	Here  bool
}

// Words are a sentence of a document in the language it is really in.
type Words struct {
	Language isms.Language
	Spans    []Span
}

// Span is a run of a sentence.
type Span struct {
	Text     string
	Binds    bool // the words that make it a promise; set in bold
	Proposed bool // words that a reading found and nobody confirmed; underlined
}

// Say makes Words of one plain text.
func Say(l isms.Language, s string) Words {
	return Words{Language: l, Spans: []Span{{Text: s}}}
}

// Plain is the text without its marks.
func (w Words) Plain() string {
	var s string
	for _, x := range w.Spans {
		s += x.Text
	}
	return s
}

// Empty is what stands where a list has no rows: why, and the next act.
type Empty struct {
	Title   string
	Text    string
	Actions []Action
}

// Pager holds the cursors of a list as addresses; an empty one is not offered.
type Pager struct {
	Previous string
	Next     string
	Text     string // for example "51 to 100 of 397"
}

// Column is the head of a table's column.
type Column struct {
	Text   string
	URL    string // where a click sorts; empty if the column cannot be sorted by
	Sorted Order
	Class  string
}

// Order is the order a list is in.
type Order int

// The orders.
const (
	Unsorted Order = iota
	Ascending
	Descending
)

// StateChips builds the filter over the five states, with "all" first; url makes
// the address for a state ("" for all).
func (b *Base) StateChips(c Counts, here isms.Verdict, url func(isms.Verdict) string) []Chip {
	chips := []Chip{{Text: b.T("filter.all"), URL: url(""), Count: c.All(), Here: here == ""}}
	for _, v := range isms.Verdicts {
		if n := c.Of(v); n > 0 || v == here {
			chips = append(chips, Chip{Text: b.Verdict(v), State: v, URL: url(v), Count: n, Here: v == here})
		}
	}
	return chips
}

func recordBox(days Days, height int) string {
	return "0 0 " + strconv.Itoa(max(4*len(days)-1, 3)) + " " + strconv.Itoa(height)
}
