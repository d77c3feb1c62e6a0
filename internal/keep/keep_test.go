package keep_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/keep"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

func TestMain(m *testing.M) { housetest.Main(m) }

var ctx = context.Background()

func quiet(string, int64, int64) {}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func configOf(cfg store.Config) instance.Config {
	return instance.Config{Config: cfg, Instance: []store.Schema{keep.Schema}}
}

// lived opens an installation in which something happened.
func lived(t *testing.T, cfg store.Config) (*instance.Instance, isms.ID, string) {
	t.Helper()
	in, err := instance.Open(ctx, configOf(cfg))
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE Karst Metering"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	digest, size, err := log.DB.PutFile(ctx, strings.NewReader("the adopted policy"))
	must(t, err)
	for i := range 300 {
		must(t, log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			id := isms.NewID("tst", tx.At)
			tx.Append("test.written", id, 1, []byte(`{"n":1}`))
			if i == 0 {
				return tx.UseFile(ctx, digest, id, size)
			}
			return nil
		}))
	}
	return in, o.ID, digest
}

func TestABackupRestoresElsewhereAndProvesItself(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		in, org, digest := lived(t, cfg)
		dir := t.TempDir()
		b, err := keep.Take(ctx, in, isms.System, dir, quiet)
		must(t, err)
		d, err := keep.TryRestore(ctx, in, configOf(cfg), isms.System, b.File)
		must(t, err)
		if !d.Good || d.Files != 1 || d.Entries < 300 {
			t.Fatalf("drill: %+v", d)
		}
		must(t, in.Log.Read(ctx, func(tx *store.Tx) error {
			lb, ld, err := keep.Last(ctx, tx)
			if err == nil && (lb.ID != b.ID || ld.ID != d.ID) {
				t.Errorf("last backup %s, last drill %s", lb.ID, ld.ID)
			}
			return err
		}))

		// Another machine, the other engine, the same key.
		other := housetest.Config(t, map[store.Engine]store.Engine{store.SQLite: store.Postgres, store.Postgres: store.SQLite}[in.Store.Engine])
		other.KeyFile = cfg.KeyFile
		p, err := keep.Restore(ctx, configOf(other), b.File, quiet)
		must(t, err)
		if p.Files != 1 || p.Entries < 300 {
			t.Fatalf("proof: %+v", p)
		}
		back, err := instance.Open(ctx, configOf(other))
		must(t, err)
		defer func() { must(t, back.Close()) }()
		must(t, keep.Reopen(ctx, back, isms.System, "", nil, p.Later))
		log, err := back.Organisation(ctx, org)
		must(t, err)
		r, err := log.DB.OpenFile(ctx, digest)
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, errors.Join(err, r.Close()))
		if string(text) != "the adopted policy" {
			t.Errorf("file reads %q", text)
		}
		// It goes on in a new generation: the old tree is never forked.
		must(t, log.Read(ctx, func(tx *store.Tx) error {
			gs, err := ledger.Generations(ctx, tx)
			if err == nil && (len(gs) != 2 || gs[1].Start != 300) {
				t.Errorf("generations: %+v", gs)
			}
			return err
		}))
		rep, err := ledger.Verify(ctx, log.DB, ledger.Trust{})
		must(t, err)
		if !rep.OK {
			t.Errorf("restored ledger: %v", rep.Problems)
		}
	})
}

func TestADamagedBackupIsRefused(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	in, _, _ := lived(t, cfg)
	b, err := keep.Take(ctx, in, isms.System, t.TempDir(), quiet)
	must(t, err)
	good, err := os.ReadFile(b.File)
	must(t, err)
	step := len(good)/12 + 1
	for at := step / 2; at < len(good); at += step {
		if good[at] == 0 && bytes.Count(good[max(0, at-40):min(len(good), at+40)], []byte{0}) > 70 {
			continue // padding between the members of the archive carries no meaning
		}
		bad := append([]byte(nil), good...)
		bad[at] ^= 0x40
		file := filepath.Join(t.TempDir(), "bad.backup")
		must(t, os.WriteFile(file, bad, 0o600))
		d, err := keep.TryRestore(ctx, in, configOf(cfg), isms.System, file)
		must(t, err)
		if d.Good {
			t.Errorf("byte %d of %d changed, and the restore was taken for good", at, len(good))
		}
	}
}

func TestRestoreNeedsTheKeyAndAnEmptyPlace(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	in, _, _ := lived(t, cfg)
	b, err := keep.Take(ctx, in, isms.System, t.TempDir(), quiet)
	must(t, err)
	other := housetest.Config(t, store.SQLite)
	if _, err := keep.Restore(ctx, configOf(other), b.File, quiet); isms.CodeOf(err) != "key.missing" {
		t.Error("without key:", err)
	}
	must(t, os.MkdirAll(filepath.Dir(other.KeyFile), 0o700))
	must(t, os.WriteFile(other.KeyFile, []byte(store.NewKey().String()), 0o600))
	if _, err := keep.Restore(ctx, configOf(other), b.File, quiet); isms.CodeOf(err) != "key.does_not_fit" {
		t.Error("other key:", err)
	}
	must(t, in.Close())
	if _, err := keep.Restore(ctx, configOf(cfg), b.File, quiet); isms.CodeOf(err) != "store.not_empty" {
		t.Error("onto a living installation:", err)
	}
}

func TestWhatWasErasedDoesNotComeBack(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		in, org, _ := lived(t, cfg)
		log, err := in.Organisation(ctx, org)
		must(t, err)
		secret := isms.NewID("tst", 1)
		must(t, log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			tx.Append("test.written", secret, 1, []byte(`{"name":"Ana"}`))
			return nil
		}))
		b, err := keep.Take(ctx, in, isms.System, t.TempDir(), quiet)
		must(t, err)
		outside := t.TempDir()
		anchor, err := ledger.NewAnchor(outside)
		must(t, err)
		must(t, log.Write(ctx, isms.System, func(tx *ledger.Tx) error { return tx.Erase(ctx, secret, isms.Because("request")) }))
		must(t, anchor.Step(ctx, log))
		lost := log.Head().Size

		other := housetest.Config(t, in.Store.Engine)
		other.KeyFile = cfg.KeyFile
		p, err := keep.Restore(ctx, configOf(other), b.File, quiet)
		must(t, err)
		back, err := instance.Open(ctx, configOf(other))
		must(t, err)
		defer func() { must(t, back.Close()) }()
		must(t, keep.Reopen(ctx, back, isms.System, outside, nil, p.Later))
		again, err := back.Organisation(ctx, org)
		must(t, err)
		must(t, again.Read(ctx, func(tx *store.Tx) error {
			es, err := ledger.History(ctx, tx, secret, 10)
			if err == nil && (len(es) != 2 || !es[0].Erased()) {
				t.Errorf("after the restore: %v", es)
			}
			gs, gerr := ledger.Generations(ctx, tx)
			if gerr == nil {
				e, err := ledger.Get(ctx, tx, gs[1].Start)
				if err != nil || !strings.Contains(string(e.Payload), `"until":`+strconv.FormatInt(lost, 10)) {
					t.Errorf("the lost range is not named: %s %v", e.Payload, err)
				}
			}
			return errors.Join(err, gerr)
		}))
	})
}
