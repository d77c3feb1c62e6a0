package reading

import (
	"strings"
	"unicode/utf8"
)

// blockKind says what a piece of a document is before its meaning is looked at.
type blockKind byte

const (
	blockPara    blockKind = iota // running text, or a heading that the format does not mark
	blockHeading                  // a heading that the format marks
	blockItem                     // a list item or a numbered paragraph
	blockRow                      // a body row of a table
	blockAside                    // front matter, code, comments: never a clause
)

// mark says that the text from offset at on stands on line.
type mark struct{ at, line int }

// block is a paragraph, heading, list item or table row. All formats become
// blocks, so that the same document gives the same clauses whatever its format.
type block struct {
	kind    blockKind
	level   int    // heading level from 1, list depth from 0
	number  string // the author's number or letter, without closing mark
	style   string // shape of the number, to tell the levels of lists apart
	text    string // words with blanks folded
	marks   []mark // at least one
	strong  int    // length in bytes of a bold run at the beginning
	head    []string
	cells   []string
	table   int  // which table a row belongs to, from 1
	gap     bool // something separates it from the block before: a blank line, a format's paragraph
	last    bool // something separates it from the block after
	reason  string
	content bool // a short line that is no heading, though it looks like one
}

// lineAt returns the line of the byte at offset.
func (b *block) lineAt(offset int) int {
	line := b.marks[0].line
	for _, m := range b.marks {
		if m.at > offset {
			break
		}
		line = m.line
	}
	return line
}

func (b *block) line() int { return b.marks[0].line }

// newBlock makes a block of one line.
func newBlock(kind blockKind, text string, line int) *block {
	return &block{kind: kind, text: fold(text), marks: []mark{{0, line}}}
}

// add joins a further line to the block's text, mending words divided at line ends.
func (b *block) add(text string, line int) {
	text = fold(text)
	if text == "" {
		return
	}
	if b.text == "" {
		b.text, b.marks = text, []mark{{0, line}}
		return
	}
	if rest, ok := strings.CutSuffix(b.text, "-"); ok && divided(rest, text) {
		b.text = rest
		b.marks = append(b.marks, mark{len(b.text), line})
		b.text += text
		return
	}
	b.text += " "
	b.marks = append(b.marks, mark{len(b.text), line})
	b.text += text
}

// divided tells whether a hyphen at the end of before only divides a word that
// goes on in after. "Zutritts-" before "und Zugangskontrolle" keeps its hyphen,
// and so does a compound that is written with one.
func divided(before, after string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	if !isLower(r) || !isLower(first) {
		return false
	}
	word, _, _ := strings.Cut(after, " ")
	switch strings.Trim(word, ",.;") {
	case "und", "oder", "bzw", "sowie", "and", "or", "in", "ali", "ter", "oz":
		return false
	}
	return !keepsHyphen(before[strings.LastIndexByte(before, ' ')+1:])
}

// keepsHyphen knows beginnings that are always followed by a hyphen.
func keepsHyphen(word string) bool {
	switch strings.ToLower(word) {
	case "non", "self", "multi", "third", "full", "part", "up", "off", "on", "so", "e", "well", "pre", "re", "four", "two", "de", "user", "role", "need", "least", "high", "long", "in":
		return true
	}
	return strings.Contains(word, "-")
}

// splitBullets cuts paragraphs in which bullets stand inside the line, as
// converters leave them that do not know the bullet as a mark of lists.
func splitBullets(blocks []*block) []*block {
	var out []*block
	for _, b := range blocks {
		if b.kind != blockPara && (b.kind != blockItem || b.number != "") || !strings.ContainsAny(b.text, "•▪●◦‣") {
			out = append(out, b)
			continue
		}
		out = append(out, cutBullets(b)...)
	}
	return out
}

// cutBullets cuts one block before every bullet that stands between blanks.
func cutBullets(b *block) []*block {
	var starts []int
	for i, r := range b.text {
		after := i + utf8.RuneLen(r)
		if strings.ContainsRune("•▪●◦‣", r) && (i == 0 || b.text[i-1] == ' ') && after < len(b.text) && b.text[after] == ' ' {
			starts = append(starts, i)
		}
	}
	if len(starts) == 0 || starts[0] > 0 && len(starts) < 2 && b.kind == blockPara {
		return []*block{b}
	}
	var out []*block
	add := func(from, to int, item bool) {
		text := strings.TrimSpace(b.text[from:to])
		if item {
			_, n := utf8.DecodeRuneInString(text)
			text = strings.TrimSpace(text[n:])
		}
		if text == "" {
			return
		}
		c := newBlock(b.kind, text, b.lineAt(from))
		c.gap, c.last, c.style, c.level = b.gap, b.last, b.style, b.level
		if item {
			c.kind, c.style, c.level = blockItem, "•", max(b.level, 0)
		}
		out = append(out, c)
	}
	add(0, starts[0], false)
	for k, at := range starts {
		end := len(b.text)
		if k+1 < len(starts) {
			end = starts[k+1]
		}
		add(at, end, true)
	}
	return out
}
