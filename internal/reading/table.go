package reading

import (
	"regexp"
	"strings"
)

var (
	pipeRule = regexp.MustCompile(`^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$`)
	gridRule = regexp.MustCompile(`^\s*\+[-=+]{3,}\+?\s*$`)
	dashRule = regexp.MustCompile(`^\s*-{3,}(\s{2,}-{3,})+\s*$`)
)

// tableRow is one row of a table in text, with the line of its first cell.
type tableRow struct {
	cells []string
	line  int
}

// table reads a table that begins at line i; it returns how many rows it has
// and the first line behind it, or 0 if none begins there.
func (t *textScan) table(i int) (int, int) {
	if t.open != nil && !t.gap && !strings.HasPrefix(strings.TrimSpace(t.lines[i]), "|") && !gridRule.MatchString(t.lines[i]) {
		if !t.tabbed(i) {
			return 0, i
		}
	}
	for _, read := range []func(int) ([]tableRow, bool, int){t.gridTable, t.pipeTable, t.tabTable, t.columnTable} {
		if rows, headed, next := read(i); len(rows) > 1 || len(rows) == 1 && !headed && next > i {
			t.close()
			t.out = append(t.out, rowBlocks(rows, t.nextTable())...)
			t.gap = true
			return len(rows), next
		}
	}
	return 0, i
}

func (t *textScan) nextTable() int {
	for i := len(t.out) - 1; i >= 0; i-- {
		if t.out[i].table > 0 {
			return t.out[i].table + 1
		}
	}
	return 1
}

// rowBlocks makes blocks of rows; the first row is the head.
func rowBlocks(rows []tableRow, table int) []*block {
	var out []*block
	for k, r := range rows {
		var full []string
		for _, c := range r.cells {
			if c != "" {
				full = append(full, c)
			}
		}
		if len(full) == 0 {
			continue
		}
		b := newBlock(blockRow, strings.Join(full, " | "), r.line)
		b.cells, b.table, b.gap, b.last = r.cells, table, true, true
		if k == 0 && len(rows) > 1 {
			b.kind, b.reason = blockAside, "table_head"
		} else if len(rows) > 1 {
			b.head = rows[0].cells
		}
		out = append(out, b)
	}
	return out
}

// pipeTable reads rows of cells between bars.
func (t *textScan) pipeTable(i int) ([]tableRow, bool, int) {
	var rows []tableRow
	ruled := false
	n := i
	for ; n < len(t.lines); n++ {
		s := strings.TrimSpace(t.lines[n])
		if len(rows) > 0 && pipeRule.MatchString(s) && strings.ContainsAny(s, "|-") {
			ruled = true
			continue
		}
		if !strings.HasPrefix(s, "|") && (strings.Count(s, " | ") < 1 || len(rows) == 0 && !t.ruledBelow(n)) {
			break
		}
		rows = append(rows, tableRow{t.cells(s), n + 1})
	}
	if !ruled && (len(rows) < 2 || !strings.HasPrefix(strings.TrimSpace(t.lines[i]), "|")) {
		return nil, false, i
	}
	return rows, true, n
}

func (t *textScan) ruledBelow(n int) bool {
	return n+1 < len(t.lines) && strings.Contains(t.lines[n+1], "|") && pipeRule.MatchString(t.lines[n+1])
}

func (t *textScan) cells(s string) []string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "|"), "|")
	var out []string
	for _, c := range strings.Split(strings.ReplaceAll(s, `\|`, "\x00"), "|") {
		text, _ := t.inline(strings.ReplaceAll(c, "\x00", "|"))
		out = append(out, text)
	}
	return out
}

// gridTable reads a table drawn with +---+ lines, whose cells may have several lines.
func (t *textScan) gridTable(i int) ([]tableRow, bool, int) {
	if !gridRule.MatchString(t.lines[i]) {
		return nil, false, i
	}
	var rows []tableRow
	fresh, n := true, i
	for ; n < len(t.lines); n++ {
		s := strings.TrimSpace(t.lines[n])
		if gridRule.MatchString(s) {
			fresh = true
			continue
		}
		if !strings.HasPrefix(s, "|") {
			break
		}
		cells := t.cells(s)
		if fresh {
			rows, fresh = append(rows, tableRow{cells, n + 1}), false
			continue
		}
		joinCells(rows[len(rows)-1].cells, cells)
	}
	return rows, true, n
}

