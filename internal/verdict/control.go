package verdict

import "holdfast/internal/isms"

// ForControl turns in into the question whether one control holds by its own plan,
// whatever is promised about it: no clause, no figures, all its proofs.
func ForControl(control isms.ID, in Input) Input {
	in.Clause = Clause{}
	in.Bindings = []Binding{{ID: control, Control: control, Confirmed: 1}}
	proofs := make([]Proof, 0, len(in.Proofs))
	for _, p := range in.Proofs {
		if p.Control == control {
			p.Parts = nil
			proofs = append(proofs, p)
		}
	}
	in.Proofs = proofs
	return in
}
