package control

import (
	"context"
	"math"
	"slices"
	"strings"

	"holdfast/internal/catalogue"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// Adopt copies a control of the catalogue into the organisation, with its words, parameters
// and version, and its proofs as far as they can run here; a control adopted before is
// returned as it is. Checks are about all subjects of their kind, in a scope that nobody has
// declared complete yet. Errors: control.template_unknown.
func (r *Room) Adopt(ctx context.Context, actor isms.Actor, template string) (Control, error) {
	var c Control
	t, ok := catalogue.Standard().Control(template)
	if !ok {
		return c, isms.Errorf(isms.NotFound, "control.template_unknown", "template", template)
	}
	if err := r.allow(actor, people.ControlEdit, people.Record{}); err != nil {
		return c, err
	}
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) (err error) { c, err = adopt(ctx, tx, &t); return err })
	return c, err
}

func adopt(ctx context.Context, tx *ledger.Tx, t *catalogue.Control) (Control, error) {
	had, err := Controls.Where(ctx, tx.Tx, `template = $2 AND state = 'active'`, 1, t.ID)
	if err != nil {
		return Control{}, err
	}
	if len(had) > 0 {
		return had[0], nil
	}
	c := Control{Template: t.ID, TemplateVersion: int64(t.Version), Title: t.Title.Text(), Purpose: t.Purpose.Text(), Themes: some(t.Themes), Parameters: []Parameter{}, State: Active}
	for _, p := range t.Parameters {
		c.Parameters = append(c.Parameters, Parameter{Name: p.Name, Kind: verdict.FigureKind(p.Kind), Value: p.Default, Ours: p.Ours})
	}
	if err := Controls.Add(ctx, tx, "control.adopted", &c); err != nil {
		return c, err
	}
	for _, d := range t.Proofs {
		every, err := isms.ParsePeriod(d.Cadence)
		if d.Cadence == catalogue.Continuous && d.Kind == catalogue.Check {
			every, err = isms.Period{Minutes: 15}, nil
		}
		if err != nil || !runs(d) {
			continue // what cannot run yet must not be promised
		}
		p := Proof{Control: c.ID, Key: d.Key, Kind: verdict.ProofKind(d.Kind), Title: d.Title.Text(), Probe: d.Probe, Every: every, Required: d.Required}
		if d.Kind == catalogue.Duty {
			p.Role, p.Deputy = isms.Owner, isms.SecurityOfficer
		} else if p.Scope, err = everyOf(ctx, tx, kindOf(d.Probe)); err != nil {
			return c, err
		}
		if err := addProof(ctx, tx, &p); err != nil {
			return c, err
		}
	}
	return c, nil
}

// runs tells whether this release can run a default proof: duties with a period, and checks
// whose probe is here. What waits for a trigger or a book comes with those.
func runs(d catalogue.Proof) bool {
	switch d.Kind {
	case catalogue.Duty:
		return d.Engine != catalogue.Later
	case catalogue.Check:
		return slices.Contains(probe.Keys(), d.Probe)
	}
	return false
}

// kindOf says what a probe looks at.
func kindOf(key string) probe.SubjectKind {
	switch family, _, _ := strings.Cut(key, "."); {
	case key == "web.published_text":
		return probe.WebPage
	case family == "mail":
		return probe.MailDomain
	case family == "ntp":
		return probe.TimeServer
	case family == "endpoint" || family == "web":
		return probe.Endpoint
	}
	return probe.Host
}

// everyOf finds the scope of all subjects of a kind, or makes it.
func everyOf(ctx context.Context, tx *ledger.Tx, kind probe.SubjectKind) (isms.ID, error) {
	all, err := Scopes.Where(ctx, tx.Tx, `id <> ''`, 10_000)
	if err != nil {
		return "", err
	}
	for _, s := range all {
		if len(s.Selector.Subjects) == 0 && slices.Equal(s.Selector.Kinds, []probe.SubjectKind{kind}) {
			return s.ID, nil
		}
	}
	s := Scope{Name: isms.Text{Source: isms.English, In: scopeNames[kind]}, Selector: Selector{Kinds: []probe.SubjectKind{kind}, Subjects: []isms.ID{}}}
	err = Scopes.Add(ctx, tx, "scope.made", &s)
	return s.ID, err
}

