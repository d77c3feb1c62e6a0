package ledger_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	f_proof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// leafHashes is what a public tool needs to know of us: nothing but RFC 6962.
func leafHashes(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range b.Entries {
		out = append(out, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return out, nil
}

func fsckAt(t *testing.T, dir, origin, vkey string) error {
	t.Helper()
	ver, err := note.NewVerifier(vkey)
	must(t, err)
	short, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return fsck.New(origin, ver, client.FileFetcher{Root: dir}, leafHashes, fsck.Opts{N: 2}).Check(short)
}

// TestTesseraReadsTheExport lets a public tool judge what we publish.
func TestTesseraReadsTheExport(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		l := rich(t, cfg)
		dir := t.TempDir()
		must(t, ledger.Export(ctx, l.DB, dir))
		for gen, origin := range map[string]string{"1": "test.log/1", "2": "test.log/2"} {
			if err := fsckAt(t, filepath.Join(dir, gen), origin, l.VerifierKey()); err != nil {
				t.Errorf("generation %s: %v", gen, err)
			}
		}
		more := 1_000
		if cfg.Postgres == "" && !testing.Short() {
			more = 70_000 // a third level
		}
		fill(t, l, cfg.Clock.(*housetest.Clock), more, 20)
		must(t, ledger.Export(ctx, l.DB, dir))
		if err := fsckAt(t, filepath.Join(dir, "2"), "test.log/2", l.VerifierKey()); err != nil {
			t.Errorf("grown: %v", err)
		}
		must(t, l.Read(ctx, func(tx *store.Tx) error {
			return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || strings.Contains(path, ".p/") && !strings.HasSuffix(path, ".p/2") {
					return err
				}
				rel, err := filepath.Rel(dir, path)
				must(t, err)
				want, err := os.ReadFile(path)
				must(t, err)
				got, err := ledger.Public(ctx, tx, filepath.ToSlash(rel))
				if err != nil || string(got) != string(want) {
					t.Errorf("%s: served %d bytes, exported %d: %v", rel, len(got), len(want), err)
				}
				return nil
			})
		}))
		must(t, l.Read(ctx, func(tx *store.Tx) error {
			for _, bad := range []string{"", "3/checkpoint", "01/checkpoint", "1/tile/0/1", "1/tile/0/000.p/256", "1/tile/0/001.p/200", "1/tile/8/000",
				"1/tile/entries/000.p/0", "2/tile/0/x999/000", "2/tile/entries/../checkpoint", "2/tile/0/x000/001", "2/tile/-1/000", "2/tile/0/999999999999999999999"} {
				if b, err := ledger.Public(ctx, tx, bad); isms.KindOf(err) != isms.NotFound {
					t.Errorf("%q: %d bytes, %v", bad, len(b), err)
				}
			}
			return nil
		}))
	})
}

func TestAStandardToolReadsTheProof(t *testing.T) {
	l := rich(t, housetest.Config(t, store.SQLite))
	must(t, l.Read(ctx, func(tx *store.Tx) error {
		for _, idx := range []int64{0, 301, 302, 555, 903} {
			raw, err := ledger.Proof(ctx, tx, idx)
			must(t, err)
			var p f_proof.TLogProof
			must(t, p.Unmarshal(raw))
			c, err := ledger.OpenCheckpoint(p.Checkpoint, l.VerifierKey())
			must(t, err)
			e, err := ledger.Get(ctx, tx, idx)
			must(t, err)
			var hs tlog.RecordProof
			for _, h := range p.Hashes {
				hs = append(hs, h)
			}
			must(t, tlog.CheckRecord(hs, c.Size, c.Root, int64(p.Index), tlog.RecordHash(e.Leaf())))
		}
		if _, err := ledger.Proof(ctx, tx, 904); isms.KindOf(err) != isms.NotFound {
			t.Errorf("beyond the end: %v", err)
		}
		return nil
	}))
}

func TestTheAnchorKeepsHeadsAndErasuresOutside(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	l := openLog(t, cfg)
	dir := t.TempDir()
	got := map[string]string{}
	refuse := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPut || refuse {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		got[r.URL.Path] = string(b)
	}))
	defer srv.Close()
	local, err := ledger.NewAnchor(dir)
	must(t, err)
	remote, err := ledger.NewAnchor(srv.URL + "/heads")
	must(t, err)
	must(t, write(l, 1))
	id := isms.NewID("tst", 1)
	must(t, l.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		tx.Append("test.written", id, 1, []byte(`{"name":"Ana"}`))
		return tx.Erase(ctx, id, isms.Because("request"))
	}))
	must(t, errors.Join(local.Step(ctx, l), remote.Step(ctx, l)))
	must(t, write(l, 2))
	refuse = true
	if err := remote.Step(ctx, l); isms.CodeOf(err) != "anchor.refused" {
		t.Errorf("refused: %v", err)
	}
	refuse = false
	must(t, errors.Join(local.Step(ctx, l), remote.Step(ctx, l), remote.Step(ctx, l)))
	cp, es, err := ledger.AnchoredAt(dir, "test.log")
	must(t, err)
	if string(cp) != string(l.Head().Note) || len(es) != 1 || es[0].Subject != id || es[0].Index != 2 {
		t.Errorf("kept %q %v", cp, es)
	}
	if len(got) != 4 || got["/heads/test.log/checkpoint"] != string(cp) || got["/heads/test.log/checkpoint.4"] != string(cp) || got["/heads/test.log/checkpoint.3"] == "" {
		t.Errorf("put %v", got)
	}
	if cp, es, err := ledger.AnchoredAt(dir, "other.log"); cp != nil || es != nil || err != nil {
		t.Errorf("of a log that was never there: %q %v %v", cp, es, err)
	}
	if _, err := ledger.NewAnchor("ftp://host"); isms.KindOf(err) != isms.Invalid {
		t.Errorf("ftp: %v", err)
	}
}

func TestTheVerifierRemembers(t *testing.T) {
	l := rich(t, housetest.Config(t, store.SQLite))
	m := ledger.Memory{Dir: filepath.Join(t.TempDir(), "seen")}
	_, _, ok, err := m.Recall("test.log/2")
	if ok || err != nil {
		t.Fatalf("nothing was seen yet: %v %v", ok, err)
	}
	must(t, m.Remember(l.Head().Note, l.VerifierKey()))
	seen, vkey, ok, err := m.Recall("test.log/2")
	must(t, err)
	if !ok || vkey != l.VerifierKey() || seen.Size != 602 {
		t.Errorf("%v %v %v", seen, vkey, ok)
	}
	if rep := verify(t, l, ledger.Trust{Seen: []ledger.Seen{seen}}); rep.Signer != ledger.SignerRemembered {
		t.Errorf("signer %s: %v", rep.Signer, rep.Problems)
	}
	_, other, err := note.GenerateKey(rand.Reader, "test.log")
	must(t, err)
	if err := m.Remember(l.Head().Note, other); err == nil {
		t.Error("remembered under a key that did not sign")
	}
}
