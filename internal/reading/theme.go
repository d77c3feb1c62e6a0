package reading

import (
	"sort"
	"strings"

	"holdfast/internal/isms"
)

// How much the words around a clause count beside its own.
const (
	weightLabel   = 1.2 // a run-in label
	weightLead    = 0.5 // the lead-in of its list
	weightHeading = 0.9 // the nearest heading
	weightOuter   = 0.4 // the headings above that
	weightBefore  = 0.5 // the sentence before, if this one points back to it
	weightNear    = 0.12
	weightHead    = 0.3 // the head of its table
)

// themes scores the themes of a view; each pattern counts once, and the
// second word for a theme counts less than the first.
func themes(hits []hit) map[string]float64 {
	by := map[string][]float64{}
	seen := map[string]bool{}
	for i, h := range hits {
		name, ok := strings.CutPrefix(h.section, "theme ")
		if !ok || seen[h.section+h.source] || within(hits, i) {
			continue
		}
		seen[h.section+h.source] = true
		by[name] = append(by[name], h.weight)
	}
	out := map[string]float64{}
	for name, ws := range by {
		sort.Sort(sort.Reverse(sort.Float64Slice(ws)))
		f := 1.0
		for _, w := range ws {
			out[name] += w * f
			f *= 0.55
		}
	}
	return out
}

// within tells whether hit i is part of a longer expression that speaks for
// another theme: "guest" in "guest network".
func within(hits []hit, i int) bool {
	h := hits[i]
	for k, o := range hits {
		longer := o.end-o.start > h.end-h.start && o.end-o.start <= 4 && o.weight >= h.weight
		if k != i && longer && o.start <= h.start && h.end <= o.end && o.section != h.section && strings.HasPrefix(o.section, "theme ") {
			return true
		}
	}
	return false
}

// setTheme chooses the theme with the highest score from the clause's own words
// and those around it.
func (d *document) setTheme(u *unit) {
	score := map[string]float64{}
	add := func(hits []hit, factor float64) {
		for name, s := range themes(hits) {
			score[name] += s * factor
		}
	}
	if u.block.kind == blockRow && len(u.block.head) > 0 {
		for k, cell := range u.block.cells {
			add(d.look(cell, 0).hits, d.cellWeight(u.block, k))
		}
	} else {
		add(u.hits, 1)
	}
	add(u.tag, weightLabel)
	if u.lead != nil {
		add(u.lead.unit.hits, weightLead)
	}
	for i, h := range d.path {
		switch {
		case i == len(d.path)-1:
			add(h.view.hits, weightHeading)
		case i == 0 && len(d.path) > 1 && h.level == 1 && d.titlePath(h):
		default:
			add(h.view.hits, weightOuter)
		}
	}
	if d.before != nil && d.before.block == u.block {
		if u.has("pronoun") {
			add(d.before.hits, weightBefore)
		} else {
			add(d.before.hits, weightNear)
		}
	}
	for _, c := range u.block.head {
		add(d.look(c, 0).hits, weightHead)
	}
	u.clause.Theme = best(score)
	if u.clause.Theme == "" {
		u.clause.Theme = d.fallbackTheme()
	}
	u.clause.Because = append(u.clause.Because, isms.Because("reading.theme", "words", u.themeWords(u.clause.Theme)))
}

// cellWeight says how much a cell counts for its row's theme: the first most, who
// is responsible hardly.
func (d *document) cellWeight(b *block, k int) float64 {
	if k == 0 {
		return 1
	}
	if k < len(b.head) {
		if v := d.look(b.head[k], 0); v.has("head.actor") || v.has("head.period") {
			return 0.1
		}
	}
	return 0.5
}

// titlePath tells whether a heading is the document's title, which says nothing
// about a single clause.
func (d *document) titlePath(h heading) bool { return h.text == d.out.Title }

// best returns the theme with the highest score; ties go to the first in Themes.
func best(score map[string]float64) string {
	name, most := "", 0.0
	for _, t := range Themes {
		if score[t] > most+1e-9 {
			name, most = t, score[t]
		}
	}
	return name
}

// fallbackTheme is the theme of a clause without any known word: that of the
// clause before in the same section, else governance.
func (d *document) fallbackTheme() string {
	if d.before != nil && d.before.clause.Theme != "" {
		return d.before.clause.Theme
	}
	return "governance"
}

// themeWords lists the words of the clause that speak for its theme.
func (u *unit) themeWords(theme string) string {
	var out []string
	seen := map[string]bool{}
	for i := range u.hits {
		if h := &u.hits[i]; h.section == "theme "+theme {
			if w := u.words(h); !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	return strings.Join(out, ", ")
}