var scopeNames = map[probe.SubjectKind]map[isms.Language]string{
	probe.Host:       {isms.English: "All hosts", isms.German: "Alle Rechner", isms.Slovenian: "Vsi gostitelji"},
	probe.Endpoint:   {isms.English: "All endpoints", isms.German: "Alle Endpunkte", isms.Slovenian: "Vse končne točke"},
	probe.MailDomain: {isms.English: "All mail domains", isms.German: "Alle Mail-Domains", isms.Slovenian: "Vse poštne domene"},
	probe.WebPage:    {isms.English: "All published pages", isms.German: "Alle veröffentlichten Seiten", isms.Slovenian: "Vse objavljene strani"},
	probe.TimeServer: {isms.English: "All time servers", isms.German: "Alle Zeitserver", isms.Slovenian: "Vsi časovni strežniki"},
}

// mostProposed is how many controls are proposed for a clause.
const mostProposed = 3

// ProposeAll proposes controls of the catalogue for the binding clauses of a text to which
// nothing is bound or proposed yet; what the organisation confirmed before makes them better.
// It returns the number of proposals.
func (r *Room) ProposeAll(ctx context.Context, actor isms.Actor, text isms.ID) (int, error) {
	if err := r.allow(actor, people.ClauseBind, people.Record{}); err != nil {
		return 0, err
	}
	var out []Binding
	err := r.Log.Read(ctx, func(tx *store.Tx) (err error) { out, err = proposals(ctx, tx, text); return err })
	if err != nil || len(out) == 0 {
		return 0, err
	}
	return len(out), r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		for _, b := range out {
			if err := Bindings.Add(ctx, tx, "binding.proposed", &b); err != nil {
				return err
			}
		}
		return nil
	})
}

func proposals(ctx context.Context, tx *store.Tx, text isms.ID) ([]Binding, error) {
	t, err := policy.Texts.Get(ctx, tx, text)
	if err != nil {
		return nil, err
	}
	boosts, err := learned(ctx, tx, t.Language)
	if err != nil {
		return nil, err
	}
	adopted, err := templates(ctx, tx)
	if err != nil {
		return nil, err
	}
	had, err := Bindings.Where(ctx, tx, `document = $2`, 100_000, string(t.Document))
	if err != nil {
		return nil, err
	}
	known, before := map[string]bool{}, map[isms.ID][]Binding{}
	for _, b := range had {
		known[string(b.Clause)+b.Words] = true
		if b.State == Confirmed {
			before[b.Clause] = append(before[b.Clause], b)
		}
	}
	var out []Binding
	for cursor := ""; ; {
		cs, next, err := policy.ClausesOf(ctx, tx, text, policy.Filter{Normative: true}, cursor, 500)
		if err != nil {
			return nil, err
		}
		for _, c := range cs {
			if c.Clause == "" || known[string(c.Clause)+c.Hash] {
				continue
			}
			out = append(out, asBefore(before[c.Clause], &c)...)
			if len(before[c.Clause]) > 0 {
				continue
			}
			ps := catalogue.Propose(catalogue.Query{Text: c.Text, Language: t.Language, Theme: c.Theme, Headings: c.Path, Parts: c.Parts}, boosts)
			for _, p := range ps[:min(len(ps), mostProposed)] {
				b := Binding{Document: c.Document, Clause: c.Clause, Words: c.Hash, ClauseText: c.ID, Control: adopted[p.Control], Template: p.Control,
					Parts: []string{}, Figures: []verdict.Figure{}, Score: int64(math.Round(p.Score * 1000)), State: Proposed}
				if len(p.Because) > 0 {
					b.Because = p.Because[0]
				}
				out = append(out, b)
			}
		}
		if cursor = next; next == "" {
			return out, nil
		}
	}
}

