package people_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

func TestInvitationsAreListedAndWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		jan := h.invite(org, "jan@kopur.example", "Jan", 0, isms.Administrator)
		inv, token, err := h.p.Invite(ctx, jan.actor(), people.Invitation{Email: "mia@kopur.example", Name: "Mia", Place: org, Roles: []isms.Role{isms.Employee}})
		must(t, err)
		officer, _, err := h.p.Invite(ctx, isms.System, people.Invitation{Email: "eva@kopur.example", Name: "Eva", Place: org, Roles: []isms.Role{isms.SecurityOfficer}})
		must(t, err)
		_, _, err = h.p.Invite(ctx, jan.actor(), people.Invitation{Email: "foe@kopur.example", Name: "Foe", Place: org, Roles: []isms.Role{isms.SecurityOfficer}})
		wantCode(t, err, "can.role") // an administrator brings employees in, no officers
		list, err := h.p.Invited(ctx, jan.actor(), org)
		must(t, err)
		if len(list) != 2 {
			t.Fatalf("%+v", list)
		}
		wantCode(t, h.p.Withdraw(ctx, jan.actor(), officer.ID), "can.role")
		must(t, h.p.Withdraw(ctx, jan.actor(), inv.ID))
		wantCode(t, h.p.Withdraw(ctx, jan.actor(), inv.ID), "invitation.not_open")
		_, err = h.p.Accept(ctx, token, people.NewAccount{Name: "Mia", Password: goodPassword}, office)
		wantCode(t, err, "link.ended")
		if list, err = h.p.Invited(ctx, jan.actor(), org); err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		_, _, err = h.p.Invite(ctx, isms.System, people.Invitation{Email: "no address", Name: "X", Place: org, Roles: []isms.Role{isms.Employee}})
		wantCode(t, err, "account.email_malformed")
		_, _, err = h.p.Invite(ctx, isms.System, people.Invitation{Email: "x@kopur.example", Name: "X", Place: org, Roles: []isms.Role{people.Operator}})
		wantCode(t, err, "membership.role_unknown")
		h.verify()
	})
}

func TestSomebodyComesBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ana := h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		mia := h.invite(org, "mia@kopur.example", "Mia", 0, isms.Employee)
		rev := h.invite(org, "rev@audit.example", "Rev", h.clock.Now().Add(time.Hour), isms.Auditor)
		places, err := h.p.Places(ctx, mia.id)
		must(t, err)
		if len(places) != 1 || places[0].Place != org {
			t.Fatalf("%+v", places)
		}
		wantCode(t, h.p.Return(ctx, isms.System, mia.id), "account.active")
		wantCode(t, h.p.Erase(ctx, isms.System, mia.id, isms.Because("erase.requested")), "account.active")
		ana.stepUp()
		must(t, h.p.Leave(ctx, ana.actor(), mia.id))
		wantCode(t, h.p.Leave(ctx, ana.actor(), mia.id), "account.left")
		_, err = h.p.Reset(ctx, ana.actor(), mia.id, true)
		wantCode(t, err, "account.left")
		_, err = h.p.Join(ctx, isms.System, mia.id, org, []isms.Role{isms.Owner}, 0)
		wantCode(t, err, "account.left")
		must(t, h.p.Return(ctx, ana.actor(), mia.id))
		_, err = h.p.Join(ctx, isms.System, mia.id, org, []isms.Role{isms.Owner}, 0)
		must(t, err)
		lost, err := h.p.UserReset(ctx, mia.email, true)
		must(t, err)
		who, factors, err := h.p.ResetOf(ctx, lost.Reset)
		if err != nil || who.ID != mia.id || !factors {
			t.Fatal(who, factors, err)
		}
		in, err := h.p.UseReset(ctx, lost.Reset, "Nebel-im-Tal-77", office)
		must(t, err)
		mia.cookie = in.Cookie
		mia.enrol()
		if !mia.actor().Is(isms.Owner) {
			t.Fatal(mia.actor())
		}

		// An auditor whose time was over is asked again: the same membership goes on.
		h.clock.Pass(2 * time.Hour)
		_, err = h.p.Join(ctx, isms.System, rev.id, org, []isms.Role{isms.Auditor}, h.clock.Now().Add(time.Hour))
		must(t, err)
		if ms, err := h.p.Places(ctx, rev.id); err != nil || len(ms) != 1 || ms[0].Rev != 2 {
			t.Fatal(ms, err)
		}
		_, err = h.p.Join(ctx, isms.System, rev.id, org, []isms.Role{isms.Auditor}, h.clock.Now().Add(time.Hour))
		wantCode(t, err, "membership.exists")
		h.verify()
	})
}

