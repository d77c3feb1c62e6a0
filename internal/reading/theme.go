package reading

import (
	"sort"
	"strings"

	"holdfast/internal/isms"
)

// How much the words around a clause count beside its own.
const (
	weightLabel   = 1.2 // a run-in label
	weightLead    = 0.4 // the lead-in of its list
	weightHeading = 0.6 // the nearest heading
	weightOuter   = 0.4 // the headings above that
	weightBefore  = 0.5 // the sentence before, if this one points back to it
	weightCommon  = 0.5 // a word that stands everywhere in the document
	weightActor   = 0.5 // who acts
	weightTrigger = 0.4 // a change that triggers something else
	weightNear    = 0.2
	weightHead    = 0.3 // the head of its table
)

// themes scores the themes of a view: each word counts once for a theme, and the
// second word for it counts less than the first. A factor may weigh hits down.
func themes(hits []hit, factor func(*hit) float64) map[string]float64 {
	by := map[string][]float64{}
	for i, h := range hits {
		name, ok := strings.CutPrefix(h.section, "theme ")
		if !ok || within(hits, i) || again(hits, i) {
			continue
		}
		w := h.weight
		if factor != nil {
			w *= factor(&hits[i])
		}
		by[name] = append(by[name], w)
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

// again tells whether an earlier or heavier hit for the same theme already
// counted the word of hit i, there or elsewhere in the clause. A negative weight
// takes its words out of the theme: nobody speaks of clocks "around the clock".
func again(hits []hit, i int) bool {
	h := hits[i]
	if h.weight < 0 {
		return true
	}
	for k, o := range hits {
		if k == i || o.section != h.section {
			continue
		}
		if o.weight < 0 && o.start < h.end && h.start < o.end {
			return true
		}
		if (o.source == h.source || o.start <= h.start && h.end <= o.end) && (o.weight > h.weight || o.weight == h.weight && k < i) {
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
		for name, s := range themes(hits, nil) {
			score[name] += s * factor
		}
	}
	own := func(v *view, factor float64) {
		for name, s := range themes(v.hits, func(h *hit) float64 { return d.common(h) * v.subject(h) * v.circumstance(h) }) {
			score[name] += s * factor
		}
	}
	if u.block.kind == blockRow && len(u.block.head) > 0 {
		for k, cell := range u.block.cells {
			own(d.look(cell, 0), d.cellWeight(u.block, k))
		}
	} else {
		own(u.view, 1)
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
		add(d.before.tag, weightHeading) // a run-in label heads the whole paragraph
		if len(u.tag) == 0 {
			u.tag = d.before.tag
		}
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

// common weighs down a word that stands in much of the document: in a contract
// with suppliers "the supplier" says nothing about a single clause.
func (d *document) common(h *hit) float64 {
	if d.spoken == nil {
		d.spoken = map[*pattern]int{}
		for _, b := range d.blocks {
			if b.kind == blockHeading || b.kind == blockAside {
				continue
			}
			d.texts++
			seen := map[*pattern]bool{}
			for i := range d.look(b.text, 0).hits {
				if p := d.look(b.text, 0).hits[i].pattern; !seen[p] && strings.HasPrefix(p.section, "theme ") {
					seen[p] = true
					d.spoken[p]++
				}
			}
		}
	}
	if d.texts >= 15 && float64(d.spoken[h.pattern]) > 0.3*float64(d.texts) {
		return weightCommon
	}
	return 1
}

// subject weighs down who acts ("employees must ..."), for the theme of a duty is
// what is done; it does not where the verb is passive ("suppliers are assessed").
func (v *view) subject(h *hit) float64 {
	switch h.section {
	case "theme suppliers", "theme partners-customers", "theme people-training", "theme governance":
	default:
		return 1
	}
	must := v.hit("must")
	if must == nil || h.end > must.start || v.has("passive") {
		return 1
	}
	for i := range v.hits {
		if a := &v.hits[i]; a.section == "actor" && overlaps(a, h) {
			return weightActor
		}
	}
	return 1
}

// circumstance weighs down a change that only triggers something else: a policy
// that is reviewed "after major changes" is not about changes.
func (v *view) circumstance(h *hit) float64 {
	if h.section != "theme operations-change" {
		return 1
	}
	for i := range v.hits {
		if e := &v.hits[i]; e.section == "event" && overlaps(e, h) && e.start < h.start && v.lx.words["triggers"][v.toks[e.start].word] {
			return weightTrigger
		}
	}
	return 1
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
