package instance

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
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
