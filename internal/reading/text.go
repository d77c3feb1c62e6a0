package reading

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// textScan reads plain text and Markdown line by line. Policies as text mix the
// two freely, so there is one reader for both.
type textScan struct {
	lines   []string
	votes   numbering
	wrapped bool // paragraphs are broken at a width
	width   int  // the longest line of running text
	out     []*block
	open    *block // the paragraph or item that the next line may continue
	prev    string // the line before, trimmed
	indent  int    // indentation of the open block's text
	gap     bool   // a blank line came last
	levels  itemLevels
	full    []bool // by line, where a page's layout tells: the next word did not fit any more
	at      int    // index of the line that is read
}

var (
	atxHeading  = regexp.MustCompile(`^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$`)
	setextRule  = regexp.MustCompile(`^\s{0,3}(=+|-+|~{4,}|\*{4,})\s*$`)
	ruleLine    = regexp.MustCompile(`^\s*([-_*=~·.]\s?){3,}\s*$`)
	fenceLine   = regexp.MustCompile("^\\s*(```|~~~)")
	imageMark   = regexp.MustCompile(`!\[([^\]]*)\]\([^)]*\)`)
	linkMark    = regexp.MustCompile(`\[([^\]]+)\]\([^)\s]*(?:\s+"[^"]*")?\)`)
	strongMark  = regexp.MustCompile(`(\*\*|__)(\S(?:.*?\S)?)(\*\*|__)`)
	emphMark    = regexp.MustCompile(`(^|[\s(„“"»])[*_](\S(?:[^*_]*?\S)?)[*_]($|[\s).,;:!?“”"«])`)
	codeMark    = regexp.MustCompile("`([^`]+)`")
	strongStart = regexp.MustCompile(`^(?:\*\*|__)(\S(?:.*?\S)?)(?:\*\*|__)`)
	htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	htmlBreak   = regexp.MustCompile(`(?i)</?(?:br|p|div|span|a|b|i|u|sup|sub)(?:\s[^>]*)?/?>`)
)

// readText makes blocks of a text or Markdown file.
func readText(text string) []*block {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\f", "\n", "\v", "\n", "\u2028", "\n").Replace(text)
	text = htmlComment.ReplaceAllStringFunc(text, func(c string) string {
		return strings.Repeat("\n", strings.Count(c, "\n"))
	})
	t := &textScan{lines: strings.Split(text, "\n"), gap: true}
	t.votes = voteNumbering(t.lines)
	t.measure()
	at := t.frontMatter()
	for at < len(t.lines) {
		at = t.line(at)
	}
	t.close()
	return t.out
}

// measure finds out whether running text is broken at a width.
func (t *textScan) measure() {
	pairs, open := 0, 0
	for i := 0; i+1 < len(t.lines); i++ {
		a, b := strings.TrimSpace(t.lines[i]), strings.TrimSpace(t.lines[i+1])
		if a == "" || b == "" || strings.HasPrefix(a, "#") || strings.HasPrefix(a, "|") || ruleLine.MatchString(b) || ruleLine.MatchString(a) {
			continue
		}
		if _, ok := t.votes.parse(b); ok {
			continue
		}
		for _, l := range t.lines[i : i+2] {
			t.width = max(t.width, utf8.RuneCountInString(strings.TrimRight(l, " \t")))
		}
		pairs++
		if !endsSentence(a) {
			open++
		}
	}
	t.wrapped = t.width >= 30 && t.width <= 140 && open >= 3 && open*3 >= pairs
}

// frontMatter sets a block of settings at the beginning aside and returns the
// first line after it.
func (t *textScan) frontMatter() int {
	if len(t.lines) == 0 || strings.TrimSpace(t.lines[0]) != "---" {
		return 0
	}
	for i := 1; i < len(t.lines) && i < 60; i++ {
		l := strings.TrimSpace(t.lines[i])
		if l == "---" || l == "..." {
			return i + 1
		}
		if l != "" && !strings.Contains(l, ":") && !strings.HasPrefix(l, "-") {
			break
		}
		b := newBlock(blockAside, l, i+1)
		b.reason = "front_matter"
		t.out = append(t.out, b)
	}
	t.out = nil
	return 0
}

