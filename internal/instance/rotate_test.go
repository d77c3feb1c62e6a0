package instance_test

import (
	"os"
	"strings"
	"testing"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/store"
)

func TestTheMasterKeyRotates(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		in := open(t, cfg)
		o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE"})
		must(t, err)
		old, err := os.ReadFile(cfg.KeyFile)
		must(t, err)

		// Cut off in the middle: both keys stand in the file, and everything opens.
		must(t, in.Store.BeginRotation(ctx))
		must(t, in.Close())
		both, err := os.ReadFile(cfg.KeyFile)
		must(t, err)
		if n := strings.Count(string(both), "\n"); n != 2 {
			t.Fatalf("%d keys in the file", n)
		}
		in = open(t, cfg)
		_, err = in.Organisation(ctx, o.ID)
		must(t, err)

		must(t, in.RotateMaster(ctx, isms.System))
		must(t, in.Close())
		now, err := os.ReadFile(cfg.KeyFile)
		must(t, err)
		if n := strings.Count(string(now), "\n"); n != 1 || strings.Contains(string(now), strings.TrimSpace(string(old))) {
			t.Fatal("the old key is still there")
		}
		in = open(t, cfg)
		_, err = in.Organisation(ctx, o.ID)
		must(t, err)
		must(t, in.Close())
		must(t, os.WriteFile(cfg.KeyFile, old, 0o600))
		if _, err := instance.Open(ctx, instance.Config{Config: cfg}); isms.CodeOf(err) != "key.does_not_fit" {
			t.Fatal("the old key still opens:", err)
		}
	})
}
