package reading

import (
	"strings"

	"holdfast/internal/isms"
)

// Limits for files with structure. A policy comes nowhere near them.
const (
	maxDepth = 200     // nesting of elements
	maxParas = 200_000 // paragraphs, items and rows
	maxParts = 4_000   // files in an archive
)

// rich collects paragraphs, items and rows of formats that mark them, and makes
// blocks of them. Numbers that the author typed are taken off as in plain text.
type rich struct {
	paras []*para
}

// para is one paragraph as a format gives it.
type para struct {
	text    string
	line    int
	heading int    // level from 1, or 0
	label   string // automatic number, as shown
	bullet  bool   // automatic bullet
	level   int    // list depth of an automatic number or bullet
	listed  bool   // stands in a list
	strong  int    // bytes of bold text at the beginning
	cells   []string
	table   int
	aside   string // reason for leaving it out
	ready   *block // already a block
}

func (r *rich) add(p *para) error {
	if len(r.paras) >= maxParas {
		return isms.Errorf(isms.Invalid, "reading.too_large")
	}
	if p.text = strings.TrimRight(p.text, " "); strings.TrimSpace(p.text) == "" && p.cells == nil {
		return nil
	}
	r.paras = append(r.paras, p)
	return nil
}

// blocks makes blocks of what was collected.
func (r *rich) blocks() []*block {
	var lines []string
	for _, p := range r.paras {
		lines = append(lines, strings.TrimSpace(p.label+" "+p.text))
	}
	votes := voteNumbering(lines)
	var out []*block
	var levels itemLevels
	for i := 0; i < len(r.paras); i++ {
		p := r.paras[i]
		if p.cells != nil {
			k := i
			var rows []tableRow
			for ; k < len(r.paras) && r.paras[k].cells != nil && r.paras[k].table == p.table; k++ {
				rows = append(rows, tableRow{r.paras[k].cells, r.paras[k].line})
			}
			out = append(out, rowBlocks(rows, p.table)...)
			i = k - 1
			continue
		}
		if p.ready != nil {
			out = append(out, p.ready)
			continue
		}
		out = append(out, p.block(votes, &levels))
	}
	return out
}

// block makes a block of one paragraph.
func (p *para) block(votes numbering, levels *itemLevels) *block {
	text := fold(p.text)
	b := newBlock(blockPara, text, p.line)
	b.gap, b.last, b.strong = true, true, min(p.strong, len(text))
	switch {
	case p.aside != "":
		b.kind, b.reason = blockAside, p.aside
		return b
	case p.heading > 0:
		b.kind, b.level = blockHeading, p.heading
		p.takeLabel(b, numbering{invented: votes.invented, bare: true})
		if b.text == "" {
			b.text = b.number
		}
		levels.reset()
		return b
	case p.bullet:
		b.kind, b.style = blockItem, "•"
		p.takeLabel(b, votes)
		b.level = p.level
		levels.level("•", p.level*4)
		return b
	case p.label != "":
		b.kind = blockItem
		p.takeLabel(b, votes)
		if b.level = p.level; strings.HasPrefix(b.style, "dec") || b.style == "A.n" {
			b.level = 0
		}
		return b
	case p.listed:
		b.kind, b.style, b.level = blockItem, "•", p.level
		p.takeLabel(b, votes)
		b.level = p.level
		return b
	}
	if l, ok := votes.parse(text); ok {
		b.kind, b.number, b.style = blockItem, l.number, l.style
		b.strong = max(0, b.strong-(len(text)-len(l.rest)))
		b.text = l.rest
		b.level = -1
		if !l.title {
			b.level = levels.level(l.style, 0)
		}
		return b
	}
	levels.leave(true)
	return b
}

// takeLabel sets the block's number from the automatic label, or takes a typed
// one off its text.
func (p *para) takeLabel(b *block, votes numbering) {
	shown := fold(p.label)
	if shown != "" {
		votes.bare = true
		if l, ok := votes.parse(shown + " X"); ok && l.style != "•" {
			b.number, b.style = l.number, l.style
			return
		}
		b.number, b.style = strings.TrimRight(shown, ".:)"), "n."
		return
	}
	if l, ok := votes.parse(b.text); ok && l.number != "" && l.rest != "" {
		b.strong = max(0, b.strong-(len(b.text)-len(l.rest)))
		b.number, b.text = l.number, l.rest
		if b.style == "" || l.style != "•" {
			b.style = l.style
		}
	}
}

// textRun collects the words of one paragraph and how far its beginning is bold.
type textRun struct {
	b      strings.Builder
	strong int  // bytes of bold text at the beginning
	mixed  bool // plain text came
}

func (t *textRun) write(s string, bold bool) {
	if s == "" {
		return
	}
	t.b.WriteString(s)
	if !t.mixed && (bold || strings.TrimSpace(s) == "") {
		t.strong = len(fold(t.b.String()))
	} else if !bold {
		t.mixed = true
	}
}

func (t *textRun) reset() { t.b.Reset(); t.strong, t.mixed = 0, false }