// line reads the line at index i, or a whole table or fence that begins there,
// and returns the next index.
func (t *textScan) line(i int) int {
	t.at = i
	raw := strings.ReplaceAll(t.lines[i], "\t", "    ")
	s := strings.TrimSpace(raw)
	for strings.HasPrefix(s, "> ") || s == ">" {
		s = strings.TrimSpace(s[1:])
	}
	switch {
	case s == "":
		t.close()
		t.gap = true
		return i + 1
	case fenceLine.MatchString(raw):
		return t.fence(i)
	case setextRule.MatchString(raw) && t.underlines(s):
		t.open.kind, t.open.level = blockHeading, 2
		if s[0] == '=' {
			t.open.level = 1
		}
		t.close()
		return i + 1
	}
	if rows, next := t.table(i); rows > 0 {
		return next
	}
	if ruleLine.MatchString(raw) {
		t.close()
		t.gap = true
		return i + 1
	}
	if m := atxHeading.FindStringSubmatch(raw); m != nil {
		t.heading(m[2], len(m[1]), i+1)
		return i + 1
	}
	t.plain(raw, s, i+1)
	return i + 1
}

// underlines tells whether a rule underlines the open line: an underlined title
// is one line, not much shorter or longer than its rule.
func (t *textScan) underlines(rule string) bool {
	if t.open == nil || t.open.kind == blockItem && t.open.number == "" || len(t.open.marks) > 1 || t.gap {
		return false
	}
	n := utf8.RuneCountInString(t.open.text)
	return len(rule) >= 3 && len(strings.Fields(t.open.text)) <= 14 && (rule[0] == '=' || len(rule)*2 >= n)
}

func (t *textScan) fence(i int) int {
	t.close()
	mark := strings.TrimSpace(t.lines[i])[:3]
	for i++; i < len(t.lines); i++ {
		s := strings.TrimSpace(t.lines[i])
		if strings.HasPrefix(s, mark) {
			return i + 1
		}
		if s != "" {
			b := newBlock(blockAside, s, i+1)
			b.reason = "code"
			t.out = append(t.out, b)
		}
	}
	return i
}

// heading adds a heading that the text marks as one.
func (t *textScan) heading(s string, level, line int) {
	t.close()
	b := newBlock(blockHeading, "", line)
	text, _ := t.inline(s)
	if l, ok := (numbering{invented: t.votes.invented, bare: true}).parse(text); ok && l.number != "" {
		b.number, b.style, text = l.number, l.style, l.rest
		if text == "" {
			text = l.number
		}
	}
	b.text, b.level = fold(text), level
	b.gap, b.last = true, true
	t.gap = false
	if b.text != "" {
		t.out = append(t.out, b)
	}
	t.levels.reset()
}

// plain adds a line of running text or of a list, or continues the open block.
func (t *textScan) plain(raw, s string, line int) {
	indent := len(raw) - len(strings.TrimLeft(raw, " "))
	if head, ok := strings.CutSuffix(s, "#"); ok && t.open == nil && len(strings.Fields(head)) <= 14 && !strings.HasSuffix(head, " ") {
		t.heading(head, 2, line)
		return
	}
	text, strong := t.inline(s)
	l, labelled := t.votes.parse(text)
	if labelled && t.open != nil && l.style != "•" && t.continuesNumber(l, text) {
		labelled = false
	}
	if labelled && strings.EqualFold(l.number, "i") && t.romanAhead(line, l.style) {
		l.style = strings.Replace(l.style, "a", "i", 1)
	}
	switch {
	case labelled:
		t.close()
		b := newBlock(blockItem, l.rest, line)
		b.number, b.style, b.gap = l.number, l.style, t.gap
		if l.title {
			b.level = -1
		} else {
			b.level = t.levels.level(l.style, indent)
		}
		b.strong = t.strongAfter(s, text[:len(text)-len(l.rest)], strong)
		t.open, t.indent = b, indent+len(text)-len(l.rest)
	case t.open != nil && t.joins(s, indent):
		t.open.add(text, line)
	default:
		t.close()
		t.open = newBlock(blockPara, text, line)
		t.open.gap, t.open.strong, t.indent = t.gap, strong, indent
		if indent < 2 {
			t.levels.leave(t.gap)
		}
	}
	t.prev, t.gap = s, false
}

// strongAfter says how long the bold beginning behind a label is, where strong is
// the length of one that includes the label.
func (t *textScan) strongAfter(s, label string, strong int) int {
	if strong > 0 {
		return max(0, strong-len(label))
	}
	rest, ok := strings.CutPrefix(s, strings.TrimSpace(label))
	if !ok {
		return 0
	}
	_, strong = t.inline(strings.TrimSpace(rest))
	return strong
}

// continuesNumber tells whether what looks like a numbered line only goes on
// with the sentence before ("... within\n30. The ...", "see Section\n4.2 below").
func (t *textScan) continuesNumber(l label, text string) bool {
	if endsSentence(t.prev) || t.gap || t.open.kind == blockItem && t.open.style == l.style && follows(t.open.number, l.number) {
		return false
	}
	full := t.wrapped && utf8.RuneCountInString(t.prev) > t.width*8/10
	return full && (l.rest == "" || isLower(firstRune(l.rest)) || l.title && l.style != "člen")
}

