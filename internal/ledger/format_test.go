package ledger_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

var update = flag.Bool("update", false, "write the test vectors anew; a released format never changes")

// keys with which the vectors are signed: for nothing else.
const (
	vectorSigner   = "PRIVATE+KEY+holdfast/test+865f3a43+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
	vectorVerifier = "holdfast/test+865f3a43+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
)

// vectors are what another implementation needs to check itself: docs/ledger-format.md.
type vectors struct {
	Header            string   `json:"header"`
	HeaderSalt        string   `json:"header_salt"`
	HeaderCommitment  string   `json:"header_commitment"`
	Payload           string   `json:"payload"`
	PayloadSalt       string   `json:"payload_salt"`
	PayloadCommitment string   `json:"payload_commitment"`
	Leaf              string   `json:"leaf"`
	LeafHash          string   `json:"leaf_hash"`
	Leaves            []string `json:"leaves"` // payloads 0, 1, 2 … under salts of that byte
	EntryBundle       string   `json:"entry_bundle"`
	Tile              string   `json:"tile"`
	Root              string   `json:"root"`
	VerifierKey       string   `json:"verifier_key"`
	Checkpoint        string   `json:"checkpoint"`
	Access            string   `json:"access"`
	AccessRoot        string   `json:"access_root"`
}

func vectorEntry(n int) *ledger.Entry {
	e := &ledger.Entry{Index: int64(n), At: 1_793_610_000_000_000 + isms.Instant(n), Kind: "document.imported", Subject: "doc_01k9b7v3sxe3v8m2q0w4r6t8y0", Rev: int64(n + 1),
		Actor: "acc_01k9b7v3sxe3v8m2q0w4r6t8y1", Means: isms.BySession,
		HeaderSalt: bytes.Repeat([]byte{byte(n)}, ledger.SaltSize), PayloadSalt: bytes.Repeat([]byte{byte(n + 128)}, ledger.SaltSize),
		Payload: fmt.Appendf(nil, `{"name":"Informacijska varnost č\"%d\"","n":%d}`, n, n)}
	e.Recommit()
	return e
}

// TestVectors holds the format to what was published.
func TestVectors(t *testing.T) {
	e := vectorEntry(0)
	leaf := e.Leaf()
	x := hex.EncodeToString
	h := tlog.RecordHash(leaf)
	v := vectors{Header: string(e.Header()), HeaderSalt: x(e.HeaderSalt), HeaderCommitment: x(leaf[1:33]), Payload: string(e.Payload), PayloadSalt: x(e.PayloadSalt),
		PayloadCommitment: x(e.PayloadCommitment), Leaf: x(leaf), LeafHash: x(h[:]), VerifierKey: vectorVerifier}
	var leaves [][]byte
	var stored, tile []tlog.Hash
	for n := range 5 {
		l := vectorEntry(n).Leaf()
		leaves = append(leaves, l)
		tile = append(tile, tlog.RecordHash(l))
		v.Leaves = append(v.Leaves, x(l))
		hs, err := tlog.StoredHashes(int64(n), l, tlog.HashReaderFunc(func(i []int64) (out []tlog.Hash, err error) {
			for _, k := range i {
				out = append(out, stored[k])
			}
			return out, nil
		}))
		must(t, err)
		stored = append(stored, hs...)
	}
	for _, h := range tile {
		v.Tile += x(h[:])
	}
	root, err := tlog.TreeHash(5, tlog.HashReaderFunc(func(i []int64) (out []tlog.Hash, err error) {
		for _, k := range i {
			out = append(out, stored[k])
		}
		return out, nil
	}))
	must(t, err)
	v.EntryBundle, v.Root = x(ledger.EntryBundle(leaves)), x(root[:])
	signer, err := note.NewSigner(vectorSigner)
	must(t, err)
	cp, err := note.Sign(&note.Note{Text: ledger.Checkpoint{Origin: "holdfast/test/1", Size: 5, Root: root}.String()}, signer)
	must(t, err)
	v.Checkpoint = string(cp)
	if c, err := ledger.OpenCheckpoint(cp, vectorVerifier); err != nil || c.Size != 5 || c.Root != root {
		t.Errorf("the checkpoint does not open: %v %v", c, err)
	}
	a := ledger.Access{N: 7, At: 1_793_610_000_000_000, Actor: "acc_01k9b7v3sxe3v8m2q0w4r6t8y1", Means: isms.ByToken, Act: "export.made", Object: "doc_01k9b7v3sxe3v8m2q0w4r6t8y0", Detail: "csv"}
	ah := tlog.RecordHash(a.Canonical())
	v.Access, v.AccessRoot = string(a.Canonical()), x(ah[:])
	got, err := json.MarshalIndent(v, "", "  ")
	must(t, err)
	file := filepath.Join("testdata", "format-v1.json")
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, append(got, '\n'), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if string(want) != string(got)+"\n" {
		t.Errorf("the format is not what was published:\n%s", got)
	}
}

// TestCheckpointsHaveOneForm changes each byte of a checkpoint.
func TestCheckpointsHaveOneForm(t *testing.T) {
	signer, err := note.NewSigner(vectorSigner)
	must(t, err)
	cp, err := note.Sign(&note.Note{Text: ledger.Checkpoint{Origin: "holdfast/test/1", Size: 5}.String()}, signer)
	must(t, err)
	for i := range cp {
		for bit := range 8 {
			cp[i] ^= 1 << bit
			if c, err := ledger.OpenCheckpoint(cp, vectorVerifier); err == nil {
				t.Errorf("byte %d as %q opens as %v", i, cp[i], c)
			}
			cp[i] ^= 1 << bit
		}
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	f.Add([]byte("holdfast/test/1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— holdfast/test AAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ledger.OpenCheckpoint(b, vectorVerifier); err == nil {
			t.Fatalf("%v was signed by nobody", c)
		}
		if c, err := ledger.ReadCheckpoint(b); err == nil && !bytes.HasPrefix(b, []byte(c.String()+"\n")) {
			t.Fatalf("%q reads as %v", b, c)
		}
	})
}

func FuzzReadErasures(f *testing.F) {
	f.Add([]byte(`{"index":3,"subject":"acc_1"}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		es, err := ledger.ReadErasures(b)
		if err != nil && isms.CodeOf(err) != "anchor.erasures_malformed" {
			t.Fatalf("%d: %v", len(es), err)
		}
	})
}
