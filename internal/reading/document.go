package reading

import (
	"context"
	"strings"

	"holdfast/internal/isms"
)

// document carries one reading from blocks to clauses.
type document struct {
	ctx     context.Context
	vocab   *vocabulary
	lx      *lexicon
	scans   map[isms.Language]*scanner
	views   map[string]*view // what was looked at whole, by text
	blocks  []*block
	flat    bool // every marked heading has the same level
	out     *Reading
	clauses []*Clause
	path    []heading
	lists   []*leadIn        // what opened the list at each depth; nil if nothing did
	before  *unit            // the unit before, for pronouns and neighbours
	pending *leadIn          // a lead-in waiting for its list
	spoken  map[*pattern]int // in how many blocks a theme's pattern was found
	texts   int              // blocks that were counted for that
	tail    int              // index of the first block of trailing clutter
}

// heading is one step of the path above a clause.
type heading struct {
	level int
	text  string
	style string
	view  *view
}

// unit is one sentence, item or row on its way to becoming a clause.
type unit struct {
	*view
	block  *block
	line   int
	first  bool // the first sentence of its block
	opens  bool // a list follows
	lead   *leadIn
	clause *Clause
}

// view is a text with all patterns found in it.
type view struct {
	text  string
	label int // bytes of a run-in label at the beginning
	lx    *lexicon
	toks  []token // of the text behind the label
	hits  []hit
	tag   []hit // found in the label
}

// leadIn is what a list's items inherit.
type leadIn struct {
	unit *unit
	kind Kind
	bind bool // its items bind
}

func readDocument(ctx context.Context, name string, blocks []*block, opt Options) (*Reading, error) {
	vocab, err := lexicons()
	if err != nil {
		return nil, isms.Errorf(isms.Internal, "reading.lexicon").Because(err)
	}
	d := &document{ctx: ctx, vocab: vocab, blocks: splitBullets(blocks), scans: map[isms.Language]*scanner{}, views: map[string]*view{}}
	d.out = &Reading{File: name, Language: opt.Language, Clauses: []Clause{}, Omitted: []Omitted{}}
	if opt.Language == "" {
		d.out.Language = vocab.detect(allText(blocks))
	}
	d.lx = vocab.lex[d.out.Language]
	if d.lx == nil {
		return d.unread(), nil
	}
	d.findHeadings()
	d.findTitle()
	d.tail = d.findTail()
	for i, b := range d.blocks {
		if i%64 == 0 && ctx.Err() != nil {
			return nil, isms.Errorf(isms.Unavailable, "reading.too_slow", "file", name).Because(ctx.Err())
		}
		d.block(i, b)
	}
	for _, c := range d.clauses {
		d.out.Clauses = append(d.out.Clauses, *c)
	}
	if len(d.out.Clauses) == 0 {
		d.out.Warnings = append(d.out.Warnings, isms.Because("reading.no_clauses"))
	}
	return d.out, nil
}