func TestWhoeverWasSentAwayUnheardWasNotCounted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		free := h.p.Busy()
		for range 8 {
			_, err := h.p.SignIn(ctx, w.email, goodPassword, office)
			wantCode(t, err, "sign_in.busy")
		}
		free()
		late, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := h.p.SignIn(late, w.email, goodPassword, office); err == nil {
			t.Fatal("signed in although nobody waits any more")
		}
		_, err := h.p.SignIn(ctx, w.email, goodPassword, office)
		must(t, err)
	})
}

func TestASubscribersIPv6AddressesAreOneSource(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		at := func(s string) people.Source { return people.Source{Addr: netip.MustParseAddr(s)} }
		for _, a := range []string{"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:3::", "2001:db8:1:2::4", "2001:db8:1:2::5", "2001:db8:1:2::6"} {
			_, err := h.p.SignIn(ctx, w.email, "guess", at(a))
			wantCode(t, err, "sign_in.wrong")
		}
		_, err := h.p.SignIn(ctx, w.email, goodPassword, at("2001:db8:1:2:ffff::1"))
		wantCode(t, err, "sign_in.slow_down")
		_, err = h.p.SignIn(ctx, w.email, goodPassword, at("2001:db8:1:3::1"))
		must(t, err)
		_, err = h.p.SignIn(ctx, w.email, goodPassword, people.Source{}) // over a socket without addresses
		must(t, err)
	})
}

func TestSessionsAndBrowsersOfOneAccountAreBounded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		for i := range 60 {
			h.clock.Pass(time.Second)
			from := people.Source{Addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})}
			if _, err := h.p.SignIn(ctx, w.email, goodPassword, from); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 22 {
			w.cookie = ""
			h.clock.Pass(31 * time.Second)
			in, err := h.p.SignIn(ctx, w.email, goodPassword, people.Source{Addr: netip.AddrFrom4([4]byte{10, 0, 1, byte(i)})})
			must(t, err)
			_, err = h.p.Second(ctx, in.Cookie, w.code(), office)
			must(t, err)
		}
		var sessions, devices int
		must(t, h.in.Log.Read(ctx, func(tx *store.Tx) error {
			return tx.Row(ctx, []any{&sessions, &devices}, `SELECT (SELECT COUNT(*) FROM people_session), (SELECT COUNT(*) FROM people_device)`)
		}))
		if sessions != 50 || devices != 20 {
			t.Fatalf("%d sessions, %d browsers", sessions, devices)
		}
	})
}

func TestATokensListAndEndOnTheCommandLine(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		eva := h.invite(org, "eva@kopur.example", "Eva", 0, isms.Employee)
		jan := h.invite(org, "jan@kopur.example", "Jan", 0, isms.Administrator)
		made, err := h.p.TokenCreate(ctx, people.TokenRequest{Email: eva.email, Place: org, Name: "ci", Scopes: []string{"read"}, Days: 1})
		must(t, err)
		if made.Ends != h.clock.Now().Add(24*time.Hour).String() || made.Secret == "" {
			t.Fatalf("%+v", made)
		}
		_, _, err = h.p.Bearer(ctx, made.Secret, office)
		must(t, err)
		list, err := h.p.TokenList(ctx, org)
		must(t, err)
		if len(list) != 1 || list[0].Secret != "" || list[0].Used == "" || list[0].Addr != "192.0.2.7" {
			t.Fatalf("%+v", list)
		}
		for who, n := range map[*person]int{eva: 1, jan: 1} { // her own; all for the administrator
			if seen, err := h.p.Tokens(ctx, who.actor(), org); err != nil || len(seen) != n {
				t.Fatal(seen, err)
			}
		}
		must(t, h.p.TokenRevoke(ctx, made.ID))
		wantCode(t, h.p.TokenRevoke(ctx, made.ID), "token.ended")
		if list, err = h.p.TokenList(ctx, org); err != nil || list[0].State != "ended" {
			t.Fatal(list, err)
		}
		_, err = h.p.TokenCreate(ctx, people.TokenRequest{Email: eva.email, Place: h.p.Instance(), Name: "x", Scopes: []string{"read"}, Days: 1})
		wantCode(t, err, "token.not_member")
		h.verify()
	})
}
