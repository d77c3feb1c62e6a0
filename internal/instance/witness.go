package instance

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// witnessEvery is how often the instance's ledger notes how far the organisations' ledgers reach.
const witnessEvery = time.Minute

// witness keeps the organisations' heads in the instance's ledger, so that one log stands for all.
func (in *Instance) witness() {
	defer in.stopped.Done()
	tick := time.NewTicker(witnessEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-in.stop:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		if err := in.Witness(ctx); err != nil {
			slog.Error("note the organisations' checkpoints", "err", err)
		}
		cancel()
		select {
		case <-in.stop:
			return
		default:
		}
	}
}

// Witness notes the checkpoints of all open organisations that have grown since the last time.
func (in *Instance) Witness(ctx context.Context) error {
	heads := map[isms.ID]ledger.Head{}
	in.mu.Lock()
	for id, o := range in.open {
		heads[id] = o.log.Head()
	}
	in.mu.Unlock()
	for id, h := range heads {
		if err := in.note(ctx, id, h); err != nil {
			return err
		}
	}
	return nil
}

func (in *Instance) note(ctx context.Context, id isms.ID, h ledger.Head) error {
	var n int64
	return in.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		var err error
		n, err = tx.Exec(ctx, `INSERT INTO head_seen (name, gen, size, note) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET gen = excluded.gen, size = excluded.size, note = excluded.note
			WHERE head_seen.gen < excluded.gen OR (head_seen.gen = excluded.gen AND head_seen.size < excluded.size)`,
			string(id), h.Gen, h.Size, h.Note)
		if err != nil || n == 0 {
			return err
		}
		b := append([]byte(`{"gen":`), strconv.FormatInt(h.Gen, 10)...)
		b = append(b, `,"note":`...)
		b = ledger.AppendString(b, string(h.Note))
		b = append(append(b, `,"size":`...), strconv.FormatInt(h.Size, 10)...)
		tx.Append("organisation.checkpointed", id, 0, append(b, '}'))
		return nil
	})
}

// Witnessed are the heads of an organisation that the instance's log holds, newest of each
// generation: a log that no longer contains them was rewritten or cut.
func Witnessed(ctx context.Context, tx *store.Tx, id isms.ID) ([]ledger.Seen, error) {
	newest := map[string]ledger.Seen{}
	es, err := ledger.History(ctx, tx, id, 1<<20)
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		if e.Kind != "organisation.checkpointed" {
			continue
		}
		var said struct {
			Note string `json:"note"`
		}
		if err := json.Unmarshal(e.Payload, &said); err != nil {
			continue // the instance's own verification names it
		}
		c, err := ledger.ReadCheckpoint([]byte(said.Note))
		if err == nil && newest[c.Origin].Size <= c.Size {
			newest[c.Origin] = ledger.Seen(c)
		}
	}
	return slices.Collect(maps.Values(newest)), nil
}