func allText(blocks []*block) string {
	var b strings.Builder
	for _, x := range blocks {
		if x.kind != blockAside {
			b.WriteString(x.text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// unread hands a document in another language back without a guess: its words
// stand in Omitted.
func (d *document) unread() *Reading {
	d.out.Language = isms.Unknown
	d.out.Warnings = append(d.out.Warnings, isms.Because("reading.language_unknown"))
	for _, b := range d.blocks {
		d.omit(b, "language_unknown")
		if d.out.Title == "" && b.kind == blockHeading {
			d.out.Title = b.text
		}
	}
	return d.out
}

func (d *document) omit(b *block, why string) {
	if b.text == "" {
		return
	}
	d.out.Omitted = append(d.out.Omitted, Omitted{Line: b.line(), Text: b.text, Because: isms.Because("reading.omitted." + why)})
}

// look finds all patterns in text.
func (d *document) look(text string, label int) *view {
	if v := d.views[text]; v != nil && label == 0 {
		return v
	}
	v := &view{text: text, label: label, lx: d.lx}
	v.toks = tokens(text[label:])
	v.lx = d.vocab.clauseLanguage(d.lx.language, v.toks)
	for i := range v.toks {
		v.toks[i].start += label
		v.toks[i].end += label
	}
	s := d.scans[v.lx.language]
	if s == nil {
		s = v.lx.scanner()
		d.scans[v.lx.language] = s
	}
	v.hits = s.find(v.toks)
	if label > 0 {
		v.tag = s.find(tokens(text[:label]))
	} else if d.views != nil {
		d.views[text] = v
	}
	return v
}

// has tells whether any pattern of the section was found.
func (v *view) has(section string) bool { return v.hit(section) != nil }

// hit returns the first pattern of the section that was found, or nil.
func (v *view) hit(section string) *hit {
	for i := range v.hits {
		if v.hits[i].section == section {
			return &v.hits[i]
		}
	}
	return nil
}

// words returns the words that a hit met, as they stand in the text.
func (v *view) words(h *hit) string {
	if h == nil || len(v.toks) == 0 || h.start >= len(v.toks) {
		return ""
	}
	end := min(max(h.end, h.start+1), len(v.toks))
	return v.text[v.toks[h.start].start:v.toks[end-1].end]
}

// block turns one block into clauses or sets it aside.
func (d *document) block(i int, b *block) {
	switch {
	case b.kind == blockAside:
		d.omit(b, b.reason)
		return
	case i >= d.tail:
		d.omit(b, "clutter")
		return
	case b.kind == blockHeading:
		d.enter(b)
		return
	}
	if why := d.noClause(i, b); why != "" {
		if i < 20 || why == "meta" {
			d.takeVersion(b.text)
		}
		d.omit(b, why)
		return
	}
	next := d.next(i)
	lead := d.leadFor(b)
	for k, u := range d.units(b) {
		u.lead, u.first = lead, k == 0
		u.clause = &Clause{N: len(d.clauses) + 1}
		d.clauses = append(d.clauses, u.clause)
		u.opens = d.opensList(b, u, next)
		d.fill(u)
		d.before = u
	}
	d.remember(b)
}

// next returns the block behind i, or nil.
func (d *document) next(i int) *block {
	for i++; i < len(d.blocks) && i < d.tail; i++ {
		if d.blocks[i].kind != blockAside || d.blocks[i].reason == "table_head" {
			return d.blocks[i]
		}
	}
	return nil
}

// units splits a block into sentences; a row stays whole.
func (d *document) units(b *block) []*unit {
	spans := []span{{0, len(b.text)}}
	if b.kind != blockRow {
		spans = d.lx.sentences(b.text)
		spans = d.keepLabel(b, spans)
	}
	var out []*unit
	for k, s := range spans {
		text := strings.TrimSpace(b.text[s.start:s.end])
		if len(tokens(text)) == 0 {
			continue
		}
		label := 0
		if k == 0 && b.kind != blockRow {
			label = d.labelLength(b, text)
		}
		out = append(out, &unit{view: d.look(text, label), block: b, line: b.lineAt(s.start)})
	}
	return out
}

// keepLabel joins a short run-in heading with the sentence that it introduces.
func (d *document) keepLabel(b *block, spans []span) []span {
	if len(spans) < 2 {
		return spans
	}
	first := b.text[spans[0].start:spans[0].end]
	bold := b.strong > 0 && b.strong >= len(first)-1 && b.strong < len(b.text)-1
	short := len(strings.Fields(first)) <= 5 && strings.HasSuffix(first, ".") && !d.verb(first) && !d.timed(first) && b.kind == blockPara
	if short && b.kind == blockPara || bold {
		spans[1].start = spans[0].start
		return spans[1:]
	}
	if b.kind == blockItem && len(strings.Fields(first)) <= 4 && !d.verb(first) && !d.timed(first) && d.verb(b.text[spans[1].start:spans[1].end]) {
		spans[1].start = spans[0].start
		return spans[1:]
	}
	return spans
}

// labelLength says how many bytes of text are a run-in label: a bold beginning,
// or a few words without a verb before a colon, dash or full stop.
func (d *document) labelLength(b *block, text string) int {
	if b.strong > 0 && b.strong < len(text)-2 {
		return len(text) - len(strings.TrimLeft(text[b.strong:], " .:–—-"))
	}
	for _, sep := range []string{": ", " – ", " — ", " - ", ". "} {
		head, rest, ok := strings.Cut(text, sep)
		if !ok || rest == "" || len(strings.Fields(head)) > 8 || sep == ". " && len(strings.Fields(head)) > 5 {
			continue
		}
		if sep != ": " && (!isUpper(firstRune(rest)) || len(strings.Fields(head)) > 5) || strings.Contains(head, ",") && sep != ": " {
			continue
		}
		if d.verb(head) || strings.ContainsAny(head, ".;") {
			continue
		}
		return len(head) + len(sep)
	}
	return 0
}

// verb tells whether a few words hold a finite verb.
func (d *document) verb(s string) bool { return d.look(s, 0).has("verb") }

// timed tells whether a few words name a period or begin a promise on their own.
func (d *document) timed(s string) bool {
	v := d.look(s, 0)
	return v.has("period each") || v.has("period retention") || v.has("period deadline")
}

// enter puts a heading on the path.
func (d *document) enter(b *block) {
	level := d.headingLevel(b)
	for len(d.path) > 0 && d.path[len(d.path)-1].level >= level {
		d.path = d.path[:len(d.path)-1]
	}
	text := b.text
	if b.number != "" && b.number != b.text {
		text = b.number + " " + b.text
	}
	d.path = append(d.path, heading{level: level, text: text, style: b.style, view: d.look(b.text, 0)})
	d.lists, d.before, d.pending = nil, nil, nil
	d.omit(b, "heading")
}

// headingLevel says how deep a heading stands: by the format's mark, or by its
// number where the marks say nothing.
func (d *document) headingLevel(b *block) int {
	switch {
	case b.style == "§" || b.style == "člen" || b.style == "word article" || b.style == "word artikel" || b.style == "word člen" || b.style == "word clause":
		return 2
	case strings.HasPrefix(b.style, "word"):
		return 1
	case strings.HasPrefix(b.style, "dec") && (d.flat || b.level <= 0):
		return int(b.style[3] - '0')
	case b.number != "" && (d.flat || b.level <= 0):
		return 1
	case b.level > 0 && !d.flat:
		return b.level
	case b.text == strings.ToUpper(b.text):
		return 1
	case d.flat && b.level > 0:
		return b.level
	default:
		return 8
	}
}
