package people_test

import (
	"testing"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

// Every page asks these two questions.

func BenchmarkSession(b *testing.B) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			h := open(b, housetest.Config(b, e))
			w := h.setUp("ana@kopur.example", "Ana Novak")
			for b.Loop() {
				if _, _, err := h.p.Session(ctx, w.cookie); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCan(b *testing.B) {
	actor := isms.Actor{Account: "acc_me", Means: isms.BySession, Roles: []isms.Role{isms.Employee, isms.Owner}}
	for b.Loop() {
		people.Can(actor, people.SettingsEdit, people.Record{Owner: "acc_me"})
	}
}

// One sign-in with a password, at the real cost.
func BenchmarkSignIn(b *testing.B) {
	people.RealHashes()
	defer people.CheapHashes()
	h := open(b, housetest.Config(b, store.SQLite))
	w := h.setUp("ana@kopur.example", "Ana Novak")
	for b.Loop() {
		if _, err := h.p.SignIn(ctx, w.email, goodPassword, office); err != nil {
			b.Fatal(err)
		}
	}
}
