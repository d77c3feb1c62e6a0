package instance_test

import (
	"testing"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// Opening the database and ledger of an organisation that exists, with its first read.
func BenchmarkOpenOrganisation(b *testing.B) {
	in, err := instance.Open(ctx, instance.Config{Config: housetest.Config(b, store.SQLite)})
	must(b, err)
	defer in.Close()
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE"})
	must(b, err)
	for b.Loop() {
		must(b, in.CloseOrganisation(o.ID))
		log, err := in.Organisation(ctx, o.ID)
		must(b, err)
		must(b, log.Read(ctx, func(tx *store.Tx) error { return nil }))
	}
}