// asBefore proposes for changed words of a clause what its earlier words were bound to, with the
// parts that are still there; figures are read anew from the words.
func asBefore(before []Binding, c *policy.ClauseText) []Binding {
	var out []Binding
	for _, b := range before {
		if slices.ContainsFunc(out, func(o Binding) bool { return o.Control == b.Control }) {
			continue
		}
		parts := slices.DeleteFunc(slices.Clone(b.Parts), func(p string) bool { return !slices.Contains(c.Parts, p) })
		out = append(out, Binding{Document: c.Document, Clause: c.Clause, Words: c.Hash, ClauseText: c.ID, Control: b.Control, Template: b.Template,
			Parts: some(parts), Figures: []verdict.Figure{}, Score: 950, Because: isms.Because("control.bound_before"), State: Proposed})
	}
	return out
}

// templates says which controls of the catalogue were adopted.
func templates(ctx context.Context, tx *store.Tx) (map[string]isms.ID, error) {
	cs, err := Controls.Where(ctx, tx, `template <> '' AND state = 'active'`, 10_000)
	out := map[string]isms.ID{}
	for _, c := range cs {
		out[c.Template] = c.ID
	}
	return out, err
}

// learned is what this organisation's confirmations teach the proposing.
func learned(ctx context.Context, tx *store.Tx, l isms.Language) (*catalogue.Boosts, error) {
	bs, err := Bindings.Where(ctx, tx, `state = 'confirmed' AND template <> '' ORDER BY confirmed DESC`, 2000)
	if err != nil || len(bs) == 0 {
		return nil, err
	}
	var pairs []catalogue.Confirmed
	for _, b := range bs {
		ct, err := policy.ClauseTexts.Get(ctx, tx, b.ClauseText)
		if isms.KindOf(err) == isms.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, catalogue.Confirmed{Text: ct.Text, Language: l, Control: b.Template})
	}
	return catalogue.Learn(pairs), nil
}

// ConfirmAbove confirms of each clause of a document the best proposal, where its score is at
// least so many thousandths and nothing is bound yet, adopting what is needed. It returns how
// many were confirmed; each is confirmed by the acting person.
func (r *Room) ConfirmAbove(ctx context.Context, actor isms.Actor, document isms.ID, least int64) (int, error) {
	if err := r.mayBind(actor); err != nil {
		return 0, err
	}
	if err := r.allow(actor, people.ControlEdit, people.Record{}); err != nil {
		return 0, err
	}
	n := 0
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		n = 0
		bs, err := Bindings.Where(ctx, tx.Tx, `document = $2 AND state IN ('proposed', 'confirmed') ORDER BY score DESC, id`, 100_000, string(document))
		if err != nil {
			return err
		}
		bound := map[string]bool{}
		for _, b := range bs {
			bound[string(b.Clause)+b.Words] = bound[string(b.Clause)+b.Words] || b.State == Confirmed
		}
		for i := range bs {
			b := &bs[i]
			if b.State != Proposed || b.Score < least || bound[string(b.Clause)+b.Words] {
				continue
			}
			bound[string(b.Clause)+b.Words] = true
			if err := confirm(ctx, tx, b, actor.Account); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// confirm confirms a proposal for the whole sentence, adopting its template where needed.
func confirm(ctx context.Context, tx *ledger.Tx, b *Binding, by isms.ID) error {
	if b.Control == "" {
		t, ok := catalogue.Standard().Control(b.Template)
		if !ok {
			return isms.Errorf(isms.NotFound, "control.template_unknown", "template", b.Template)
		}
		c, err := adopt(ctx, tx, &t)
		if err != nil {
			return err
		}
		b.Control = c.ID
	}
	b.State, b.Confirmed, b.ConfirmedBy = Confirmed, tx.At, by
	return Bindings.Revise(ctx, tx, "binding.confirmed", b)
}
