package keep

import (
	"context"
	"strings"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

// Reopen lets a restored installation go on without forking its history: every log begins a new
// generation, whose first entry names what is known to be lost. later are heads that were seen
// elsewhere: by the backup itself, or at an anchor.
func Reopen(ctx context.Context, in *instance.Instance, actor isms.Actor, later []ledger.Seen) error {
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
		if err := log.OpenGeneration(ctx, actor, lost(log, later)); err != nil {
			return err
		}
	}
	return nil
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
