package ledger

import (
	"context"
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// GenerationOpened is the kind of the entry that begins every tree but the first.
const GenerationOpened = "ledger.generation_opened"

// GenerationPrefix begins the ids under which generations stand in entries.
const GenerationPrefix = "gen"

// LostRange names entries that a restore could not bring back: those from index From up to,
// not including, Until, as a checkpoint kept elsewhere with that root says. The zero value
// says that nothing was lost.
type LostRange struct {
	From  int64     `json:"from"`
	Root  tlog.Hash `json:"root"`
	Until int64     `json:"until"`
}

// opened is the payload of the entry that begins a generation.
type opened struct {
	Lost     *LostRange `json:"lost"`
	Previous struct {
		Origin string `json:"origin"`
		Root   string `json:"root"`
		Size   int64  `json:"size"`
	} `json:"previous"`
}

// OpenGeneration begins a new tree after a restore that lost entries or came from before what
// others have seen: continuing the old tree would fork it. Indexes go on; the origin of the
// new tree ends in the next number; its first entry names the old tree and the lost range.
func (l *Log) OpenGeneration(ctx context.Context, actor isms.Actor, lost LostRange) error {
	r := &request{ctx: context.WithoutCancel(ctx), actor: actor, done: make(chan error, 1)}
	r.open = &lost
	return l.submit(r)
}

// openings serves the requests of a batch that begin a generation and returns the others.
func (l *Log) openings(batch []*request) []*request {
	kept := batch[:0]
	for _, r := range batch {
		if r.open == nil {
			kept = append(kept, r)
			continue
		}
		r.err = l.openGeneration(r.ctx, r)
		r.finish()
	}
	return kept
}

// openGeneration runs in the writing goroutine, in a transaction of its own.
func (l *Log) openGeneration(ctx context.Context, r *request) (err error) {
	stx, err := l.DB.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			l.tree = nil
			err = errors.Join(err, stx.Rollback(ctx))
		}
	}()
	head, err := readHead(ctx, &stx.Tx, true)
	if err != nil {
		return err
	}
	old, err := l.current(ctx, &stx.Tx, head)
	if err != nil {
		return err
	}
	base := old.gen.Origin[:strings.LastIndexByte(old.gen.Origin, '/')+1]
	g := Generation{Gen: old.gen.Gen + 1, Origin: base + decimal(old.gen.Gen+1), Start: head.Size, VKey: l.vkey}
	if _, err := stx.Exec(ctx, `INSERT INTO generation (gen, origin, start_idx, vkey) VALUES ($1, $2, $3, $4)`, g.Gen, g.Origin, g.Start, g.VKey); err != nil {
		return err
	}
	if _, err := stx.Exec(ctx, `UPDATE head SET gen = $1 WHERE one = 1`, g.Gen); err != nil {
		return err
	}
	payload, err := openedPayload(old, *r.open)
	if err != nil {
		return err
	}
	w := &work{log: l, stx: stx, tree: &tree{gen: g}, head: head}
	w.head.Gen = g.Gen
	r.fn = func(tx *Tx) error {
		tx.Append(GenerationOpened, isms.NewID(GenerationPrefix, tx.At), 1, payload)
		return nil
	}
	if err := w.one(ctx, r, false); err != nil {
		return err
	}
	if err := w.seal(ctx); err != nil {
		return err
	}
	if err := stx.Commit(ctx); err != nil {
		return err
	}
	l.tree = w.tree
	l.moved(w.head)
	return nil
}

func openedPayload(old *tree, lost LostRange) ([]byte, error) {
	var o opened
	o.Previous.Origin, o.Previous.Root, o.Previous.Size = old.gen.Origin, old.root().String(), old.size
	if lost != (LostRange{}) {
		o.Lost = &lost
	}
	return json.Marshal(o)
}

// Erasures returns every erasure of a database, oldest first.
func Erasures(ctx context.Context, tx *store.Tx) ([]Erasure, error) {
	var out []Erasure
	err := eachErasure(ctx, tx, 0, func(s isms.ID, idx int64) { out = append(out, Erasure{Index: idx, Subject: s}) })
	return out, err
}

// Erasure says that everything about a subject was dropped, by the entry at Index.
type Erasure struct {
	Index   int64   `json:"index"`
	Subject isms.ID `json:"subject"`
}
