package people_test

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

func TestTheFirstAccountIsMadeOnceWithTheToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first, err := h.p.NewSetUpToken(ctx)
		must(t, err)
		token, err := h.p.NewSetUpToken(ctx) // a restart
		must(t, err)
		ana := people.NewAccount{Email: "Ana@Kopur.example ", Name: "Ana Novak", Password: goodPassword}
		_, err = h.p.SetUp(ctx, first, ana, office)
		wantCode(t, err, "set_up.token_wrong")
		_, err = h.p.SetUp(ctx, "", ana, office)
		wantCode(t, err, "set_up.token_wrong")
		weak := ana
		weak.Password = "password1"
		_, err = h.p.SetUp(ctx, token, weak, office)
		wantCode(t, err, "password.guessable") // and the token is still good

		var wg sync.WaitGroup
		var mu sync.Mutex
		won, lost := 0, 0
		for range 4 {
			wg.Go(func() {
				_, err := h.p.SetUp(ctx, " "+strings.ToUpper(token), ana, office)
				mu.Lock()
				defer mu.Unlock()
				switch isms.CodeOf(err) {
				case "":
					if err != nil {
						t.Error(err)
					}
					won++
				case "set_up.token_wrong", "set_up.done":
					lost++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 || lost != 3 {
			t.Fatalf("%d won, %d lost", won, lost)
		}
		if open, err := h.p.SetUpOpen(ctx); err != nil || open {
			t.Fatal("set-up is still open", err)
		}
		if again, err := h.p.NewSetUpToken(ctx); err != nil || again != "" {
			t.Fatal("a token was drawn after set-up", err)
		}
	})
}

func TestASetUpTokenLastsAnHour(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, err := h.p.NewSetUpToken(ctx)
		must(t, err)
		if n := len(strings.ReplaceAll(token, "-", "")); n*5 < 128 {
			t.Fatalf("%d bits", n*5)
		}
		h.clock.Pass(60 * time.Minute)
		_, err = h.p.SetUp(ctx, token, people.NewAccount{Email: "ana@kopur.example", Name: "Ana", Password: goodPassword}, office)
		wantCode(t, err, "set_up.token_wrong")
	})
}

func TestWithoutASecondFactorOnlyEnrolment(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token, err := h.p.NewSetUpToken(ctx)
		must(t, err)
		in, err := h.p.SetUp(ctx, token, people.NewAccount{Email: "ana@kopur.example", Name: "Ana", Password: goodPassword}, office)
		must(t, err)
		for range 2 { // at once, and when signing in later
			actor, s, err := h.p.Session(ctx, in.Cookie)
			must(t, err)
			if s.Level != people.Enrol || actor.Account != "" {
				t.Fatalf("level %s, actor %v", s.Level, actor)
			}
			for _, act := range []people.Act{people.OrganisationCreate, people.PolicyRead} {
				if ok, _ := people.Can(actor, act, people.Record{}); ok {
					t.Fatal("somebody without a second factor may " + act)
				}
			}
			wantCode(t, h.p.SetPassword(ctx, in.Cookie, "another-Long-4-phrase"), "session.wrong_step")
			_, err = h.p.Enter(ctx, in.Cookie, h.p.Instance(), office)
			wantCode(t, err, "place.unknown")
			in, err = h.p.SignIn(ctx, "ana@kopur.example", goodPassword, office)
			must(t, err)
		}
		w := &person{h: h, cookie: in.Cookie}
		w.enrol()
		if len(w.codes) != 10 || w.device == "" {
			t.Fatal("recovery codes or known browser are missing")
		}
		if _, _, err := h.p.Session(ctx, in.Cookie); isms.CodeOf(err) != "session.ended" {
			t.Fatal("the cookie from before the second factor still counts")
		}
		a := w.actor()
		if !a.Is(people.Operator) || a.Place != h.p.Instance() || a.SteppedUp != h.clock.Now() {
			t.Fatalf("%+v", a)
		}
	})
}

func TestCodesCountOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		in, err := h.p.SignIn(ctx, w.email, goodPassword, office)
		must(t, err)
		_, err = h.p.Second(ctx, in.Cookie, w.code(), office) // the code that confirmed the seed
		wantCode(t, err, "sign_in.code_wrong")
		h.clock.Pass(31 * time.Second)
		code := w.code()
		full, err := h.p.Second(ctx, in.Cookie, code[:3]+" "+code[3:], office)
		must(t, err)
		wantCode(t, h.p.StepUp(ctx, full.Cookie, code, office), "sign_in.code_wrong")

		in, err = h.p.SignIn(ctx, w.email, goodPassword, office)
		must(t, err)
		_, err = h.p.Second(ctx, in.Cookie, strings.ToUpper(w.codes[3]), office)
		must(t, err)
		in, err = h.p.SignIn(ctx, w.email, goodPassword, office)
		must(t, err)
		_, err = h.p.Second(ctx, in.Cookie, w.codes[3], office)
		wantCode(t, err, "sign_in.code_wrong")
		if n, err := h.p.RecoveryLeft(ctx, w.id); err != nil || n != 9 {
			t.Fatal(n, err)
		}
		fresh, err := h.p.NewRecoveryCodes(ctx, full.Cookie)
		must(t, err)
		_, err = h.p.Second(ctx, in.Cookie, w.codes[4], office)
		wantCode(t, err, "sign_in.code_wrong")
		_, err = h.p.Second(ctx, in.Cookie, fresh[0], office)
		must(t, err)
	})
}

func TestWrongNameAndWrongPasswordLookTheSame(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		_, err1 := h.p.SignIn(ctx, w.email, "not it at all", office)
		_, err2 := h.p.SignIn(ctx, "nobody@kopur.example", goodPassword, office)
		_, err3 := h.p.SignIn(ctx, "what I typed by mistake", goodPassword, office)
		for _, err := range []error{err1, err2, err3} {
			wantCode(t, err, "sign_in.wrong")
		}
		var log string
		must(t, h.in.Log.SealAccesses(ctx, true))
		must(t, h.in.Log.Read(ctx, func(tx *store.Tx) error {
			return tx.Row(ctx, []any{&log}, `SELECT string_agg(act || ' ' || object || ' ' || detail, ';') FROM access_log`)
		}))
		if !strings.Contains(log, "sign_in.refused "+string(w.id)) || strings.Contains(log, "not it") || strings.Contains(log, "nobody@") {
			t.Fatal(log)
		}
	})
}

func TestWhoeverGuessesIsSlowedAndNobodyElse(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		foe := people.Source{Addr: netip.MustParseAddr("203.0.113.9")}
		for range 6 {
			_, err := h.p.SignIn(ctx, w.email, "guess", foe)
			wantCode(t, err, "sign_in.wrong")
		}
		_, err := h.p.SignIn(ctx, w.email, goodPassword, foe)
		wantCode(t, err, "sign_in.slow_down")
		if isms.KindOf(err) != isms.TooMany {
			t.Fatal(err)
		}
		var e *isms.Error
		if !errors.As(err, &e) || e.Params["retry_after"] != "1" {
			t.Fatalf("%+v", e)
		}
		// Somebody at another address is not held up, nor is a known browser at the foe's.
		_, err = h.p.SignIn(ctx, w.email, goodPassword, office)
		must(t, err)
		foe.Device = w.device
		_, err = h.p.SignIn(ctx, w.email, goodPassword, foe)
		must(t, err)
		foe.Device = ""
		// The delay doubles, has an end, and is forgotten.
		for range 20 {
			h.clock.Pass(15 * time.Minute)
			_, err := h.p.SignIn(ctx, w.email, "guess", foe)
			wantCode(t, err, "sign_in.wrong")
		}
		h.clock.Pass(14 * time.Minute)
		_, err = h.p.SignIn(ctx, w.email, goodPassword, foe)
		wantCode(t, err, "sign_in.slow_down")
		h.clock.Pass(time.Minute)
		_, err = h.p.SignIn(ctx, w.email, goodPassword, foe)
		must(t, err)
	})
}

