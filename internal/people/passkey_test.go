package people_test

import (
	"strings"
	"testing"
	"time"

	vwa "github.com/descope/virtualwebauthn"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

// authenticator is a virtual one at our address.
type authenticator struct {
	t    testing.TB
	rp   vwa.RelyingParty
	auth vwa.Authenticator
	cred vwa.Credential
}

func newAuthenticator(t testing.TB) *authenticator {
	return &authenticator{t: t, rp: vwa.RelyingParty{ID: "localhost", Name: "Holdfast", Origin: "http://localhost:8700"},
		auth: vwa.NewAuthenticator(), cred: vwa.NewCredential(vwa.KeyTypeEC2)}
}

// register answers a ceremony of enrolment.
func (k *authenticator) register(c people.Ceremony) []byte {
	k.t.Helper()
	o, err := vwa.ParseAttestationOptions(string(c.Options))
	must(k.t, err)
	k.auth.Options.UserHandle = []byte(o.UserID)
	return []byte(vwa.CreateAttestationResponse(k.rp, k.auth, k.cred, *o))
}

// answer answers a ceremony of signing in.
func (k *authenticator) answer(c people.Ceremony) []byte {
	k.t.Helper()
	o, err := vwa.ParseAssertionOptions(string(c.Options))
	must(k.t, err)
	return []byte(vwa.CreateAssertionResponse(k.rp, k.auth, k.cred, *o))
}

// addPasskey adds a passkey in a session that may.
func (w *person) addPasskey(name string) *authenticator {
	w.h.t.Helper()
	k := newAuthenticator(w.h.t)
	c, err := w.h.p.BeginPasskey(ctx, w.cookie)
	must(w.h.t, err)
	in, err := w.h.p.FinishPasskey(ctx, w.cookie, c.ID, name, k.register(c), office)
	must(w.h.t, err)
	if in.Cookie != "" {
		w.cookie, w.codes = in.Cookie, in.RecoveryCodes
	}
	return k
}

func TestAPasskeyAloneIsBothFactors(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, err := h.p.NewSetUpToken(ctx)
		must(t, err)
		in, err := h.p.SetUp(ctx, token, people.NewAccount{Email: "ana@kopur.example", Name: "Ana"}, office) // no password at all
		must(t, err)
		w := &person{h: h, id: in.Session.Account, email: "ana@kopur.example", cookie: in.Cookie}
		key := w.addPasskey("laptop")
		if len(w.codes) != 10 || w.actor().SteppedUp != h.clock.Now() {
			t.Fatal("the first passkey brings no recovery codes, or no full session")
		}
		must(t, h.p.SignOut(ctx, w.cookie))
		_, err = h.p.SignIn(ctx, w.email, "", office)
		wantCode(t, err, "sign_in.wrong")

		c, err := h.p.BeginPasskeySignIn(ctx)
		must(t, err)
		answer := key.answer(c)
		in, err = h.p.FinishPasskeySignIn(ctx, c.ID, answer, office)
		must(t, err)
		if in.Session.Level != people.Full || in.Session.Account != w.id {
			t.Fatalf("%+v", in.Session)
		}
		_, err = h.p.FinishPasskeySignIn(ctx, c.ID, answer, office)
		wantCode(t, err, "passkey.asked_too_long_ago") // an answer counts once
		w.cookie = in.Cookie
		wantCode(t, h.p.RemovePasskey(ctx, w.cookie, keyID(t, h, w.id)), "factor.last")

		// Without verifying the person a key is no two factors.
		key.auth.Options.UserNotVerified = true
		c, err = h.p.BeginPasskeySignIn(ctx)
		must(t, err)
		_, err = h.p.FinishPasskeySignIn(ctx, c.ID, key.answer(c), office)
		wantCode(t, err, "passkey.refused")
		key.auth.Options.UserNotVerified = false

		// Neither at another address, nor too late, nor by another key.
		c, err = h.p.BeginPasskeySignIn(ctx)
		must(t, err)
		elsewhere := *key
		elsewhere.rp.Origin = "https://holdfast.evil.example"
		_, err = h.p.FinishPasskeySignIn(ctx, c.ID, elsewhere.answer(c), office)
		wantCode(t, err, "passkey.refused")
		c, err = h.p.BeginPasskeySignIn(ctx)
		must(t, err)
		h.clock.Pass(5 * time.Minute)
		_, err = h.p.FinishPasskeySignIn(ctx, c.ID, key.answer(c), office)
		wantCode(t, err, "passkey.asked_too_long_ago")
		c, err = h.p.BeginPasskeySignIn(ctx)
		must(t, err)
		other := newAuthenticator(t)
		other.auth.Options.UserHandle = []byte(w.id)
		_, err = h.p.FinishPasskeySignIn(ctx, c.ID, other.answer(c), office)
		wantCode(t, err, "passkey.refused")
		c, err = h.p.BeginPasskeySignIn(ctx)
		must(t, err)
		_, err = h.p.FinishPasskeySignIn(ctx, c.ID, []byte(`{"id":`), office)
		wantCode(t, err, "passkey.refused")
	})
}

func keyID(t testing.TB, h *house, account isms.ID) string {
	t.Helper()
	ks, err := h.p.Passkeys(ctx, account)
	must(t, err)
	if len(ks) == 0 {
		t.Fatal("no passkey")
	}
	return ks[0].ID
}

