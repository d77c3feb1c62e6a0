package api

import (
	"context"
	"net/http"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

// ledgerOperations are the same for every ledger.
func (d *door) ledgerOperations(p placed) {
	get := func(verb, noun, sub, title, about string) spec {
		return p.spec(http.MethodGet, verb, noun, "/ledger"+sub, "ledger", people.LedgerRead, title, about)
	}
	handle(d, get("get", "ledger", "", "Get the head of the ledger", "How far it reaches, who signs it, and its generations."), getLedger)
	checkpoint := get("get", "checkpoint", "/checkpoint", "Get the signed checkpoint", "Keep it elsewhere: only a head that is kept elsewhere shows a rewritten ledger.")
	checkpoint.produce = "text/plain; charset=utf-8"
	handle(d, checkpoint, getCheckpoint)
	handle(d, get("list", "entries", "/entries", "List entries", "Oldest first; with order=newest the newest first; of one record with subject."), listEntries)
	handle(d, get("get", "entry", "/entries/{index}", "Get an entry", ""), getEntry)
	handle(d, get("prove", "entry", "/entries/{index}/proof", "Prove that an entry is in the ledger", "For the tree of the present checkpoint, or of an earlier size."), proveEntry)
	handle(d, get("prove", "growth", "/consistency", "Prove that the ledger continues an earlier one", "Between two sizes of one generation."), proveGrowth)
}

func getLedger(ctx context.Context, c *call, _ *struct{}) (*One[wire.Ledger], error) {
	var out wire.Ledger
	err := c.view(ctx, asOf{}, func(tx *store.Tx) error {
		h, gs, err := headOf(ctx, tx)
		if err != nil {
			return err
		}
		last := gs[len(gs)-1]
		out = wire.Ledger{Origin: last.Origin, VerifierKey: last.VKey, Size: h.Size, RecordedAt: wire.Time(h.At), Checkpoint: string(h.Note)}
		for _, g := range gs {
			out.Generations = append(out.Generations, wire.Generation{Generation: g.Gen, Origin: g.Origin, Start: g.Start, VerifierKey: g.VKey})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return one(c, out, out.Size, ""), nil
}

func getCheckpoint(ctx context.Context, c *call, _ *struct{}) (*Raw, error) {
	out := &Raw{}
	err := c.view(ctx, asOf{}, func(tx *store.Tx) error {
		h, err := ledger.ReadHead(ctx, tx)
		out.Body = h.Note
		return err
	})
	out.EntryIndex = c.index
	return out, err
}

type inEntries struct {
	Listing
	Order   string `query:"order" enum:"oldest,newest" default:"oldest"`
	Subject string `query:"subject" maxLength:"64" doc:"Only entries about this record." example:"org_01jcf1q6zvf8tr0000000000aa"`
}

func listEntries(ctx context.Context, c *call, in *inEntries) (*Many[wire.Entry], error) {
	key := func(e *ledger.Entry) []string { return []string{strconv.FormatInt(e.Index, 10)} }
	return list(ctx, c, in.Listing, key, entry, func(tx *store.Tx, after []string, limit int) ([]*ledger.Entry, error) {
		next := ledger.Query{Subject: isms.ID(in.Subject), From: 0, Until: min(tx.AsOf, store.Now-1) + 1, Newest: in.Order == "newest", Limit: limit}
		if after != nil {
			last, err := strconv.ParseInt(after[0], 10, 64)
			if err != nil {
				return nil, err
			}
			if next.Newest {
				next.Until = last
			} else {
				next.From = last + 1
			}
		}
		return ledger.Find(ctx, tx, next)
	})
}

type inEntry struct {
	Index       int64  `path:"index" minimum:"0" doc:"Index over all generations."`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1000"`
}

func getEntry(ctx context.Context, c *call, in *inEntry) (*One[wire.Entry], error) {
	var out wire.Entry
	err := c.view(ctx, asOf{}, func(tx *store.Tx) error {
		e, err := ledger.Get(ctx, tx, in.Index)
		if err != nil {
			return err
		}
		out = entry(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	rev := int64(1)
	if out.Erased { // the one way in which an entry's answer changes
		rev = 2
	}
	return one(c, out, rev, in.IfNoneMatch), nil
}

type inProof struct {
	Index int64 `path:"index" minimum:"0" doc:"Index over all generations."`
	Size  int64 `query:"size" minimum:"1" doc:"Leaves of the generation's tree; the present one if absent."`
}

func proveEntry(ctx context.Context, c *call, in *inProof) (*One[wire.Inclusion], error) {
	var out wire.Inclusion
	err := c.view(ctx, asOf{}, func(tx *store.Tx) error {
		e, err := ledger.Get(ctx, tx, in.Index)
		if err != nil {
			return err
		}
		g, size, err := generationOf(ctx, tx, in.Index)
		if err != nil {
			return err
		}
		leaf := tlog.RecordHash(e.Leaf())
		out = wire.Inclusion{Index: in.Index, Generation: g.Gen, Origin: g.Origin, LeafIndex: in.Index - g.Start, TreeSize: size, LeafHash: leaf[:]}
		if in.Size > 0 {
			out.TreeSize = in.Size
		}
		if out.TreeSize > size || out.TreeSize <= out.LeafIndex {
			return isms.Errorf(isms.Invalid, "api.size_out_of_range", "min", strconv.FormatInt(out.LeafIndex+1, 10), "max", strconv.FormatInt(size, 10)).At("/query/size")
		}
		path, err := ledger.ProveEntry(ctx, tx, g, in.Index, out.TreeSize)
		if err != nil {
			return err
		}
		out.Path = hashes(path)
		h, err := ledger.ReadHead(ctx, tx)
		if err == nil && h.Gen == g.Gen && out.TreeSize == size {
			out.Checkpoint = string(h.Note)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return one(c, out, out.TreeSize, ""), nil
}

type inGrowth struct {
	Generation int64 `query:"generation" minimum:"1" doc:"The present one if absent."`
	From       int64 `query:"from" minimum:"1" required:"true" doc:"The earlier size in leaves."`
	To         int64 `query:"to" minimum:"1" doc:"The later size in leaves; the present one if absent."`
}

func proveGrowth(ctx context.Context, c *call, in *inGrowth) (*One[wire.Consistency], error) {
	var out wire.Consistency
	err := c.view(ctx, asOf{}, func(tx *store.Tx) error {
		h, gs, err := headOf(ctx, tx)
		if err != nil {
			return err
		}
		gen := in.Generation
		if gen == 0 {
			gen = h.Gen
		}
		if gen > int64(len(gs)) {
			return isms.Errorf(isms.NotFound, "api.generation_unknown").At("/query/generation")
		}
		g, size := gs[gen-1], h.Size
		if gen < int64(len(gs)) {
			size = gs[gen].Start
		}
		size -= g.Start
		out = wire.Consistency{Generation: g.Gen, Origin: g.Origin, From: in.From, To: in.To}
		if out.To == 0 {
			out.To = size
		}
		if out.From > out.To || out.To > size {
			return isms.Errorf(isms.Invalid, "api.size_out_of_range", "min", "1", "max", strconv.FormatInt(size, 10)).At("/query/to")
		}
		path, err := ledger.ProveGrowth(ctx, tx, g, out.From, out.To)
		out.Path = hashes(path)
		return err
	})
	if err != nil {
		return nil, err
	}
	return one(c, out, out.To, ""), nil
}

func headOf(ctx context.Context, tx *store.Tx) (ledger.Head, []ledger.Generation, error) {
	h, err := ledger.ReadHead(ctx, tx)
	if err != nil {
		return h, nil, err
	}
	gs, err := ledger.Generations(ctx, tx)
	return h, gs, err
}

// generationOf finds the tree that an entry is in, and how many leaves that tree has.
func generationOf(ctx context.Context, tx *store.Tx, idx int64) (ledger.Generation, int64, error) {
	h, gs, err := headOf(ctx, tx)
	if err != nil {
		return ledger.Generation{}, 0, err
	}
	end := h.Size
	for i := len(gs) - 1; i > 0 && gs[i].Start > idx; i-- {
		end, gs = gs[i].Start, gs[:i]
	}
	g := gs[len(gs)-1]
	return g, end - g.Start, nil
}

func hashes(hs []tlog.Hash) [][]byte {
	out := make([][]byte, 0, len(hs))
	for _, h := range hs {
		out = append(out, h[:])
	}
	return out
}

func entry(e *ledger.Entry) wire.Entry {
	leaf := tlog.RecordHash(e.Leaf())
	return wire.Entry{
		Index: e.Index, RecordedAt: e.At.Time(), Kind: e.Kind, Subject: e.Subject, Revision: e.Rev, Actor: e.Actor, Means: e.Means, Erased: e.Erased(),
		Header: string(e.Header()), HeaderSalt: e.HeaderSalt, Payload: string(e.Payload), PayloadSalt: e.PayloadSalt,
		PayloadCommitment: e.PayloadCommitment, LeafHash: leaf[:],
	}
}