// joinCells adds the lines of a row that goes on.
func joinCells(into, more []string) {
	for k, c := range more {
		if k < len(into) && c != "" {
			b := block{text: into[k], marks: []mark{{0, 0}}}
			b.add(c, 0)
			into[k] = b.text
		}
	}
}

func (t *textScan) tabbed(i int) bool {
	return strings.Contains(strings.TrimSpace(t.lines[i]), "\t")
}

// tabTable reads lines of cells that tabs separate.
func (t *textScan) tabTable(i int) ([]tableRow, bool, int) {
	var rows []tableRow
	n, columns := i, 0
	for ; n < len(t.lines); n++ {
		s := strings.TrimSpace(t.lines[n])
		if _, labelled := t.votes.parse(s); !strings.Contains(s, "\t") || labelled && n == i {
			break
		}
		var cells []string
		for _, c := range strings.Split(s, "\t") {
			if text, _ := t.inline(c); text != "" {
				cells = append(cells, text)
			}
		}
		if columns == 0 {
			columns = len(cells)
		}
		if len(cells) > columns+1 || len(cells) < 2 {
			break
		}
		rows = append(rows, tableRow{cells, n + 1})
	}
	if len(rows) < 2 || columns < 2 {
		return nil, false, i
	}
	return rows, true, n
}

// columnTable reads columns that blanks align. At least three lines must have
// wide gaps that end at common columns.
func (t *textScan) columnTable(i int) ([]tableRow, bool, int) {
	end := i
	for end < len(t.lines) && strings.TrimSpace(t.lines[end]) != "" && !strings.Contains(t.lines[end], "\t") {
		end++
	}
	if end-i < 3 {
		return nil, false, i
	}
	starts := columnStarts(t.lines[i:end])
	if len(starts) < 2 {
		return nil, false, i
	}
	var rows []tableRow
	for n := i; n < end; n++ {
		if dashRule.MatchString(t.lines[n]) || ruleLine.MatchString(t.lines[n]) {
			continue
		}
		cells := cutColumns(t.lines[n], starts)
		for k := range cells {
			cells[k], _ = t.inline(cells[k])
		}
		if cells[0] == "" && len(rows) > 0 {
			joinCells(rows[len(rows)-1].cells, cells)
			continue
		}
		rows = append(rows, tableRow{cells, n + 1})
	}
	if len(rows) < 2 {
		return nil, false, i
	}
	return rows, true, end
}

// columnStarts finds the columns at which cells begin in most of the lines, or nil.
func columnStarts(lines []string) []int {
	votes, gapped, ruled := map[int]int{}, 0, false
	for _, l := range lines {
		if dashRule.MatchString(l) {
			ruled = true
		}
		r := []rune(strings.TrimRight(l, " "))
		in := false
		for c := 1; c < len(r); c++ {
			wide := c >= 3 && r[c-1] == ' ' && r[c-2] == ' ' && (r[c-3] == ' ' || ruled)
			if r[c] != ' ' && wide && strings.TrimSpace(string(r[:c])) != "" {
				votes[c]++
				in = true
			}
		}
		if in {
			gapped++
		}
	}
	if gapped < 3 || gapped*2 < len(lines) {
		return nil
	}
	first := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	starts := []int{first}
	for c := first + 1; c < 400; c++ {
		if votes[c]*2 > gapped {
			starts = append(starts, c)
		}
	}
	for _, l := range lines {
		r := []rune(l)
		for _, c := range starts[1:] {
			if c < len(r) && r[c-1] != ' ' {
				return nil // text runs across the column: no table
			}
		}
	}
	return starts
}

// cutColumns cuts a line at the columns.
func cutColumns(line string, starts []int) []string {
	r := []rune(line)
	out := make([]string, len(starts))
	for k, from := range starts {
		to := len(r)
		if k+1 < len(starts) {
			to = min(to, starts[k+1])
		}
		if k == 0 {
			from = 0
		}
		if from < to {
			out[k] = string(r[from:to])
		}
	}
	return out
}