func TestAPasskeyIsASecondFactorAndStepsUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		key := w.addPasskey("  a very long name of a key that goes on and on and on and on and on ")
		ks, err := h.p.Passkeys(ctx, w.id)
		must(t, err)
		if len(ks) != 1 || strings.HasPrefix(ks[0].Name, " ") || len(ks[0].Name) > 60 {
			t.Fatalf("%+v", ks)
		}
		key.auth.Options.UserNotVerified = true // as second factor, touching it is enough
		in, err := h.p.SignIn(ctx, w.email, goodPassword, office)
		must(t, err)
		c, err := h.p.BeginPasskeyCheck(ctx, in.Cookie)
		must(t, err)
		full, err := h.p.FinishPasskeyCheck(ctx, in.Cookie, c.ID, key.answer(c), office)
		must(t, err)
		w.cookie = full.Cookie
		h.clock.Pass(10 * time.Minute)
		wantCode(t, people.Fresh(w.actor(), h.clock.Now()), "step_up.needed")
		wantCode(t, h.p.RemoveTOTP(ctx, w.cookie), "step_up.needed")
		c, err = h.p.BeginPasskeyCheck(ctx, w.cookie)
		must(t, err)
		_, err = h.p.FinishPasskeyCheck(ctx, w.cookie, c.ID, key.answer(c), office)
		must(t, err)
		must(t, people.Fresh(w.actor(), h.clock.Now()))
		must(t, h.p.RemoveTOTP(ctx, w.cookie))
		wantCode(t, h.p.RemoveTOTP(ctx, w.cookie), "factor.unknown")
		wantCode(t, h.p.RemovePasskey(ctx, w.cookie, keyID(t, h, w.id)), "factor.last")
		w.addPasskey("second")
		must(t, h.p.RemovePasskey(ctx, w.cookie, keyID(t, h, w.id)))
		a, err := h.p.Account(ctx, w.id)
		must(t, err)
		if a.Passkeys != 1 || a.TOTPSet != 0 {
			t.Fatalf("%+v", a)
		}
	})
}

// An authenticator whose counter runs backwards was copied.
func TestACopiedPasskeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		key := w.addPasskey("laptop")
		for _, step := range []struct {
			counter uint32
			want    string
		}{{5, ""}, {6, ""}, {4, "passkey.copied"}, {7, ""}} {
			key.cred.Counter = step.counter
			c, err := h.p.BeginPasskeySignIn(ctx)
			must(t, err)
			_, err = h.p.FinishPasskeySignIn(ctx, c.ID, key.answer(c), office)
			wantCode(t, err, step.want)
		}
	})
}

func TestACeremonyBelongsToItsPersonAndPurpose(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ana := h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		eva := h.invite(org, "eva@kopur.example", "Eva", 0, isms.Employee)
		anas, evas := ana.addPasskey("a"), eva.addPasskey("e")
		c, err := h.p.BeginPasskeyCheck(ctx, eva.cookie)
		must(t, err)
		_, err = h.p.FinishPasskeyCheck(ctx, ana.cookie, c.ID, anas.answer(c), office)
		wantCode(t, err, "passkey.refused")
		_, err = h.p.FinishPasskeySignIn(ctx, c.ID, evas.answer(c), office)
		wantCode(t, err, "passkey.refused")
		_, err = h.p.FinishPasskeyCheck(ctx, eva.cookie, c.ID, anas.answer(c), office)
		wantCode(t, err, "passkey.refused")
		must(t, errorOf(h.p.FinishPasskeyCheck(ctx, eva.cookie, c.ID, evas.answer(c), office)))
		other, err := h.p.BeginPasskeyCheck(ctx, eva.cookie)
		must(t, err)
		_, err = h.p.FinishPasskeyCheck(ctx, eva.cookie, other.ID, evas.answer(c), office) // an answer to another question
		wantCode(t, err, "passkey.refused")
		for _, id := range []string{"", "x", c.ID + "A", strings.Repeat("_", len(c.ID)), strings.Repeat("A", len(c.ID))} {
			_, err = h.p.FinishPasskeySignIn(ctx, id, evas.answer(c), office)
			wantCode(t, err, "passkey.asked_too_long_ago")
		}
	})
}

func errorOf(_ people.SignedIn, err error) error { return err }

// Showing a page that asks for a passkey writes nothing, and where passkeys cannot work it asks for none.
func TestAskingForAPasskeyWritesNothingAndNeedsAName(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		w.addPasskey("laptop")
		rows := func() (n int) {
			must(t, h.in.Log.Read(ctx, func(tx *store.Tx) error { return tx.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM people_ceremony`) }))
			return n
		}
		before := rows()
		for range 3 {
			_, err := h.p.BeginPasskeySignIn(ctx)
			must(t, err)
			_, err = h.p.BeginPasskey(ctx, w.cookie)
			must(t, err)
			_, err = h.p.BeginPasskeyCheck(ctx, w.cookie)
			must(t, err)
		}
		if n := rows(); n != before || n != 1 {
			t.Fatalf("%d rows, before %d", n, before)
		}
		h.clock.Pass(time.Hour)
		must(t, h.p.Sweep(ctx))
		if n := rows(); n != 0 {
			t.Fatalf("%d answers are never forgotten", n)
		}
		for origin, can := range map[string]bool{"http://127.0.0.1:8700": true, "http://[::1]:8700": true, "https://192.0.2.1": false, "https://0.0.0.0:8700": false, "https://isms.example.com": true} {
			p, err := people.New(ctx, h.in.Log, people.Config{Origins: []string{origin}})
			must(t, err)
			c, err := p.BeginPasskeySignIn(ctx)
			must(t, err)
			if p.CanPasskey() != can || (c.ID != "") != can {
				t.Errorf("%s: %v %+v", origin, p.CanPasskey(), c)
			}
			if _, err := p.FinishPasskeySignIn(ctx, c.ID, nil, office); !can {
				wantCode(t, err, "passkey.needs_name")
			}
		}
	})
}
