package ledger

import (
	"context"
	"database/sql"
	"slices"

	"github.com/go-json-experiment/json"

	"holdfast/internal/isms"
)

// continues checks the first entry of a later generation: it names the tree before it.
func (v *verifier) continues(g Generation, first *Entry) {
	wrong := func() {
		v.rep.Wrong("generation", g.Start, isms.Because("verify.generation_unchained", "generation", decimal(g.Gen)))
	}
	var o opened
	if first == nil || first.Kind != GenerationOpened || v.previous == nil || json.Unmarshal(first.Payload, &o) != nil {
		wrong()
		return
	}
	if o.Lost != nil {
		v.lost[g.Gen-1] = o.Lost.Until
		v.rep.Count(func(c *Counts) { c.Lost += max(0, o.Lost.Until-o.Lost.From) })
	}
	if p := v.previous; o.Previous.Origin != p.gen.Origin || o.Previous.Size != p.size || o.Previous.Root != p.root().String() {
		wrong()
	}
}

// short is a tree that was longer when it was seen before.
type short struct {
	gen       Generation
	size, now int64
}

// losses names the trees that are shorter than they were, unless the next generation's first
// entry owns up to the loss.
func (v *verifier) losses() {
	for _, s := range v.short {
		if s.gen.Start+s.size > v.lost[s.gen.Gen] {
			v.rep.Wrong(remembered, -1, isms.Because("verify.history_shorter", "size", decimal(s.size), "now", decimal(s.now)))
		}
	}
}

// strays looks for rows that belong to no tree.
func (v *verifier) strays(ctx context.Context) error {
	err := v.tx.Query(ctx, func(r *sql.Rows) error {
		var idx int64
		err := r.Scan(&idx)
		v.rep.Wrong("entry", idx, isms.Because("verify.entry_stray"))
		return err
	}, `SELECT idx FROM entry WHERE idx < 0 OR idx >= $1 ORDER BY idx LIMIT 20`, v.head.Size)
	if err != nil {
		return err
	}
	err = v.tx.Query(ctx, func(r *sql.Rows) error {
		var gen, level, n int64
		if err := r.Scan(&gen, &level, &n); err != nil {
			return err
		}
		if size, ok := v.size(gen); !ok || level < 0 || level > 7 || n != size>>(tileHeight*(level+1)) {
			v.rep.Wrong("tile", -1, tileReason("verify.tile_stray", gen, level, n))
		}
		return nil
	}, `SELECT gen, level, COUNT(*) FROM tile GROUP BY gen, level`)
	if err != nil {
		return err
	}
	return v.tx.Query(ctx, func(r *sql.Rows) error {
		var gen int64
		err := r.Scan(&gen)
		if _, ok := v.size(gen); !ok {
			v.rep.Wrong("checkpoint", -1, isms.Because("verify.generation_gap", "generation", decimal(gen)))
		}
		return err
	}, `SELECT DISTINCT gen FROM checkpoint`)
}

// size is the number of entries of a generation.
func (v *verifier) size(gen int64) (int64, bool) {
	for i, g := range v.gens {
		if g.Gen != gen {
			continue
		}
		if i+1 < len(v.gens) {
			return v.gens[i+1].Start - g.Start, true
		}
		return v.head.Size - g.Start, true
	}
	return 0, false
}

// erasures compares the table of erasures with the entries that tell of them.
func (v *verifier) erasures(context.Context) error {
	for subject, idx := range v.told {
		if v.erased[subject] != idx {
			v.rep.Add(Problem{Place: "erasure", Entry: idx, Subject: subject, Reason: isms.Because("verify.erasure_changed")})
		}
	}
	for subject, idx := range v.erased {
		if _, ok := v.told[subject]; !ok {
			v.rep.Add(Problem{Place: "erasure", Entry: idx, Subject: subject, Reason: isms.Because("verify.erasure_changed")})
		}
	}
	return nil
}

// judgeSigner says how far the log's key can be believed. Only the newest generation's key is
// asked for: an older one is named by the tree that follows it.
func (v *verifier) judgeSigner() {
	if len(v.gens) == 0 {
		return
	}
	last := v.gens[len(v.gens)-1]
	v.rep.VerifierKey = last.VKey
	if len(v.trust.Keys) > 0 {
		if slices.Contains(v.trust.Keys, last.VKey) {
			v.rep.Signer = SignerKnown
		} else {
			v.rep.Wrong("generation", -1, isms.Because("verify.signer_other", "generation", decimal(last.Gen)))
		}
		return
	}
	for _, g := range v.gens {
		if len(v.seen[g.Origin]) > 0 && v.rep.OK {
			v.rep.Signer = SignerRemembered
		}
	}
}
