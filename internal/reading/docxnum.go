package reading

import (
	"context"
	"encoding/xml"
	"strconv"
	"strings"
)

// docxNumbering makes the numbers that Word shows but does not store in the text.
type docxNumbering struct {
	abstract map[int]map[int]numLevel
	nums     map[int]numUse
	counters map[int]map[int]int // by abstract list, then level
	started  map[int]bool        // lists with a start of their own that were used
}

// numLevel is how one level of a list is numbered.
type numLevel struct {
	format, text string
	start        int
}

// numUse is a list that paragraphs refer to.
type numUse struct {
	abstract int
	starts   map[int]int
}

func readDocxNumbering(ctx context.Context, a *archive) (*docxNumbering, error) {
	n := &docxNumbering{
		abstract: map[int]map[int]numLevel{}, nums: map[int]numUse{},
		counters: map[int]map[int]int{}, started: map[int]bool{},
	}
	data, err := a.part("word/numbering.xml")
	if err != nil || data == nil {
		return n, err
	}
	abstract, num, level := -1, -1, -1
	err = walkXML(ctx, a.name, data, func(e xml.StartElement) error {
		v := attr(e, "val")
		switch e.Name.Local {
		case "abstractNum":
			abstract, num = atoi(attr(e, "abstractNumId")), -1
			n.abstract[abstract] = map[int]numLevel{}
		case "num":
			num, abstract = atoi(attr(e, "numId")), -1
			n.nums[num] = numUse{starts: map[int]int{}}
		case "abstractNumId":
			if num >= 0 {
				u := n.nums[num]
				u.abstract = atoi(v)
				n.nums[num] = u
			}
		case "lvl", "lvlOverride":
			level = min(atoi(attr(e, "ilvl")), 8)
			if abstract >= 0 {
				n.abstract[abstract][level] = numLevel{start: 1, format: "decimal"}
			}
		case "startOverride":
			if num >= 0 {
				n.nums[num].starts[level] = atoi(v)
			}
		case "start", "numFmt", "lvlText":
			if abstract >= 0 {
				l := n.abstract[abstract][level]
				switch e.Name.Local {
				case "start":
					l.start = atoi(v)
				case "numFmt":
					l.format = v
				default:
					l.text = v
				}
				n.abstract[abstract][level] = l
			}
		}
		return nil
	}, func(string) error { return nil }, func(string) {})
	return n, err
}

// next counts a paragraph of list num at level and returns its label, or that it
// is a bullet.
func (n *docxNumbering) next(num, level int) (label string, bullet bool) {
	use, ok := n.nums[num]
	if !ok {
		return "", true
	}
	levels := n.abstract[use.abstract]
	l, ok := levels[level]
	if !ok {
		return "", true
	}
	c := n.counters[use.abstract]
	if c == nil {
		c = map[int]int{}
		n.counters[use.abstract] = c
	}
	if len(use.starts) > 0 && !n.started[num] {
		n.started[num] = true
		for k, s := range use.starts {
			c[k] = s - 1
		}
	}
	if _, ok := c[level]; !ok {
		c[level] = l.start - 1
	}
	c[level]++
	for k := range c {
		if k > level {
			delete(c, k)
		}
	}
	if l.format == "bullet" || l.format == "none" && l.text == "" {
		return "", true
	}
	label = l.text
	for k := 0; k <= level; k++ {
		value, ok := c[k]
		if !ok {
			value = max(levels[k].start, 1)
		}
		label = strings.ReplaceAll(label, "%"+strconv.Itoa(k+1), formatNumber(value, levels[k].format))
	}
	return strings.TrimSpace(label), strings.TrimSpace(label) == ""
}

// formatNumber writes n as Word and OpenDocument name their formats.
func formatNumber(n int, format string) string {
	switch format {
	case "lowerLetter", "a":
		return strings.ToLower(letters(n))
	case "upperLetter", "A":
		return letters(n)
	case "lowerRoman", "i":
		return strings.ToLower(roman(n))
	case "upperRoman", "I":
		return roman(n)
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
	case "none":
		return ""
	}
	return strconv.Itoa(n)
}

func letters(n int) string {
	if n < 1 || n > 26*20 {
		return strconv.Itoa(n)
	}
	return strings.Repeat(string(rune('A'+(n-1)%26)), (n-1)/26+1)
}

func roman(n int) string {
	if n < 1 || n > 3999 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, d := range []struct {
		value int
		sign  string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for n >= d.value {
			b.WriteString(d.sign)
			n -= d.value
		}
	}
	return b.String()
}
