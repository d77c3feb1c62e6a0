package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

// verifying runs the command and returns what it printed and its exit code.
func verifying(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, errw bytes.Buffer
	code := run(context.Background(), append([]string{"verify"}, args...), &out, &errw)
	return out.String() + errw.String(), code
}

// TestVerifyNamesWhatIsWrong is the story of one installation, one bundle and one published log.
func TestVerifyNamesWhatIsWrong(t *testing.T) {
	ctx := context.Background()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("LANG", "en")
	dir := t.TempDir()
	data, key := filepath.Join(dir, "data"), filepath.Join(dir, "master.key")
	var out, errw bytes.Buffer
	if code := run(ctx, []string{"org", "create", "--data", data, "--key-file", key, "SAMPLE Karst Metering"}, &out, &errw); code != 0 {
		t.Fatalf("exit %d: %s", code, errw.String())
	}
	says := func(want int, word string, args ...string) {
		t.Helper()
		if text, code := verifying(t, args...); code != want || !strings.Contains(text, word) {
			t.Errorf("%v: exit %d, want %d and %q: %s", args, code, want, word, text)
		}
	}
	says(0, "consistent, signer unknown", data, "--key-file", key)
	says(0, "continues what was seen here before", data, "--key-file", key)
	says(0, "consistent, signer unknown", data, "--key-file", key, "--no-remember")
	says(2, "nothing to verify", filepath.Join(dir, "elsewhere"))
	if _, err := os.Stat(filepath.Join(dir, "elsewhere")); err == nil {
		t.Error("verifying founded an installation")
	}

	file := filepath.Join("..", "..", "internal", "bundle", "testdata", "bundle-v1.json")
	says(0, "Holding", file)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad.bundle")
	if err := os.WriteFile(bad, bytes.Replace(raw, []byte("somebody"), []byte("somebodx"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	says(1, "verify.bundle_seal", bad)

	tiles, vkey := publish(t, ctx, data, key)
	says(0, "continues what was seen here before", tiles)
	says(0, "consistent, signer unknown", tiles, "--no-remember")
	says(0, "signed by the key that was given", tiles, "--key", vkey)

	change(t, ctx, data, key)
	text, code := verifying(t, data, "--key-file", key, "--json")
	var said struct {
		OK    bool      `json:"ok"`
		Found []finding `json:"found"`
	}
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	p := said.Found[0].Report.Problems
	if code != 1 || said.OK || len(p) != 1 || p[0].Place != "organisation" || p[0].Code != "verify.row_changed" || p[0].Entry < 0 || p[0].Subject.Prefix() != isms.OrganisationPrefix {
		t.Errorf("exit %d: %s", code, text)
	}
}

// publish exports the instance's log and its key.
func publish(t *testing.T, ctx context.Context, data, key string) (tiles, vkey string) {
	t.Helper()
	in, err := instance.Open(ctx, place{Data: data, KeyFile: key}.config())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	vkey = filepath.Join(dir, "vkey")
	if err := os.WriteFile(vkey, []byte(in.Log.VerifierKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Export(ctx, in.Log.DB, dir); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "1"), vkey
}

// change alters a row behind the ledger's back.
func change(t *testing.T, ctx context.Context, data, key string) {
	t.Helper()
	in, err := instance.Open(ctx, place{Data: data, KeyFile: key}.config())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := in.Store.Instance().Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE organisation SET name = 'SAMPLE Karst Meterinh'`)
	}
	if err == nil {
		err = tx.Commit(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
}
