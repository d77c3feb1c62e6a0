package reading

import (
	"strings"

	"holdfast/internal/isms"
)

// fill says everything about one unit.
func (d *document) fill(u *unit) {
	c := u.clause
	c.Line, c.Number, c.Text = u.line, u.block.number, u.text
	if !u.first {
		c.Number = ""
	}
	c.Path, c.Parts, c.Controls = []string{}, []string{}, []Proposal{}
	for _, h := range d.path {
		c.Path = append(c.Path, h.text)
	}
	d.setKind(u)
	d.setTheme(u)
	if c.Normative {
		d.setTimes(u)
		c.Actor = d.actor(u)
		c.Parts = d.parts(u)
	}
}

// say adds a reason with the words that decided.
func (u *unit) say(code string, h *hit) {
	u.clause.Because = append(u.clause.Because, isms.Because("reading."+code, "words", u.words(h)))
}

func (u *unit) settle(kind Kind, normative bool, code string, h *hit) {
	u.clause.Kind, u.clause.Normative = kind, normative
	u.say(code, h)
}

// setKind decides what kind of clause u is and whether it binds. The order
// matters: what a sentence is about comes before its modal word.
func (d *document) setKind(u *unit) {
	if u.block.kind == blockRow {
		u.settle(d.rowKind(u), true, "kind.row", u.hit("must"))
		return
	}
	if u.opens && d.opensOnly(u) {
		u.settle(Context, false, "kind.lead_in", u.hit("lead.open"))
		return
	}
	if d.inherits(u) {
		return
	}
	if h := u.hit("lead.list"); u.opens && h != nil {
		// What only opens the list ("which may include:") says nothing of the rest.
		whole := u.view
		u.view = d.look(whole.text[:whole.toks[h.start-1].end], whole.label)
		defer func() { u.view = whole }()
	}
	d.weigh(u)
}

// weigh decides by the sentence's own words.
func (d *document) weigh(u *unit) {
	if h := u.hit("sanction"); h != nil {
		u.settle(Must, true, "kind.sanction", h)
		return
	}
	if u.noted() && !u.has("must") {
		u.settle(Context, false, "kind.note", nil)
		return
	}
	if h := u.hit("context.first"); h != nil && !d.outweighs(u, h) {
		u.settle(Context, false, "kind.about", h)
		return
	}
	if d.modal(u) {
		return
	}
	d.present(u)
}

// noted tells whether the run-in label says that only an explanation follows
// ("Note:", "Example:", "Purpose:").
func (u *unit) noted() bool {
	for i := range u.tag {
		if u.tag[i].section == "section.context" {
			return true
		}
	}
	return false
}

// rowKind is the kind of a table row: bans and permissions show in its words.
func (d *document) rowKind(u *unit) Kind {
	switch {
	case u.has("must_not"):
		return MustNot
	case u.has("must"):
		return Must
	default:
		return Does
	}
}

// outweighs tells whether a duty in the sentence is stronger than the words that
// make it an aim, a definition or advice: an actor of ours who must do something.
func (d *document) outweighs(u *unit, about *hit) bool {
	if len(about.elems) > 0 && about.elems[0].kind == elemStart {
		return false
	}
	return u.has("must_not") || u.has("must") || u.has("period each") || u.has("period deadline")
}

// inherits settles items of a list from its lead-in.
func (d *document) inherits(u *unit) bool {
	lead := u.lead
	if lead == nil || !u.first {
		return false
	}
	own := u.hit("must")
	if ban := u.hit("must_not"); ban != nil && lead.bind {
		u.settle(MustNot, true, "kind.ban", ban)
		return true
	}
	if !lead.bind {
		if own != nil && u.has("verb") && !lead.unit.has("advice") {
			return false
		}
		u.settle(Context, false, "kind.inherited_context", nil)
		u.clause.Because[len(u.clause.Because)-1].Params["lead_in"] = lead.unit.text
		return true
	}
	if own != nil || u.has("may") {
		return false
	}
	kind := lead.kind
	if kind == Context {
		kind = Does
	}
	u.settle(kind, true, "kind.inherited", nil)
	u.clause.Because[len(u.clause.Because)-1].Params["lead_in"] = lead.unit.text
	return true
}

// modal settles sentences with a word of duty, ban or permission.
func (d *document) modal(u *unit) bool {
	ban, must, may := u.hit("must_not"), u.hit("must"), u.main("may")
	about := u.main("context")
	switch {
	case ban != nil && !(may != nil && u.has("possibility")):
		u.settle(MustNot, true, "kind.ban", ban)
	case must != nil && (may == nil || must.start <= may.start || !u.has("possibility")):
		u.settle(Must, true, "kind.duty", must)
	case may != nil:
		if limit := u.hit("limit"); limit != nil && !u.has("possibility") && !overlaps(about, may) {
			u.settle(May, true, "kind.limited", limit)
		} else if u.timed() {
			u.settle(May, true, "kind.timed", may)
		} else {
			u.settle(May, false, "kind.possible", may)
		}
	default:
		return false
	}
	return true
}

