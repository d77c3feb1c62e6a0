// Package page turns plain structs into HTML. It owns the shell, the parts and one
// typed struct a page; each embeds Base and renders itself with Body. It fetches
// nothing and decides nothing: handlers fill the structs, tests fill them with
// sample values. Templates are templ files; the Go beside them is generated and
// committed.
//
// Rules of the look (design/): what an organisation says is serif, what we measure
// is sans; colour means state and a state is told by colour, glyph and bar shape;
// what holds is quiet; a sentence stands before a chart.
//
// Floor 4, part of web.
package page

import (
	"context"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
)

// View is a page that can be shown: a pointer to a struct that embeds Base.
type View interface {
	Common() *Base
	Body() templ.Component
}

// Frame is what stands around a page's body.
type Frame int

// The frames.
const (
	InApp   Frame = iota // navigation beside the page; somebody is signed in
	Plain                // a narrow page by itself: set-up, sign-in, step-up
	Outside              // a page by itself in full width, for everybody
)

// Base is what every page knows. The server fills it in; a handler sets Title,
// Crumbs, Actions, Frame and, after a mistake, Problems.
type Base struct {
	*lang.Printer // the reader's language and zone

	Title        string
	Frame        Frame
	Assets       string       // address prefix of the static files
	Theme        Theme        // as chosen by the reader
	Path         string       // path and query of this page; switches come back to it
	Now          isms.Instant // the moment of rendering
	AsOf         isms.Instant // the moment that the page shows; zero is now
	Organisation *Organisation
	Person       *Person
	Nav          []NavGroup
	Crumbs       []Link   // from the outermost to this page; the last has no URL
	Actions      []Action // at the top right; the last one is the main one
	Flash        *Flash
	Problems     []Problem // what was wrong with the form that came back
	Sample       bool      // every page of a sample organisation says so
	Live         bool      // the page uses htmx
	Scripts      []string  // further static scripts that the page needs
}

// Common gives the server access to the shared part of any page.
func (b *Base) Common() *Base { return b }

// Theme is the reader's choice of light and dark; empty follows the system.
type Theme string

// The themes.
const (
	SystemTheme Theme = ""
	LightTheme  Theme = "light"
	DarkTheme   Theme = "dark"
)

// Organisation is the head of the navigation.
type Organisation struct {
	Name   string
	Detail string // places, or what else tells it from others
	Others []Link // other organisations of this account
}

// Person is somebody's name as pages show it.
type Person struct {
	Name string
	Role string
}

// Initials are at most two letters for the round mark.
func (p *Person) Initials() string {
	var out []rune
	for _, w := range strings.Fields(p.Name) {
		r, _ := utf8.DecodeRuneInString(w)
		out = append(out, r)
	}
	if len(out) > 2 {
		out = []rune{out[0], out[len(out)-1]}
	}
	return strings.ToUpper(string(out))
}

// Hue is one of the four calm colours of round marks, always the same for a name.
func (p *Person) Hue() string {
	sum := 0
	for _, c := range p.Name {
		sum += int(c)
	}
	return string("abcd"[sum%4])
}

// Link is words that lead somewhere.
type Link struct {
	Text string
	URL  string
}

// Action is a button: a link, or a form that posts when Post is set.
type Action struct {
	Text  string
	URL   string
	Post  bool
	Icon  string // name of a symbol without its "i-"
	Main  bool   // the one in ink; at most one a page
	Quiet bool
	Wide  bool // hidden on small screens
}

// NavGroup is a group of the navigation; the first has no heading.
type NavGroup struct {
	Heading string
	Links   []NavLink
}

// NavLink is one place in the navigation.
type NavLink struct {
	Text  string
	URL   string
	Icon  string
	Count int  // shown if not zero
	Hot   bool // the count is about something failing
	Here  bool
}

// Flash is a sentence about what was just done.
type Flash struct {
	Text string
	Good bool
}

// Problem is one thing wrong with a form: the field (empty for the whole) and the
// sentence beside it.
type Problem struct {
	Field string
	Text  string
}

// Wrong returns the sentence for a field, or nothing.
func (b *Base) Wrong(field string) string {
	for _, p := range b.Problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

// Render writes the whole page.
func Render(ctx context.Context, w io.Writer, v View) error {
	b := v.Common()
	var frame templ.Component
	switch b.Frame {
	case Plain:
		frame = plainFrame(b, v.Body())
	case Outside:
		frame = outsideFrame(b, v.Body())
	default:
		frame = appFrame(b, v.Body())
	}
	return document(b, frame).Render(ctx, w)
}

// asset is the address of a static file.
func (b *Base) asset(name string) string { return b.Assets + name }

// heading is the text of the title element.
func (b *Base) heading() string {
	parts := []string{b.Title}
	if b.Organisation != nil {
		parts = append(parts, b.Organisation.Name)
	}
	return strings.Join(append(parts, "Holdfast"), " · ")
}

// lower returns s with its first letter in lower case, for use within a sentence.
// German nouns would suffer; use it for verdicts only.
func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return strings.ToLower(string(r)) + s[n:]
}

// capital returns s with its first letter in upper case, for the start of a sentence.
func capital(s string) string { return lang.Capital(s) }
