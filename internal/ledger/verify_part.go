package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"strconv"
	"unsafe"

	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// part is a range of entries that one worker reads and hashes. It begins with a tile.
type part struct {
	gen         Generation
	from, until int64

	hashes      []tlog.Hash // of the leaves
	at          []isms.Instant
	erasures    map[isms.ID]int64 // erasures that entries of this range tell of
	erasedCount int64
	seals       []seal
	dropped     int64
	first       *Entry           // the range's first entry
	tiles       map[int64][]byte // stored root of each lowest tile of the range

	ready chan struct{} // closed when the worker is done
	err   error
}

// readPart reads and checks a range. It runs in a transaction of its own, so it looks again
// at what was erased since the verified moment.
func (v *verifier) readPart(ctx context.Context, p *part) error {
	return v.db.Read(ctx, func(tx *store.Tx) error {
		later := map[isms.ID]int64{}
		if err := eachErasure(ctx, tx, v.head.Size, func(s isms.ID, idx int64) { later[s] = idx }); err != nil {
			return err
		}
		p.hashes = make([]tlog.Hash, p.until-p.from)
		p.at = make([]isms.Instant, p.until-p.from)
		p.erasures = map[isms.ID]int64{}
		missing := map[int64]bool{}
		if err := v.readEntries(ctx, tx, p, later, missing); err != nil {
			return err
		}
		return v.readTiles(ctx, tx, p, missing)
	})
}

// raw is an entry as it lies in the database; its bytes are valid until the next row.
type raw struct {
	idx, at, rev                 int64
	kind, subject, actor, means  sql.RawBytes
	salt, commitment, psalt, pay sql.RawBytes
}

func (v *verifier) readEntries(ctx context.Context, tx *store.Tx, p *part, later map[isms.ID]int64, missing map[int64]bool) error {
	var w raw
	h := hasher{buf: make([]byte, 0, 4096)}
	next := p.from
	gap := func(until int64) {
		for ; next < until; next++ {
			v.rep.Wrong("entry", next, isms.Because("verify.entry_missing"))
			missing[next] = true
			if next > p.from {
				p.at[next-p.from] = p.at[next-p.from-1]
			}
		}
	}
	err := tx.Query(ctx, func(r *sql.Rows) error {
		if err := r.Scan(&w.idx, &w.at, &w.kind, &w.subject, &w.rev, &w.actor, &w.means, &w.salt, &w.commitment, &w.psalt, &w.pay); err != nil {
			v.rep.Wrong("entry", max(w.idx, next), isms.Because("verify.entry_unreadable", "cause", err.Error()))
			return nil
		}
		gap(w.idx)
		i := w.idx - p.from
		p.hashes[i], p.at[i] = h.leaf(&w), isms.Instant(w.at)
		if i > 0 && p.at[i] < p.at[i-1] {
			v.rep.Wrong("entry", w.idx, isms.Because("verify.time_backwards"))
		}
		v.checkEntry(&h, &w, p, later)
		next = w.idx + 1
		return nil
	}, `SELECT idx, at, kind, subject, rev, actor, means, header_salt, payload_commitment, payload_salt, payload
		FROM entry WHERE idx >= $1 AND idx < $2 ORDER BY idx`, p.from, p.until)
	gap(p.until)
	return err
}

// checkEntry judges what an entry says against its own commitments and against the erasures.
func (v *verifier) checkEntry(h *hasher, w *raw, p *part, later map[isms.ID]int64) {
	bad := func(code string) { v.rep.Wrong("entry", w.idx, isms.Because(code, "kind", string(w.kind))) }
	if w.idx == p.from {
		p.first = &Entry{Index: w.idx, Kind: string(w.kind), Payload: append([]byte(nil), w.pay...)}
	}
	if string(w.kind) == Erased {
		p.erasures[isms.ID(w.subject)] = w.idx
	}
	if k := string(w.kind); k == AccessSealed || k == AccessDropped {
		p.noteSeal(w)
	}
	if len(w.salt) != SaltSize || len(w.commitment) != CommitmentSize {
		bad("verify.entry_malformed")
		return
	}
	until, ok := later[isms.ID(w.subject)]
	if !ok {
		until, ok = v.erased[isms.ID(w.subject)]
	}
	permitted := ok && until > w.idx && string(w.kind) != Erased
	switch {
	case w.psalt == nil && w.pay != nil:
		bad("verify.payload_changed")
	case w.psalt == nil && !permitted:
		bad("verify.erased_without_entry")
	case w.psalt == nil:
		p.erasedCount++
	case permitted:
		bad("verify.erasure_undone")
	case len(w.psalt) != SaltSize || h.commitment(payloadDomain, w.psalt, w.pay) != Commitment(w.commitment):
		bad("verify.payload_changed")
	}
}

