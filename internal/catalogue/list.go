package catalogue

// Item is a control as the listing shows it; its JSON form is part of the API.
type Item struct {
	ID         string     `json:"id"`
	Title      Words      `json:"title"`
	Themes     []string   `json:"themes"`
	References References `json:"references"`
	Proofs     []Proof    `json:"proofs"`
}

// Listing returns all controls by id in the form of `holdfast catalogue list`.
func (c *Catalogue) Listing() []Item {
	items := make([]Item, 0, len(c.Controls))
	for i := range c.Controls {
		k := &c.Controls[i]
		items = append(items, Item{k.ID, k.Title, k.Themes, k.References, k.Proofs})
	}
	return items
}

// Counts says how big the catalogue is.
type Counts struct {
	Controls    int
	Checks      int
	Duties      int
	Rules       int
	Proofs      int
	Parameters  int
	References  int            // links from controls to identifiers, all frameworks
	ByFramework map[string]int // different identifiers answered
	Concepts    int
	Phrases     int
}

// Count returns the catalogue's size.
func (c *Catalogue) Count() Counts {
	n := Counts{Controls: len(c.Controls), Concepts: len(c.lexicon.concepts), ByFramework: map[string]int{}}
	answered := map[string]map[string]bool{}
	for i := range c.Controls {
		k := &c.Controls[i]
		n.Parameters += len(k.Parameters)
		n.Proofs += len(k.Proofs)
		for _, p := range k.Proofs {
			switch p.Kind {
			case Check:
				n.Checks++
			case Duty:
				n.Duties++
			case Rule:
				n.Rules++
			}
		}
		for _, f := range Frameworks {
			if answered[f] == nil {
				answered[f] = map[string]bool{}
			}
			for _, id := range k.References.Of(f) {
				n.References++
				answered[f][id] = true
			}
		}
	}
	for f, ids := range answered {
		n.ByFramework[f] = len(ids)
	}
	for i := range c.lexicon.concepts {
		for _, ps := range c.lexicon.concepts[i].phrases {
			n.Phrases += len(ps)
		}
	}
	return n
}