// present settles sentences without modal words: promises in the present tense
// unless they explain, describe or refer.
func (d *document) present(u *unit) {
	about, does := u.main("context"), u.hit("does")
	timed := u.timed()
	section := d.contextSection()
	switch {
	case strings.HasSuffix(strings.TrimRight(u.text, "\"”“ )"), "?"):
		u.settle(Context, false, "kind.question", nil)
	case d.adviceSection() && !timed && u.has("advice") && !u.has("we"):
		u.settle(Context, false, "kind.advice", u.hit("advice"))
	case about != nil && !timed:
		u.settle(Context, false, "kind.about", about)
	case section != nil && !timed && (does == nil || section.strict):
		u.settle(Context, false, "kind.section", nil)
	case does != nil:
		u.settle(Does, true, "kind.promise", does)
	case !u.has("verb"):
		u.settle(Does, true, "kind.measure", nil)
	default:
		u.settle(Does, true, "kind.promise", u.hit("verb"))
	}
}

// aboutSection says that a section only explains; strict ones (definitions,
// references) promise nothing at all.
type aboutSection struct{ strict bool }

func (d *document) contextSection() *aboutSection {
	if len(d.path) == 0 {
		return nil
	}
	v := d.path[len(d.path)-1].view
	if !v.has("section.context") || len(v.toks) > 6 {
		return nil
	}
	return &aboutSection{strict: v.has("table.context")}
}

func (d *document) adviceSection() bool {
	return len(d.path) > 0 && d.path[len(d.path)-1].view.has("section.advice")
}

// opensOnly tells whether a lead-in is incomplete without its list.
func (d *document) opensOnly(u *unit) bool {
	v := u.view
	if h := v.hit("lead.list"); h != nil {
		// What opens the list is taken off; the rest decides.
		cut := h.start
		if cut == 0 {
			return true
		}
		rest := d.look(strings.TrimRight(v.text[:v.toks[cut-1].end], " ,;–-"), 0)
		return rest.has("lead.open") || len(rest.toks) < 4
	}
	if v.has("lead.open") {
		return true
	}
	return !v.has("verb") && len(v.toks) <= 5
}

// leadKind says what the items of an incomplete lead-in inherit.
func (d *document) leadKind(u *unit) (Kind, bool) {
	switch {
	case u.has("must_not"):
		return MustNot, true
	case d.grants(u):
		return May, true
	case u.has("lead.binds") && !u.has("may"):
		return Must, true
	case u.has("context.first") && !u.has("must"):
		return Context, false
	case u.has("must"):
		return Must, true
	case u.has("possibility") || u.has("may") && !u.has("limit"):
		return Context, false
	case u.has("may"):
		return May, true
	case u.has("context") && !u.has("does"):
		return Context, false
	case d.contextSection() != nil:
		return Context, false
	default:
		return Does, true
	}
}

// timed tells whether the view names a period, a deadline or a retention time.
func (v *view) timed() bool {
	return v.has("period each") || v.has("period deadline") || v.has("period retention")
}

// main returns the first hit of a section that does not stand in a subordinate
// clause: behind a comma and a word like "which" or "so that".
func (u *unit) main(section string) *hit {
	for i := range u.hits {
		if h := &u.hits[i]; h.section == section && !u.subordinate(h.start) {
			return h
		}
	}
	return nil
}

// subordinate tells whether token i stands behind a joint such as "which", "so
// that" or "damit" with a comma before it, and the main verb before that.
func (u *unit) subordinate(i int) bool {
	for k := min(i, len(u.toks)-1); k > 2; k-- {
		w := u.toks[k].word
		if !u.lx.words["subordinate"][w] {
			continue
		}
		if u.toks[k].brk || u.lx.words["subordinate"][u.toks[k-1].word] || k >= 4 && i-k <= 4 && u.lx.language == isms.English && (w == "which" || w == "that" || w == "who") {
			return true
		}
	}
	return false
}

// grants tells whether a permission is a right that we owe somebody.
func (d *document) grants(u *unit) bool {
	for _, t := range u.toks {
		switch {
		case t.word == "right", t.word == "rights", strings.HasPrefix(t.word, "recht"), strings.HasPrefix(t.word, "pravic"):
			return true
		}
	}
	return false
}