// follows tells whether number b comes right after a: 3 after 2, d after c, iv after iii.
func follows(a, b string) bool {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	if errX == nil && errY == nil {
		return y == x+1
	}
	if len(a) == 1 && len(b) == 1 {
		return b[0] == a[0]+1
	}
	for n := 1; n < 30; n++ {
		if strings.EqualFold(roman(n), a) {
			return strings.EqualFold(roman(n+1), b)
		}
	}
	return false
}

// romanAhead tells whether the "i" at line is the first of roman numbers: an
// "ii" with the same marks comes a few lines further on.
func (t *textScan) romanAhead(line int, style string) bool {
	want := strings.Replace(style, "a", "i", 1)
	for n := line; n < len(t.lines) && n < line+10; n++ {
		if l, ok := t.votes.parse(strings.TrimSpace(t.lines[n])); ok && l.style == want {
			return strings.EqualFold(l.number, "ii")
		}
	}
	return false
}

// joins tells whether the line s goes on with the open block.
func (t *textScan) joins(s string, indent int) bool {
	if t.gap {
		return false
	}
	first, last := firstRune(s), lastRune(t.prev)
	switch {
	case isLower(first), strings.ContainsRune(",;)–", first):
		return true
	case last == ',' || last == '-' || last == '(':
		return true
	case t.open.kind == blockItem && indent >= t.indent && indent > 0:
		return true
	case t.full != nil:
		return t.at > 0 && t.full[t.at-1] && (!endsSentence(t.prev) || t.open.kind != blockItem || indent > 0)
	case !t.wrapped:
		return false
	}
	word, _, _ := strings.Cut(s, " ")
	n := utf8.RuneCountInString(t.prev) + 1 + utf8.RuneCountInString(word)
	if t.open.kind == blockItem {
		n += t.indent
	}
	if endsSentence(t.prev) {
		return n > t.width
	}
	return n > t.width*85/100
}

// endsSentence tells whether a line ends with a mark that may end a sentence.
func endsSentence(s string) bool {
	s = strings.TrimRight(s, "\"”“'’)»«*_ ")
	return s != "" && strings.ContainsRune(".:!?;", lastRune(s))
}

// inline takes Markdown's marks off and says how long a bold beginning is.
func (t *textScan) inline(s string) (string, int) {
	strong := 0
	if m := strongStart.FindStringSubmatch(s); m != nil {
		strong = len(fold(plainMarks(m[1])))
	}
	return fold(plainMarks(s)), strong
}

func plainMarks(s string) string {
	if strings.ContainsAny(s, "[") {
		s = imageMark.ReplaceAllString(s, "")
		s = linkMark.ReplaceAllString(s, "$1")
	}
	if strings.Contains(s, "<") {
		s = htmlBreak.ReplaceAllString(s, " ")
	}
	if strings.ContainsAny(s, "*_`") {
		s = strongMark.ReplaceAllString(s, "$2")
		s = emphMark.ReplaceAllString(s, "$1$2$3")
		s = codeMark.ReplaceAllString(s, "$1")
	}
	return s
}

// close ends the open block.
func (t *textScan) close() {
	if t.open != nil && t.open.text != "" || t.open != nil && t.open.number != "" {
		t.out = append(t.out, t.open)
	}
	t.open = nil
}

// itemLevels keeps the nesting of list styles to tell how deep an item stands.
type itemLevels struct {
	stack []itemLevel
}

type itemLevel struct {
	style  string
	indent int
}

// level returns the depth of an item, from 0.
func (l *itemLevels) level(style string, indent int) int {
	for len(l.stack) > 0 && indent+1 < l.stack[len(l.stack)-1].indent {
		l.stack = l.stack[:len(l.stack)-1]
	}
	for i := len(l.stack) - 1; i >= 0; i-- {
		if l.stack[i].style == style && indent <= l.stack[i].indent+1 {
			l.stack = l.stack[:i+1]
			l.stack[i].indent = indent
			return i
		}
	}
	l.stack = append(l.stack, itemLevel{style, indent})
	return len(l.stack) - 1
}

func (l *itemLevels) reset() { l.stack = l.stack[:0] }

// leave ends bulleted lists at a paragraph; numbered ones may go on behind it.
func (l *itemLevels) leave(gap bool) {
	for i, s := range l.stack {
		if s.style == "•" {
			l.stack = l.stack[:i]
			return
		}
	}
}
