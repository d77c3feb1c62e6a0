package people

import (
	"bytes"
	"fmt"
	"strings"
)

// Acts lists every act of the decision table, in its order.
func Acts() []Act {
	out := make([]Act, len(table))
	for i, r := range table {
		out[i] = r.act
	}
	return out
}

// Writes tells whether an act changes something.
func Writes(act Act) bool { r, _ := ruleOf(act); return r.write }

// Matrix prints the decision table for the manual.
func Matrix() []byte {
	var b bytes.Buffer
	b.WriteString(`# Who may do what

This page is printed from the one table that decides, in ` + "`internal/people/acts.go`" + `; a test fails if it differs.

- **all**: every record of the organisation. **open**: those that are not restricted, and one's own. **own**: those that one answers for.
- **2f**: the second factor must have been shown within five minutes. **2p**: whoever asked for it cannot decide it.
  **person**: not by Holdfast itself and not on the command line.
- The six roles hold in one organisation. The operator holds on the instance alone and is nothing in an organisation by that.
- A token of the API has the rights of its account at the moment of use, cut down to its scopes: ` + "`read`, `write`" + `, or single acts by the names below.
- Somebody without a second factor has no role at all: they can only add one.

| act | needs |`)
	for _, r := range columns {
		fmt.Fprintf(&b, " %s |", strings.ReplaceAll(string(r), "_", " "))
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, r := range table {
		var needs []string
		for _, n := range []struct {
			yes  bool
			word string
		}{{r.fresh, "2f"}, {r.apart, "2p"}, {r.person, "person"}, {r.agent, "agent"}} {
			if n.yes {
				needs = append(needs, n.word)
			}
		}
		act := string(r.act)
		if r.write {
			act = "**" + act + "**"
		}
		fmt.Fprintf(&b, "| %s | %s |", act, strings.Join(needs, " "))
		for _, role := range columns {
			fmt.Fprintf(&b, " %s |", [...]string{"", "own", "open", "all"}[r.grants[role]])
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nActs in bold change something.\n")
	return b.Bytes()
}
