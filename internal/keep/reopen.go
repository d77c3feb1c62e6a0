package keep

import (
	"context"
	"strings"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// Eraser is a table whose records can be erased.
type Eraser interface {
	// Holds tells whether an id is one of this table's.
	Holds(id isms.ID) bool
	// Erase drops every copy of a record.
	Erase(ctx context.Context, tx *ledger.Tx, id isms.ID, why isms.Reason) error
}

// Reopen lets a restored installation go on without forking its history and without bringing back
// what was erased: every log begins a new generation, whose first entry names what is known to be
// lost, and the erasures that an anchor kept are done again. later are heads that the backup
// itself had seen; anchor is a directory that up --anchor wrote, or empty.
func Reopen(ctx context.Context, in *instance.Instance, actor isms.Actor, anchor string, tables []Eraser, later []ledger.Seen) error {
	logs := []*ledger.Log{in.Log}
	list, err := in.List(ctx)
	if err != nil {
		return err
	}
	for _, o := range list {
		log, err := in.Organisation(ctx, o.ID)
		if err != nil {
			return err
		}
		logs = append(logs, log)
	}
	for _, log := range logs {
		seen, erased, err := anchored(anchor, log)
		if err != nil {
			return err
		}
		if err := log.OpenGeneration(ctx, actor, lost(log, append(seen, later...))); err != nil {
			return err
		}
		for _, e := range erased {
			if err := eraseAgain(ctx, log, actor, tables, e.Subject); err != nil {
				return err
			}
		}
	}
	return nil
}

// anchored is what an anchor knows of a log.
func anchored(dir string, log *ledger.Log) ([]ledger.Seen, []ledger.Erasure, error) {
	if dir == "" {
		return nil, nil, nil
	}
	origin, _, _ := strings.Cut(string(log.Head().Note), "\n")
	base := origin[:strings.LastIndexByte(origin, '/')]
	text, erased, err := ledger.AnchoredAt(dir, base)
	if err != nil || text == nil {
		return nil, erased, err
	}
	s, err := ledger.ParseSeen(text)
	return []ledger.Seen{s}, erased, err
}

// eraseAgain drops a record that came back with a backup from before its erasure.
func eraseAgain(ctx context.Context, log *ledger.Log, actor isms.Actor, tables []Eraser, subject isms.ID) error {
	var there bool
	err := log.Read(ctx, func(tx *store.Tx) error {
		es, err := ledger.History(ctx, tx, subject, 10_000)
		for _, e := range es {
			there = there || !e.Erased() && e.Kind != ledger.Erased
		}
		return err
	})
	if err != nil || !there {
		return err
	}
	why := isms.Because("erased_before_restore")
	for _, t := range tables {
		if !t.Holds(subject) {
			continue
		}
		err := log.Write(ctx, actor, func(tx *ledger.Tx) error { return t.Erase(ctx, tx, subject, why) })
		if isms.KindOf(err) != isms.NotFound || err == nil {
			return err
		}
	}
	// It has entries and no rows: it had been removed before.
	return log.Write(ctx, actor, func(tx *ledger.Tx) error { return tx.Erase(ctx, subject, why) })
}

// lost is the range of entries between where a log stands and the latest head that somebody saw of it.
func lost(log *ledger.Log, later []ledger.Seen) ledger.LostRange {
	head := log.Head()
	origin, _, _ := strings.Cut(string(head.Note), "\n")
	mine, err := ledger.ParseSeen(head.Note)
	if err != nil {
		return ledger.LostRange{}
	}
	var out ledger.LostRange
	for _, s := range later {
		if s.Origin == origin && s.Size > mine.Size && s.Size-mine.Size > out.Until-out.From {
			out = ledger.LostRange{From: head.Size, Until: head.Size + s.Size - mine.Size, Root: s.Root}
		}
	}
	return out
}