// readTiles compares the leaves with the lowest tiles. A tile that agrees with itself convicts
// the entry; one that does not is itself at fault. The tree goes on with what the tile
// says, so that one changed entry is named once instead of at every later root.
func (v *verifier) readTiles(ctx context.Context, tx *store.Tx, p *part, missing map[int64]bool) error {
	p.tiles = map[int64][]byte{}
	n0 := (p.from - p.gen.Start) / tileWidth
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var n int64
		var row, root []byte
		if err := r.Scan(&n, &row, &root); err != nil {
			return err
		}
		first := (n - n0) * tileWidth
		if first+tileWidth > int64(len(p.hashes)) {
			return nil // filled since the verified moment
		}
		p.tiles[n] = root
		computed := p.hashes[first : first+tileWidth]
		if string(row) == string(join(computed)) {
			return nil
		}
		stored := split(row)
		if len(stored) != tileWidth || string(root) != string(hashOf(subtree(stored))) {
			v.rep.Wrong("tile", -1, tileReason("verify.tile_changed", p.gen.Gen, 0, n))
			return nil
		}
		for i := range stored {
			if idx := p.from + first + int64(i); stored[i] != computed[i] && !missing[idx] {
				v.rep.Wrong("entry", idx, isms.Because("verify.leaf_changed"))
			}
			computed[i] = stored[i]
		}
		return nil
	}, `SELECT n, hashes, root FROM tile WHERE gen = $1 AND level = 0 AND n >= $2 AND n < $3 ORDER BY n`,
		p.gen.Gen, n0, n0+chunk/tileWidth)
	return err
}

// compareRoot compares the root of a lowest tile with its row's.
func (p *part) compareRoot(rep *Report, f fullTile) {
	root, ok := p.tiles[f.n]
	switch {
	case !ok:
		rep.Wrong("tile", -1, tileReason("verify.tile_missing", p.gen.Gen, 0, f.n))
	case string(root) != string(f.root[:]):
		rep.Wrong("tile", -1, tileReason("verify.tile_changed", p.gen.Gen, 0, f.n))
	}
}

func split(b []byte) []tlog.Hash {
	out := make([]tlog.Hash, 0, len(b)/tlog.HashSize)
	for ; len(b) >= tlog.HashSize; b = b[tlog.HashSize:] {
		out = append(out, tlog.Hash(b[:tlog.HashSize]))
	}
	if len(b) > 0 {
		return nil
	}
	return out
}

func hashOf(h tlog.Hash) []byte { return h[:] }

// hasher computes leaves and commitments without allocating.
type hasher struct{ buf []byte }

// leaf is the RFC 6962 leaf hash of an entry as it lies there.
func (h *hasher) leaf(w *raw) tlog.Hash {
	e := Entry{At: isms.Instant(w.at), Rev: w.rev, Kind: words(w.kind), Subject: isms.ID(words(w.subject)), Actor: words(w.actor), Means: isms.Means(words(w.means))}
	h.buf = append(append(h.buf[:0], headerDomain), w.salt...)
	h.buf = e.appendHeader(h.buf)
	header := sha256.Sum256(h.buf)
	h.buf = append(h.buf[:0], 0, LeafVersion) // RFC 6962: 0 before a leaf
	h.buf = append(h.buf, header[:]...)
	h.buf = append(h.buf, w.commitment...)
	return sha256.Sum256(h.buf)
}

func (h *hasher) commitment(domain byte, salt, b []byte) Commitment {
	h.buf = append(append(h.buf[:0], domain), salt...)
	h.buf = append(h.buf, b...)
	return sha256.Sum256(h.buf)
}

// words lets bytes be read as a string for as long as they are not overwritten.
func words(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