func TestGuessingCodesIsSlowedForAllUnknownBrowsersTogether(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		slowed := 0
		for i := range 9 {
			foe := people.Source{Addr: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})}
			in, err := h.p.SignIn(ctx, w.email, goodPassword, foe)
			must(t, err)
			_, err = h.p.Second(ctx, in.Cookie, "123456", foe)
			switch isms.CodeOf(err) {
			case "sign_in.slow_down":
				slowed++
			case "sign_in.code_wrong":
			default:
				t.Fatal(err)
			}
		}
		if slowed != 3 {
			t.Fatalf("%d of 9 slowed", slowed)
		}
		// The owner comes in by recovery code anywhere, and by code where the browser is known.
		in, err := h.p.SignIn(ctx, w.email, goodPassword, office)
		must(t, err)
		_, err = h.p.Second(ctx, in.Cookie, w.codes[0], office)
		must(t, err)
		h.clock.Pass(31 * time.Second)
		mine := office
		mine.Device = w.device
		in, err = h.p.SignIn(ctx, w.email, goodPassword, mine)
		must(t, err)
		_, err = h.p.Second(ctx, in.Cookie, w.code(), mine)
		must(t, err)
	})
}

func TestSessionsEndByIdlenessAgeAndHand(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		for range 11 { // used every hour: alive until the twelfth
			h.clock.Pass(time.Hour)
			w.actor()
		}
		h.clock.Pass(time.Hour)
		_, _, err := h.p.Session(ctx, w.cookie)
		wantCode(t, err, "session.ended")
		w.signIn()
		h.clock.Pass(2 * time.Hour)
		_, _, err = h.p.Session(ctx, w.cookie)
		wantCode(t, err, "session.ended")

		w.signIn()
		old := w.cookie
		w.signIn()
		list, err := h.p.Sessions(ctx, w.actor())
		must(t, err)
		if len(list) != 2 || list[0].ID != w.actor().Via || list[0].Addr != "192.0.2.7" {
			t.Fatalf("%+v", list)
		}
		must(t, h.p.EndSession(ctx, w.actor(), list[1].ID))
		_, _, err = h.p.Session(ctx, old)
		wantCode(t, err, "session.ended")
		old = w.cookie
		w.signIn()
		must(t, h.p.EndOtherSessions(ctx, w.actor()))
		_, _, err = h.p.Session(ctx, old)
		wantCode(t, err, "session.ended")
		must(t, h.p.SignOut(ctx, w.cookie))
		_, _, err = h.p.Session(ctx, w.cookie)
		wantCode(t, err, "session.ended")
		must(t, h.p.Sweep(ctx))
	})
}

func TestNothingSecretIsInTheLedger(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		w.signIn()
		must(t, h.p.SetPassword(ctx, w.cookie, "another-Long-4-phrase"))
		kinds := map[string]int{}
		must(t, h.in.Log.Read(ctx, func(tx *store.Tx) error {
			es, err := ledger.Range(ctx, tx, 0, 100)
			for _, e := range es {
				kinds[e.Kind]++
				for _, secret := range []string{w.seed, w.cookie, w.codes[0], goodPassword, "argon2"} {
					if strings.Contains(string(e.Payload), secret) {
						t.Errorf("entry %s holds a secret: %s", e.Kind, e.Payload)
					}
				}
			}
			return err
		}))
		for _, k := range []string{"account.created", "membership.begun", "account.factor_added", "account.password_changed"} {
			if kinds[k] != 1 {
				t.Errorf("%d entries %s", kinds[k], k)
			}
		}
	})
}

func TestThrottlesStayBounded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		must(t, h.in.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO people_throttle (key, failures, last, until)
				WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT 'flood' || n, 1, n, 0 FROM c`)
			return err
		}))
		_, err := h.p.SignIn(ctx, w.email, "guess", office)
		wantCode(t, err, "sign_in.wrong")
		rows := func() (n, mine int) {
			must(t, h.in.Log.Read(ctx, func(tx *store.Tx) error {
				return tx.Row(ctx, []any{&n, &mine}, `SELECT COUNT(*), COUNT(CASE WHEN key NOT LIKE 'flood%' THEN 1 END) FROM people_throttle`)
			}))
			return n, mine
		}
		if n, mine := rows(); n > 20_000 || mine != 2 {
			t.Fatalf("%d rows, %d of them real", n, mine)
		}
		must(t, h.p.Sweep(ctx))
		if n, mine := rows(); n != 2 || mine != 2 {
			t.Fatalf("%d rows after sweeping, %d real", n, mine)
		}
		h.clock.Pass(2 * time.Hour)
		must(t, h.p.Sweep(ctx))
		if n, _ := rows(); n != 0 {
			t.Fatalf("%d rows are never forgotten", n)
		}
	})
}
