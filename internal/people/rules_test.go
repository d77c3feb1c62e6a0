package people_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"pgregory.net/rapid"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

func TestPasswordsKeepToTheFloorAndToWhatTheOrganisationAsks(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		boss := h.setUp("bojan.kralj@kopur.example", "Bojan Kralj")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		must(t, h.p.SetRules(ctx, isms.System, people.Rules{Place: org, Min: 8, Upper: true, Lower: true, Digit: true, Score: 2, Remember: 3,
			Words: []string{"Kopur", "Varnostko", " x "}, Marks: []string{"KR AB-123", "+386 4 555 12 34"}}))
		_, err := h.p.Join(ctx, isms.System, boss.id, org, []isms.Role{isms.SecurityOfficer}, 0)
		must(t, err)
		boss.signIn()
		for _, c := range []struct{ password, want string }{
			{"Krab123xY", "password.names_something"},
			{"xKR-ab 123-Qw", "password.names_something"},
			{"qw321bArkQ", "password.names_something"}, // backwards
			{"K0purSecret1", "password.names_something"},
			{"RUPOk-7-lanterns", "password.names_something"},
			{"Varn0stk0-Mesec4", "password.names_something"},
			{"Kralj-8-lanterns", "password.names_something"}, // their own name
			{"b0jan-8-Lanterns", "password.names_something"},
			{"Lan-0455512-34-terns", "password.guessable"}, // not the whole number, and digits alone help little
			{"Vn7wQe2", "password.too_short"},
			{"vn7wqe2k", "password.no_upper"},
			{"VN7WQE2K", "password.no_lower"},
			{"VnxwQeyk", "password.no_digit"},
			{"Password1", "password.guessable"},
			{goodPassword, "password.used_before"},
			{strings.Repeat("Aa1 ", 300), "password.too_long"},
			{"\xff\xfeVn7wQe2k", "password.not_text"},
			{strings.Repeat("Wolke 7 Ziegel ", 20), ""}, // 300 characters
			{"Vn7wQe2k", ""},
		} {
			boss.stepUp()
			err := h.p.SetPassword(ctx, boss.cookie, c.password)
			if isms.CodeOf(err) != c.want && c.want != "password.guessable" {
				t.Errorf("%.20q: %v, want %q", c.password, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), c.password) {
				t.Error("the error shows the password")
			}
		}
		boss.stepUp()
		wantCode(t, h.p.SetPassword(ctx, boss.cookie, "Vn7wQe2k"), "password.used_before")
		wantCode(t, h.p.SetPassword(ctx, boss.cookie, strings.Repeat("Wolke 7 Ziegel ", 20)), "password.used_before")

		var refused, shown int
		must(t, h.in.Log.SealAccesses(ctx, true))
		must(t, h.in.Log.Read(ctx, func(tx *store.Tx) error {
			return tx.Row(ctx, []any{&refused, &shown}, `SELECT COUNT(*), COUNT(CASE WHEN detail NOT LIKE 'password.%' THEN 1 END) FROM access_log WHERE act = 'password.refused'`)
		}))
		if refused < 15 || shown != 0 {
			t.Errorf("%d refusals noted, %d with more than the rule", refused, shown)
		}
		r, err := h.p.Rules(ctx, org)
		must(t, err)
		if len(r.Words) != 2 || len(r.Marks) != 2 || strings.Contains(strings.Join(r.Marks, " "), "AB") {
			t.Errorf("%+v", r)
		}
		r.Min = 7
		wantCode(t, h.p.SetRules(ctx, isms.System, r), "rules.min_range")
	})
}

func TestWithoutOwnRulesTheFloorHolds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		i := 0
		for password, want := range map[string]string{
			"7 chars": "password.too_short", "sommerregenlaterne": "", "kopur-lanterns-8": "password.names_something", "letmein123": "password.guessable",
		} {
			i++
			_, token, err := h.p.Invite(ctx, isms.System, people.Invitation{Email: fmt.Sprintf("eva%d@kopur.example", i), Name: "Eva", Place: org, Roles: []isms.Role{isms.Employee}})
			must(t, err)
			_, err = h.p.Accept(ctx, token, people.NewAccount{Name: "Eva", Password: password}, office)
			if want != "" {
				wantCode(t, err, want)
			}
		}
	})
}

func TestHashesAreMadeAtTheRealCostAndGrowOld(t *testing.T) {
	alone(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak") // hashed cheaply
		stored := func() (s string) {
			must(t, h.in.Log.Read(ctx, func(tx *store.Tx) error {
				return tx.Row(ctx, []any{&s}, `SELECT hash FROM people_password WHERE account = $1 AND n = 0`, string(w.id))
			}))
			return s
		}
		if !strings.Contains(stored(), "$m=64,t=1,p=1$") {
			t.Fatal(stored())
		}
		people.RealHashes()
		defer people.CheapHashes()
		w.signIn()
		if !strings.Contains(stored(), "$m=19456,t=2,p=1$") {
			t.Fatal("the old hash was not made anew: ", stored())
		}
		w.signIn()
	})
}

// RFC 6238 appendix B, cut to six digits, and another implementation.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := people.TOTPCode([]byte("12345678901234567890"), at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "seed")
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "at"), 0)
		key := people.TOTPKeyOf(seed, "Hold fast", "ana@kopur.example")
		theirs, err := totp.GenerateCode(key.Secret, at)
		if err != nil || theirs != people.TOTPCode(seed, at.Unix()/30) {
			t.Fatal(theirs, err)
		}
		parsed, err := otp.NewKeyFromURL(key.URI)
		if err != nil || parsed.Issuer() != "Hold fast" || parsed.AccountName() != "ana@kopur.example" || parsed.Secret() != key.Secret {
			t.Fatal(parsed, err)
		}
		// The neighbours in time count, nothing else does, and never twice.
		step := at.Unix() / 30
		for d := int64(-3); d <= 3; d++ {
			now := isms.Instant((at.Unix() + 30*d) * 1_000_000)
			if now <= 0 {
				continue
			}
			found := people.TOTPAt(seed, theirs, now, 0)
			if (d >= -1 && d <= 1) != (found == step) && step > 0 && found != 0 && people.TOTPCode(seed, found) != theirs {
				t.Fatal(d, found, step)
			}
			if people.TOTPAt(seed, theirs, now, step+3) != 0 {
				t.Fatal("a used step counts again")
			}
		}
	})
}

func FuzzReadNetworksAndCodes(f *testing.F) {
	for _, s := range []string{"192.0.2.0/24", "2001:db8::/32", "::ffff:192.0.2.1", "1", "0/0", "ABCDE-fghjk"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := people.ParseNetwork(s); err == nil {
			if again, err := people.ParseNetwork(n.String()); err != nil || again != n {
				t.Fatal(s, n, again, err)
			}
		}
		if once := people.ReadTyped(s); people.ReadTyped(once) != once {
			t.Fatal(s, once)
		}
		if err := people.NormalEmail(s); err != nil {
			t.Fatal("an address changes when read again:", err)
		}
		_ = people.DecodeHash(s)
	})
}
