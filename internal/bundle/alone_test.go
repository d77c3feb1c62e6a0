package bundle_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// alone builds the verifier that shares no code with us and returns how to run it.
func alone(t *testing.T) func(args ...string) (string, int) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "verify")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = "../../tools/verify"
	build.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return func(args ...string) (string, int) {
		out, err := exec.Command(bin, args...).CombinedOutput()
		var x *exec.ExitError
		if errors.As(err, &x) {
			return string(out), x.ExitCode()
		}
		must(t, err)
		return string(out), 0
	}
}

// TestTheStandAloneVerifierAgrees hands it what we made, as it is and with one bit changed.
func TestTheStandAloneVerifierAgrees(t *testing.T) {
	run := alone(t)
	h := build(t, housetest.Config(t, store.SQLite))
	h.hour()
	h.review()
	dir := t.TempDir()
	file, key, tiles := filepath.Join(dir, "promise.bundle"), filepath.Join(dir, "key"), filepath.Join(dir, "tiles")
	must(t, os.WriteFile(key, []byte(h.log.VerifierKey()+"\n"), 0o600))
	raw := h.bundle(h.clock.Now())
	must(t, os.WriteFile(file, raw, 0o600))
	must(t, h.log.Write(ctx, isms.System, func(tx *ledger.Tx) error { // enough for full tiles
		for range 600 {
			tx.Append("test.written", isms.NewID("tst", tx.At), 0, []byte(`{}`))
		}
		return nil
	}))
	must(t, ledger.Export(ctx, h.log.DB, tiles))
	tree := filepath.Join(tiles, "1")
	for _, args := range [][]string{{file}, {"-key", key, file}, {tree}, {"-key", key, tree}} {
		if out, code := run(args...); code != 0 || !strings.HasPrefix(out, "consistent") {
			t.Errorf("%v: exit %d: %s", args, code, out)
		}
	}
	if out, code := run(filepath.Join(dir, "nothing")); code != 2 {
		t.Errorf("nothing: exit %d: %s", code, out)
	}
	flips := func(file string, n int, args ...string) {
		b, err := os.ReadFile(file)
		must(t, err)
		for i := 0; i < len(b); i += max(1, len(b)/n) {
			b[i] ^= 1 << (i % 7)
			must(t, os.WriteFile(file, b, 0o600))
			if out, code := run(args...); code != 1 {
				t.Errorf("%s, byte %d became %q: exit %d: %s", filepath.Base(file), i, b[i], code, out)
			}
			b[i] ^= 1 << (i % 7)
		}
		must(t, os.WriteFile(file, b, 0o600))
	}
	flips(file, 150, file)
	flips(filepath.Join(tree, "checkpoint"), 400, "-key", key, tree)
	must(t, filepath.WalkDir(filepath.Join(tree, "tile"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			flips(path, 8, tree)
		}
		return err
	}))
}
