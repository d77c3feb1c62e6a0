package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

func TestAccessesAreWrittenTogetherAndSealed(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := openLog(t, cfg)
		clock := cfg.Clock.(*housetest.Clock)
		ana := isms.Actor{Account: "acc_ana", Means: isms.BySession}
		for i := range 2500 {
			must(t, l.Access(ctx, ana, "document.read", isms.ID(fmt.Sprint("doc_", i%7)), ""))
			if i%900 == 899 {
				must(t, l.SealAccesses(ctx, false))
			}
		}
		must(t, l.SealAccesses(ctx, false))
		must(t, l.Access(ctx, isms.System, "export.made", "", "csv"))
		must(t, l.SealAccesses(ctx, false))
		clock.Pass(6 * time.Minute)
		must(t, l.Access(ctx, ana, "token.used", "tok_1", ""))
		must(t, l.SealAccesses(ctx, false))
		rep := verify(t, l, ledger.Trust{})
		if !rep.OK || rep.Counts.Accesses != 2502 || rep.Counts.Segments < 2 {
			t.Errorf("%+v %v", rep.Counts, rep.Problems)
		}
		must(t, l.Read(ctx, func(tx *store.Tx) error {
			as, err := ledger.Accesses(ctx, tx, ledger.AccessFilter{Actor: ana.String(), Object: "doc_3"}, 10)
			if err != nil || len(as) != 10 || as[0].N < as[9].N || as[0].Object != "doc_3" {
				t.Errorf("%v %v", as, err)
			}
			next, err := ledger.Accesses(ctx, tx, ledger.AccessFilter{Actor: ana.String(), Object: "doc_3", Before: as[9].N}, 1)
			if err != nil || len(next) != 1 || next[0].N != as[9].N-7 {
				t.Errorf("next page: %v %v", next, err)
			}
			late, err := ledger.Accesses(ctx, tx, ledger.AccessFilter{From: clock.Now()}, 10)
			if err != nil || len(late) != 1 || late[0].Act != "token.used" {
				t.Errorf("by time: %v %v", late, err)
			}
			return nil
		}))
		must(t, l.DropAccesses(ctx, ana, clock.Now()))
		if rep := verify(t, l, ledger.Trust{}); !rep.OK || rep.Counts.Accesses > 1502 {
			t.Errorf("after retention: %+v %v", rep.Counts, rep.Problems)
		}
		kept := verify(t, l, ledger.Trust{}).Counts.Accesses
		must(t, l.Access(ctx, ana, "document.read", "doc_9", ""))
		must(t, l.Close())
		if rep := verify(t, l, ledger.Trust{}); !rep.OK || rep.Counts.Accesses != kept+1 {
			t.Errorf("after closing: %+v %v", rep.Counts, rep.Problems)
		}
		if err := l.Access(ctx, ana, "document.read", "doc_9", ""); isms.CodeOf(err) != "ledger.closed" {
			t.Errorf("after closing: %v", err)
		}
	})
}
