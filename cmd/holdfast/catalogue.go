package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"holdfast/internal/catalogue"
	"holdfast/internal/reading"
)

// catalogueCmd is `holdfast catalogue`: the controls that Holdfast brings.
type catalogueCmd struct {
	Check catalogueCheckCmd `cmd:"" help:"Validate the catalogue: languages, identifiers, cadences, proofs."`
	List  catalogueListCmd  `cmd:"" help:"Print all controls with their references and proofs."`
}

// catalogueCheckCmd is `holdfast catalogue check`; it fails if anything is wrong.
type catalogueCheckCmd struct{}

// Run prints each fault on a line, or what was checked if there is none.
func (catalogueCheckCmd) Run(e *env) error {
	c, err := catalogue.Load()
	if err != nil {
		return fmt.Errorf("read the catalogue: %w", err)
	}
	faults, err := c.Check()
	if err != nil {
		return fmt.Errorf("check the catalogue: %w", err)
	}
	for _, f := range faults {
		if _, err := fmt.Fprintln(e.out, f); err != nil {
			return fmt.Errorf("print a fault: %w", err)
		}
	}
	if len(faults) > 0 {
		return exit(exitNotGood)
	}
	n := c.Count()
	_, err = fmt.Fprintf(e.out, "%d controls, %d proofs, %d references, %d concepts with %d phrases: no fault\n",
		n.Controls, n.Proofs, n.References, n.Concepts, n.Phrases)
	return err
}

// catalogueListCmd is `holdfast catalogue list`.
type catalogueListCmd struct {
	Format string `enum:"json,text" default:"text" help:"json or text."`
}

// Run prints the catalogue by id.
func (l catalogueListCmd) Run(e *env) error {
	c, err := catalogue.Load()
	if err != nil {
		return fmt.Errorf("read the catalogue: %w", err)
	}
	if l.Format == "json" {
		enc := json.NewEncoder(e.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		return enc.Encode(c.Listing())
	}
	for _, item := range c.Listing() {
		if err := printControl(e.out, item); err != nil {
			return fmt.Errorf("print control %s: %w", item.ID, err)
		}
	}
	return nil
}

func printControl(w io.Writer, item catalogue.Item) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  (%s)\n  %s · %s · %s\n", item.ID, strings.Join(item.Themes, ", "), item.Title.EN, item.Title.DE, item.Title.SL)
	for _, f := range catalogue.Frameworks {
		if ids := item.References.Of(f); len(ids) > 0 {
			fmt.Fprintf(&b, "  %-9s %s\n", f, strings.Join(ids, ", "))
		}
	}
	for _, p := range item.Proofs {
		need := "required"
		if !p.Required {
			need = "supporting"
		}
		if p.Engine == catalogue.Later {
			need += ", engine comes later"
		}
		fmt.Fprintf(&b, "  %-9s %s: %s (%s, %s)\n", p.Kind, p.Key, p.Title.EN, p.Cadence, need)
	}
	_, err := fmt.Fprintln(w, b.String())
	return err
}

// proposeControls fills the controls of a reading's binding clauses from the
// catalogue; whoever reads for an organisation passes what it confirmed before.
func proposeControls(r *reading.Reading, boosts *catalogue.Boosts) {
	for i := range r.Clauses {
		c := &r.Clauses[i]
		if !c.Normative {
			continue
		}
		ps := catalogue.Propose(catalogue.Query{Text: c.Text, Language: r.Language, Theme: c.Theme, Headings: c.Path, Parts: c.Parts}, boosts)
		c.Controls = make([]reading.Proposal, len(ps))
		for j, p := range ps {
			c.Controls[j] = reading.Proposal{ID: p.Control, Score: p.Score, Because: p.Because[0]}
		}
	}
}
