package ledger_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// rich makes a log with full tiles, checkpoints of several minutes, an erasure and two generations.
func rich(t testing.TB, cfg store.Config) *ledger.Log {
	t.Helper()
	l := openLog(t, cfg)
	clock := cfg.Clock.(*housetest.Clock)
	fill(t, l, clock, 300, 40)
	id := isms.NewID("tst", clock.Now())
	must(t, l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		tx.Append("test.written", id, 1, []byte(`{"name":"Ana"}`))
		return nil
	}))
	clock.Pass(2 * time.Minute)
	must(t, l.Write(ctx, isms.System, func(tx *ledger.Tx) error { return tx.Erase(ctx, id, isms.Because("request")) }))
	must(t, l.OpenGeneration(ctx, isms.System, ledger.LostRange{From: 302, Until: 310}))
	for i := range 5 {
		must(t, l.Access(ctx, isms.Actor{Account: "acc_ana", Means: isms.BySession}, "document.read", isms.ID(fmt.Sprint("doc_", i)), "page 1"))
	}
	must(t, l.SealAccesses(ctx, true))
	fill(t, l, clock, 600, 40)
	return l
}

func verify(t testing.TB, l *ledger.Log, trust ledger.Trust) *ledger.Report {
	t.Helper()
	rep, err := ledger.Verify(ctx, l.DB, trust)
	must(t, err)
	return rep
}

func TestAnUntouchedLogVerifies(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := openLog(t, cfg)
		if rep := verify(t, l, ledger.Trust{}); !rep.OK {
			t.Errorf("empty log: %v", rep.Problems)
		}
		cfg2 := housetest.Config(t, cfg2engine(cfg))
		l = rich(t, cfg2)
		rep := verify(t, l, ledger.Trust{})
		want := ledger.Counts{Generations: 2, Entries: 904, Erased: 1, Lost: 8, Tiles: 3, Checkpoints: rep.Counts.Checkpoints, Accesses: 5, Segments: 1}
		if !rep.OK || rep.Counts != want || rep.Signer != ledger.SignerUnknown {
			t.Errorf("%+v %v %v", rep.Counts, rep.Signer, rep.Problems)
		}
		if rep := verify(t, l, ledger.Trust{Keys: []string{l.VerifierKey()}}); !rep.OK || rep.Signer != ledger.SignerKnown {
			t.Errorf("with its key: %v %v", rep.Signer, rep.Problems)
		}
		_, other, err := note.GenerateKey(rand.Reader, "test.log")
		must(t, err)
		if rep := verify(t, l, ledger.Trust{Keys: []string{other}}); rep.OK {
			t.Error("another key passed")
		}
	})
}

func cfg2engine(cfg store.Config) store.Engine {
	if cfg.Postgres != "" {
		return store.Postgres
	}
	return store.SQLite
}

func TestWhatWasSeenBeforeMustStillBeThere(t *testing.T) {
	l := rich(t, housetest.Config(t, store.SQLite))
	seen := func(size int64, root tlog.Hash) ledger.Trust {
		return ledger.Trust{Seen: []ledger.Seen{{Origin: "test.log/2", Size: size, Root: root}}}
	}
	now := rootOf(t, l.Head().Note)
	for _, c := range []struct {
		name  string
		trust ledger.Trust
		code  string
	}{
		{"same", seen(602, now), ""},
		{"other root", seen(601, now), "verify.history_rewritten"},
		{"lost and told of", ledger.Trust{Seen: []ledger.Seen{{Origin: "test.log/1", Size: 310}}}, ""},
		{"lost and not told of", ledger.Trust{Seen: []ledger.Seen{{Origin: "test.log/1", Size: 311}}}, "verify.history_shorter"},
		{"longer", seen(603, now), "verify.history_shorter"},
	} {
		rep := verify(t, l, c.trust)
		if got := strings.Join(rep.Codes(), " "); got != c.code {
			t.Errorf("%s: %q, want %q", c.name, got, c.code)
		}
		if c.code == "" && rep.Signer != ledger.SignerRemembered {
			t.Errorf("%s: signer %s", c.name, rep.Signer)
		}
	}
}

// spot is one value in the database.
type spot struct{ table, column, where string }

