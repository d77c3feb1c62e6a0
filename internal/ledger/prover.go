package ledger

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// Prover proves many entries of a log to its newest checkpoints, reading each tile once.
type Prover struct {
	views   []view
	readers []*hashes
}

// NewProver makes a prover for the moment of a transaction.
func NewProver(ctx context.Context, tx *store.Tx) (*Prover, error) {
	gens, err := Generations(ctx, tx)
	if err != nil {
		return nil, err
	}
	p := &Prover{}
	for _, g := range gens {
		v, err := publicView(ctx, tx, g.Gen)
		if err != nil {
			return nil, err
		}
		p.views = append(p.views, v)
		p.readers = append(p.readers, &hashes{ctx: ctx, tx: tx, gen: v.gen, size: v.size})
	}
	return p, nil
}

// Tree is a tree as a prover proves to it.
type Tree struct {
	Generation
	Checkpoint []byte
}

// Trees returns the trees, one for each generation, in order.
func (p *Prover) Trees() []Tree {
	out := make([]Tree, len(p.views))
	for i, v := range p.views {
		out[i] = Tree{Generation: v.gen, Checkpoint: v.note}
	}
	return out
}

// Prove returns the number in Trees of the tree that has the entry, and the entry's audit path there.
func (p *Prover) Prove(idx int64) (tree int, path []tlog.Hash, err error) {
	for i := len(p.views) - 1; i >= 0; i-- {
		v := p.views[i]
		if idx < v.gen.Start {
			continue
		}
		if idx-v.gen.Start >= v.size {
			break
		}
		path, err = tlog.ProveRecord(v.size, idx-v.gen.Start, p.readers[i])
		return i, path, err
	}
	return 0, nil, isms.Errorf(isms.NotFound, "entry.unknown")
}

// SealText signs a text of the log's own making as a C2SP signed note. Only texts that no
// checkpoint can be mistaken for are signed: their first line names what they are.
func (l *Log) SealText(kind string, lines ...string) ([]byte, error) {
	if !strings.HasPrefix(kind, "holdfast-") || strings.Contains(kind, "\n") {
		return nil, fmt.Errorf("ledger: %q names no kind of text", kind)
	}
	return note.Sign(&note.Note{Text: kind + "\n" + strings.Join(lines, "\n") + "\n"}, l.signer)
}

// OpenText checks a text that SealText signed and returns its lines after the first.
func OpenText(msg []byte, vkey, kind string) ([]string, error) {
	ver, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	text, err := openNote(msg, ver)
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(text, kind+"\n")
	if !ok {
		return nil, fmt.Errorf("ledger: the text is no %s", kind)
	}
	return strings.Split(strings.TrimSuffix(rest, "\n"), "\n"), nil
}

// openNote opens a note that bears exactly one signature, in its one spelling.
func openNote(msg []byte, ver note.Verifier) (string, error) {
	n, err := note.Open(msg, note.VerifierList(ver))
	if err != nil {
		return "", err
	}
	sig, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return "", err
	}
	if want := fmt.Sprintf("%s\n— %s %s\n", n.Text, ver.Name(), base64.StdEncoding.EncodeToString(sig)); string(msg) != want {
		return "", fmt.Errorf("ledger: the note is not in its one form")
	}
	return n.Text, nil
}
