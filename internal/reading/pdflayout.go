package reading

import (
	"math"
	"sort"
	"strings"
	"unicode/utf8"
)

// pdfRun is a piece of text on one line in one font; y grows upwards.
type pdfRun struct {
	text        string
	x0, x1      float64
	top, bottom float64
	size        float64
	bold        bool
}

type pdfPage struct {
	number int
	height float64
	runs   []pdfRun
}

// pdfLine is one line of a page, put together from its runs.
type pdfLine struct {
	text        string // with wide gaps as runs of blanks
	page        int
	x0, x1      float64
	top, bottom float64
	size        float64
	bold        bool
	first       float64 // width of its first word
	edge        bool    // stands at the upper or lower edge of its page
	columns     bool    // has wide gaps
}

// layOut makes blocks of the runs of all pages: lines, paragraphs by distance,
// headings by size, without what repeats at the edges of the pages. It writes the
// lines out as text and lets the reader of text find lists and paragraphs, so
// that a PDF gives the clauses of the text that it was made from.
func layOut(pages []pdfPage) []*block {
	var lines []pdfLine
	for _, p := range pages {
		lines = append(lines, pageLines(p)...)
	}
	lines = dropRepeated(lines, len(pages))
	if len(lines) == 0 {
		return nil
	}
	body, pitch := bodySize(lines), lineDistance(lines)
	right := map[int]float64{}
	for _, l := range lines {
		right[l.page] = math.Max(right[l.page], l.x1)
	}
	t := &textScan{gap: true, wrapped: true}
	var pageOf []int
	emit := func(s string, page int, full bool) {
		t.lines, pageOf, t.full = append(t.lines, s), append(pageOf, page), append(t.full, full)
	}
	left := leftEdge(lines)
	for i, l := range lines {
		full := false
		if i+1 < len(lines) {
			next := lines[i+1]
			full = l.x1+next.first+0.35*l.size > right[l.page]-0.5 && !l.columns
		}
		if i > 0 && separates(lines[i-1], l, body, pitch) {
			emit("", l.page, false)
		}
		indent := strings.Repeat(" ", int(math.Max(0, (l.x0-left)/(0.5*math.Max(body, 4)))))
		switch {
		case bigLine(l, body):
			emit("", l.page, false)
			emit(strings.Repeat("#", headingDepth(l, body))+" "+strings.TrimSpace(l.text), l.page, false)
			emit("", l.page, false)
		default:
			emit(indent+l.text, l.page, full)
		}
	}
	t.votes = voteNumbering(t.lines)
	for i := 0; i < len(t.lines); {
		i = t.line(i)
	}
	t.close()
	for _, b := range t.out {
		for k := range b.marks {
			b.marks[k].line = pageOf[min(b.marks[k].line, len(pageOf))-1]
		}
	}
	return t.out
}

// pageLines gathers the runs of a page into lines from top to bottom.
func pageLines(p pdfPage) []pdfLine {
	runs := make([]pdfRun, 0, len(p.runs))
	for _, r := range p.runs {
		if strings.TrimSpace(r.text) != "" {
			runs = append(runs, r)
		}
	}
	sort.SliceStable(runs, func(a, b int) bool { return runs[a].middle() > runs[b].middle() })
	var out []pdfLine
	for i := 0; i < len(runs); {
		k := i + 1
		for k < len(runs) && runs[i].middle()-runs[k].middle() < 0.45*math.Max(runs[i].tall(), runs[k].tall()) {
			k++
		}
		row := runs[i:k]
		sort.SliceStable(row, func(a, b int) bool { return row[a].x0 < row[b].x0 })
		l := joinRuns(row)
		l.page = p.number
		l.edge = p.height > 0 && (l.bottom > p.height*0.9 || l.top < p.height*0.1)
		out = append(out, l)
		i = k
	}
	return out
}

func (r pdfRun) middle() float64 { return (r.top + r.bottom) / 2 }
func (r pdfRun) tall() float64   { return math.Max(r.top-r.bottom, math.Max(r.size*0.6, 1)) }