// TestOneChangedByteIsNamed changes each column of each ledger table in turn.
func TestOneChangedByteIsNamed(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := rich(t, cfg)
		var spots []spot
		for _, idx := range []int{0, 130, 255, 290, 300, 301, 302, 400, 700, 903} {
			for _, c := range []string{"idx", "at", "kind", "subject", "rev", "actor", "means", "header_salt", "payload_commitment", "payload_salt", "payload"} {
				spots = append(spots, spot{"entry", c, fmt.Sprintf("idx = %d", idx)})
			}
		}
		for _, where := range []string{"gen = 1 AND n = 0", "gen = 2 AND n = 1"} {
			for _, c := range []string{"gen", "level", "n", "hashes", "root"} {
				spots = append(spots, spot{"tile", c, where})
			}
		}
		for _, c := range []string{"gen", "size", "at", "note"} {
			spots = append(spots, spot{"head", c, "one = 1"}, spot{"checkpoint", c, "gen = 1 AND size = 302"}, spot{"checkpoint", c, "gen = 2 AND size = 602"})
		}
		for _, c := range []string{"gen", "origin", "start_idx", "vkey"} {
			spots = append(spots, spot{"generation", c, "gen = 1"}, spot{"generation", c, "gen = 2"})
		}
		spots = append(spots, spot{"erasure", "subject", "idx = 301"}, spot{"erasure", "idx", "idx = 301"})
		for _, c := range []string{"n", "at", "actor", "means", "act", "object", "detail"} {
			spots = append(spots, spot{"access_log", c, "n = 3"})
		}
		for _, c := range []string{"from_n", "until_n", "root"} {
			spots = append(spots, spot{"access_segment", c, "1 = 1"})
		}
		for _, s := range spots {
			t.Run(s.table+"."+s.column+" "+s.where, func(t *testing.T) { tamper(t, l, s) })
		}
		if rep := verify(t, l, ledger.Trust{}); !rep.OK {
			t.Errorf("after all was put back: %v", rep.Problems)
		}
	})
}

// tamper changes one value, expects that verification names it, and puts it back.
func tamper(t *testing.T, l *ledger.Log, s spot) {
	var old, flipped any
	key := map[string]string{"entry": "header_salt", "tile": "hashes", "head": "note", "checkpoint": "note", "generation": "origin", "erasure": "subject", "access_log": "object", "access_segment": "root"}[s.table]
	if s.column == key {
		key = map[string]string{"entry": "idx", "tile": "root", "head": "one", "checkpoint": "at", "generation": "start_idx", "erasure": "idx", "access_log": "n", "access_segment": "from_n"}[s.table]
	}
	var mark any
	must(t, l.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(ctx, []any{&old, &mark}, `SELECT `+s.column+`, `+key+` FROM `+s.table+` WHERE `+s.where)
	}))
	switch v := old.(type) {
	case int64:
		flipped = v + 1
		if s.column == "idx" || s.column == "gen" || s.column == "n" || s.column == "level" {
			flipped = v + 100_000 // the neighbour's place is taken
		}
	case string:
		flipped = v[:len(v)-1] + string(v[len(v)-1]^1)
	case []byte:
		b := append([]byte(nil), v...)
		b[len(b)/2] ^= 1
		flipped = b
	case nil: // erased: bring something back
		flipped = make([]byte, ledger.SaltSize)
	}
	set := func(v any) {
		tx, err := l.DB.Begin(ctx)
		must(t, err)
		n, err := tx.Exec(ctx, `UPDATE `+s.table+` SET `+s.column+` = $1 WHERE `+key+` = $2`, v, mark)
		if err == nil && n != 1 {
			err = errors.New("no row was changed")
		}
		if err != nil {
			t.Fatal(errors.Join(err, tx.Rollback(ctx)))
		}
		must(t, tx.Commit(ctx))
	}
	set(flipped)
	defer set(old)
	rep := verify(t, l, ledger.Trust{})
	if rep.OK {
		t.Fatalf("%v became %v and nobody noticed", old, flipped)
	}
	var idx int64 = -1
	if s.table == "entry" {
		if _, err := fmt.Sscanf(s.where, "idx = %d", &idx); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range rep.Problems {
		if p.Place == s.table && (idx < 0 || p.Entry == idx || p.Code == "verify.root_differs" && within(p, idx)) {
			return
		}
	}
	t.Errorf("not named: %v", rep.Problems)
}

func within(p ledger.Problem, idx int64) bool {
	var from, to int64
	_, err := fmt.Sscan(p.Params["from"]+" "+p.Params["to"], &from, &to)
	return err == nil && from <= idx && idx <= to
}
