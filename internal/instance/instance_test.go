package instance_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

func TestMain(m *testing.M) {
	if raw := os.Getenv(childVar); raw != "" {
		writes(raw)
	}
	housetest.Main(m)
}

var ctx = context.Background()

func open(t *testing.T, cfg store.Config) *instance.Instance {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{Config: cfg})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	return in
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOrganisationsStayApartAndComeBack(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		in := open(t, cfg)
		var ids []isms.ID
		for _, name := range []string{"SAMPLE Karst Metering", "SAMPLE Lahn Werke"} {
			o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: name, Zone: "Europe/Ljubljana", Language: isms.Slovenian, Domains: []string{"Karst.example "}})
			must(t, err)
			ids = append(ids, o.ID)
			log, err := in.Organisation(ctx, o.ID)
			must(t, err)
			must(t, log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
				tx.Append("test.written", isms.NewID("tst", tx.At), 1, []byte(`{"secret":"`+name+`"}`))
				return nil
			}))
		}
		must(t, in.Close())

		in = open(t, cfg)
		list, err := in.List(ctx)
		must(t, err)
		if len(list) != 2 || list[0].Domains[0] != "karst.example" {
			t.Fatalf("organisations: %+v", list)
		}
		for _, id := range ids {
			log, err := in.Organisation(ctx, id)
			must(t, err)
			if log.Head().Size != 1 {
				t.Errorf("%s has %d entries", id, log.Head().Size)
			}
		}
		if _, err := in.Organisation(ctx, isms.NewID(isms.OrganisationPrefix, 1)); isms.CodeOf(err) != "organisation.unknown" {
			t.Error("unknown organisation:", err)
		}
		_, err = in.Create(ctx, isms.System, instance.NewOrganisation{Name: " "})
		if isms.CodeOf(err) != "organisation.name_missing" {
			t.Error("empty name:", err)
		}
		// The instance's own ledger knows how far the organisations' reach.
		must(t, in.Log.Read(ctx, func(tx *store.Tx) error {
			es, err := ledger.History(ctx, tx, ids[0], 10)
			if err == nil && (len(es) != 2 || es[0].Kind != "organisation.checkpointed") {
				t.Errorf("history of an organisation: %v", es)
			}
			return err
		}))
	})
}

func TestNothingIsStoredInTheClear(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	in := open(t, cfg)
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "Unmistakable SAMPLE name"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	digest, size, err := log.DB.PutFile(ctx, strings.NewReader("Unmistakable SAMPLE file"))
	must(t, err)
	r, err := log.DB.OpenFile(ctx, digest)
	must(t, err)
	b, err := io.ReadAll(r)
	must(t, err)
	if string(b) != "Unmistakable SAMPLE file" || size != int64(len(b)) {
		t.Fatalf("read back %q", b)
	}
	must(t, in.Close())
	n := 0
	must(t, filepath.WalkDir(cfg.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("Unmistakable")) || bytes.HasPrefix(b, []byte("SQLite format 3")) {
			t.Errorf("%s is readable", path)
		}
		return err
	}))
	if n < 4 {
		t.Fatalf("only %d files looked at", n)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	open(t, cfg)
	if _, err := instance.Open(ctx, instance.Config{Config: cfg}); isms.CodeOf(err) != "store.locked" {
		t.Fatal(err)
	}
}

func TestTheKeyLiesApartAndItsLossIsSaid(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	wrong := cfg
	wrong.KeyFile = filepath.Join(cfg.Dir, "master.key")
	if _, err := instance.Open(ctx, instance.Config{Config: wrong}); isms.CodeOf(err) != "key.inside_data" {
		t.Fatal(err)
	}
	in := open(t, cfg)
	must(t, in.Close())
	must(t, os.Rename(cfg.KeyFile, cfg.KeyFile+".away"))
	if _, err := instance.Open(ctx, instance.Config{Config: cfg}); isms.CodeOf(err) != "key.missing" {
		t.Fatal(err)
	}
	must(t, os.WriteFile(cfg.KeyFile, []byte(store.NewKey().String()), 0o600))
	if _, err := instance.Open(ctx, instance.Config{Config: cfg}); isms.CodeOf(err) != "key.does_not_fit" {
		t.Fatal(err)
	}
}

func TestALostDatabaseIsNoticed(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	in := open(t, cfg)
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	must(t, log.Write(ctx, isms.System, func(tx *ledger.Tx) error { tx.Append("test.written", o.ID, 0, []byte(`{}`)); return nil }))
	must(t, in.Close())
	must(t, os.Remove(filepath.Join(cfg.Dir, "organisations", string(o.ID)+".db")))
	in = open(t, cfg)
	if _, err := in.Organisation(ctx, o.ID); isms.CodeOf(err) != "organisation.entries_lost" {
		t.Fatal(err)
	}
}