// joinRuns writes the runs of one line side by side; wide gaps become columns.
func joinRuns(row []pdfRun) pdfLine {
	l := pdfLine{x0: row[0].x0, x1: row[len(row)-1].x1, top: row[0].top, bottom: row[0].bottom, bold: true}
	var b strings.Builder
	width, count := 0.0, 0
	for i, r := range row {
		n := utf8.RuneCountInString(r.text)
		width, count = width+(r.x1-r.x0), count+n
		if i > 0 {
			gap := r.x0 - row[i-1].x1
			em := math.Max(r.size, r.tall())
			switch {
			case gap > 1.6*em:
				b.WriteString("    ")
				l.columns = true
			case gap > 0.12*em && !strings.HasSuffix(b.String(), " ") && !strings.HasPrefix(r.text, " "):
				b.WriteByte(' ')
			}
		}
		b.WriteString(strings.NewReplacer("\r", " ", "\n", " ", "\u0002", "-", "\ufffe", "-").Replace(r.text))
		l.top, l.bottom = math.Max(l.top, r.top), math.Min(l.bottom, r.bottom)
		l.x1 = math.Max(l.x1, r.x1)
		if strings.TrimSpace(r.text) != "" {
			l.size = math.Max(l.size, r.size)
			l.bold = l.bold && r.bold
		}
	}
	l.text = strings.TrimRight(b.String(), " ")
	word, _, _ := strings.Cut(strings.TrimSpace(l.text), " ")
	if count > 0 {
		l.first = width / float64(count) * float64(utf8.RuneCountInString(word))
	}
	return l
}

// dropRepeated takes away what repeats at the edges of the pages, whatever the
// number in it, and bare page numbers.
func dropRepeated(lines []pdfLine, pages int) []pdfLine {
	key := func(l pdfLine) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '#'
			}
			return r
		}, fold(strings.ToLower(l.text)))
	}
	seen := map[string]map[int]bool{}
	for _, l := range lines {
		if l.edge {
			k := key(l)
			if seen[k] == nil {
				seen[k] = map[int]bool{}
			}
			seen[k][l.page] = true
		}
	}
	var out []pdfLine
	for _, l := range lines {
		k := key(l)
		often := len(seen[k]) >= 2 && len(seen[k])*2 >= pages
		if l.edge && (often || strings.Trim(k, "#/-–. ") == "" && len(k) < 10) {
			continue
		}
		out = append(out, l)
	}
	return out
}

// bodySize is the font size of most of the text.
func bodySize(lines []pdfLine) float64 {
	votes := map[int]int{}
	for _, l := range lines {
		votes[int(math.Round(l.size*2))] += len(l.text)
	}
	best, most := 0, -1
	for s, n := range votes {
		if n > most || n == most && s < best {
			best, most = s, n
		}
	}
	return float64(best) / 2
}

// lineDistance is the usual distance between lines of one paragraph.
func lineDistance(lines []pdfLine) float64 {
	var d []float64
	for i := 1; i < len(lines); i++ {
		if a, b := lines[i-1], lines[i]; a.page == b.page && a.bottom > b.bottom {
			d = append(d, baseDistance(a, b))
		}
	}
	if len(d) == 0 {
		return 12
	}
	sort.Float64s(d)
	return d[len(d)/4]
}

func baseDistance(a, b pdfLine) float64 { return (a.top+a.bottom)/2 - (b.top+b.bottom)/2 }

// separates tells whether a paragraph ends between two lines.
func separates(a, b pdfLine, body, pitch float64) bool {
	if a.page != b.page {
		return endsSentence(a.text) || math.Abs(a.size-b.size) > 0.6
	}
	return baseDistance(a, b) > pitch*1.3+1 || math.Abs(a.size-b.size) > 0.12*body+0.4
}

// bigLine tells a heading by larger type, or by a short line all in bold.
func bigLine(l pdfLine, body float64) bool {
	n := len(strings.Fields(l.text))
	if n == 0 || n > 14 || l.columns || endsSentence(l.text) && !strings.HasSuffix(l.text, "?") && n > 4 {
		return false
	}
	if body > 0 && l.size > body*1.12 {
		return true
	}
	return l.bold && n <= 10 && !strings.ContainsAny(l.text, "•▪")
}

func headingDepth(l pdfLine, body float64) int {
	switch r := l.size / math.Max(body, 1); {
	case r > 1.6:
		return 1
	case r > 1.3:
		return 2
	case r > 1.12:
		return 3
	default:
		return 4
	}
}

// leftEdge is where most lines begin.
func leftEdge(lines []pdfLine) float64 {
	edge := math.Inf(1)
	for _, l := range lines {
		edge = math.Min(edge, l.x0)
	}
	return edge
}
