package people_test

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/housetest"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

func TestALoneOfficerCanStartAndSeesWhatWaits(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ana := h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		officer := []isms.Role{isms.SecurityOfficer, isms.Management}
		_, err := h.p.Join(ctx, ana.actor(), ana.id, org, officer, 0)
		must(t, err)
		_, err = h.p.Join(ctx, ana.actor(), ana.id, org, officer, 0) // the operator appoints the first one only
		wantCode(t, err, "can.elsewhere")
		ana.signIn()
		a := ana.actor()
		if a.Place != org || !a.Is(isms.SecurityOfficer) || a.Is(people.Operator) {
			t.Fatalf("%+v", a)
		}
		now := h.clock.Now()
		must(t, people.Allow(a, people.BindingConfirm, people.Record{Place: org}, now))
		must(t, people.Allow(a, people.PolicyAdopt, people.Record{Place: org}, now))
		wantCode(t, people.Allow(a, people.ExceptionApprove, people.Record{Place: org, RequestedBy: ana.id}, now), "apart.you_asked")
		others, err := h.p.Able(ctx, org, people.ExceptionApprove, ana.id)
		must(t, err)
		if len(others) != 0 {
			t.Fatal("nobody else is there", others)
		}
		eva := h.invite(org, "eva@kopur.example", "Eva", 0, isms.Management)
		_, token, err := h.p.Invite(ctx, isms.System, people.Invitation{Email: "jan@kopur.example", Name: "Jan", Place: org, Roles: []isms.Role{isms.Employee}})
		must(t, err)
		_, err = h.p.Accept(ctx, token, people.NewAccount{Name: "Jan", Password: goodPassword}, office)
		must(t, err)
		census, err := h.p.Census(ctx, org)
		must(t, err)
		if want := (people.Census{Members: 3, Factor: 2, Recovery: 2, Without: 1}); census != want {
			t.Fatalf("%+v", census)
		}
		others, err = h.p.Able(ctx, org, people.ExceptionApprove, ana.id)
		must(t, err)
		if len(others) != 1 || others[0].ID != eva.id {
			t.Fatal(others)
		}
		must(t, people.Allow(eva.actor(), people.ExceptionApprove, people.Record{Place: org, RequestedBy: ana.id}, h.clock.Now()))
	})
}

func TestInvitationsAreForOnePersonOnceAndAWeek(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ana := h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		other := h.organisation("SAMPLE Iskra d.o.o.")
		_, err := h.p.Join(ctx, isms.System, ana.id, org, []isms.Role{isms.SecurityOfficer}, 0)
		must(t, err)
		ana.signIn()
		want := people.Invitation{Email: "Mia@Kopur.example", Name: "Mia", Place: org, Roles: []isms.Role{isms.Employee}}
		inv, token, err := h.p.Invite(ctx, ana.actor(), want)
		must(t, err)
		if inv.Ends != h.clock.Now().Add(7*24*time.Hour) || inv.Email != "mia@kopur.example" {
			t.Fatalf("%+v", inv)
		}
		elsewhere := want
		elsewhere.Place = other
		_, _, err = h.p.Invite(ctx, ana.actor(), elsewhere)
		wantCode(t, err, "can.elsewhere")
		auditor := want
		auditor.Email, auditor.Roles = "rev@audit.example", []isms.Role{isms.Auditor}
		_, _, err = h.p.Invite(ctx, ana.actor(), auditor)
		wantCode(t, err, "membership.auditor_ends")
		auditor.RoleEnds = h.clock.Now().Add(30 * 24 * time.Hour)
		_, _, err = h.p.Invite(ctx, ana.actor(), auditor)
		must(t, err)

		var wg sync.WaitGroup
		results := make([]error, 3)
		for i := range results {
			wg.Go(func() {
				_, results[i] = h.p.Accept(ctx, token, people.NewAccount{Email: "mallory@else.example", Name: "Mia", Password: goodPassword}, office)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if c := isms.CodeOf(err); c != "link.ended" && c != "invitation.sign_in_first" {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d accepted", won)
		}
		mia, err := h.p.ByEmail(ctx, "mia@kopur.example") // the address of the invitation, not another
		must(t, err)
		_, _, err = h.p.Invite(ctx, ana.actor(), want)
		wantCode(t, err, "membership.exists")

		late := want
		late.Email = "late@kopur.example"
		_, token, err = h.p.Invite(ctx, ana.actor(), late)
		must(t, err)
		h.clock.Pass(7 * 24 * time.Hour)
		_, err = h.p.Accept(ctx, token, people.NewAccount{Name: "Late", Password: goodPassword}, office)
		wantCode(t, err, "link.ended")

		// Somebody with an account accepts signed in, and nobody else for them.
		_, token, err = h.p.Invite(ctx, isms.System, people.Invitation{Email: "mia@kopur.example", Name: "Mia", Place: other, Roles: []isms.Role{isms.Owner}})
		must(t, err)
		_, err = h.p.Accept(ctx, token, people.NewAccount{Name: "Mia", Password: goodPassword}, office)
		wantCode(t, err, "invitation.sign_in_first")
		ana.signIn()
		_, err = h.p.AcceptAs(ctx, ana.cookie, token)
		wantCode(t, err, "invitation.for_another")
		in, err := h.p.SignIn(ctx, "mia@kopur.example", goodPassword, office)
		must(t, err)
		w := &person{h: h, id: mia.ID, email: "mia@kopur.example", cookie: in.Cookie}
		w.enrol()
		m, err := h.p.AcceptAs(ctx, w.cookie, token)
		must(t, err)
		if m.Place != other || w.actor().Place != org {
			t.Fatal(m)
		}
		w.enter(other)
		if a := w.actor(); !a.Is(isms.Owner) || a.Is(isms.Employee) || a.SteppedUp != 0 {
			t.Fatalf("%+v", a)
		}
		_, err = h.p.Enter(ctx, w.cookie, h.p.Instance(), office)
		wantCode(t, err, "place.unknown")
	})
}

func TestAuditorsEnd(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		rev := h.invite(org, "rev@audit.example", "Rev", h.clock.Now().Add(time.Hour), isms.Auditor)
		if a := rev.actor(); !a.Is(isms.Auditor) {
			t.Fatal(a)
		}
		h.clock.Pass(time.Hour)
		if a := rev.actor(); len(a.Roles) != 0 {
			t.Fatal("an auditor whose time is over still reads", a)
		}
		_, err := h.p.Join(ctx, isms.System, rev.id, org, []isms.Role{isms.Auditor, isms.Owner}, h.clock.Now().Add(time.Hour))
		wantCode(t, err, "membership.auditor_alone")
		// Not even our own code can write an auditor who never ends or does more.
		for _, m := range []people.Membership{
			{Account: rev.id, Place: "org_x", Roles: []isms.Role{isms.Auditor}},
			{Account: rev.id, Place: "org_x", Roles: []isms.Role{isms.Auditor, isms.Owner}, Ends: isms.Forever},
		} {
			err := h.in.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error { return people.Memberships.Add(ctx, tx, "membership.begun", &m) })
			wantCode(t, err, "record.exists") // a constraint of the database
		}
	})
}

func TestPeopleChangeWhatIsTheirs(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ana := h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		mia := h.invite(org, "mia@kopur.example", "Mia", 0, isms.Employee)
		a, err := h.p.SetProfile(ctx, mia.actor(), " Mia Zala ", isms.Slovenian)
		must(t, err)
		if a.Name != "Mia Zala" || a.Language != isms.Slovenian || a.Email != mia.email {
			t.Fatalf("%+v", a)
		}
		_, err = h.p.SetProfile(ctx, mia.actor(), "", isms.Slovenian)
		wantCode(t, err, "account.name_missing")
		_, err = h.p.SetProfile(ctx, isms.Actor{}, "Nobody", isms.English)
		wantCode(t, err, "can.nobody")
		wantCode(t, h.p.EndOtherSessions(ctx, isms.Actor{Account: mia.id, Means: isms.ByToken, Scopes: []string{"write"}}), "can.token_scope")
		_, err = h.p.SetEmail(ctx, mia.actor(), mia.id, "zala@kopur.example")
		wantCode(t, err, "can.elsewhere")
		_, err = h.p.SetEmail(ctx, ana.actor(), mia.id, ana.email)
		wantCode(t, err, "account.exists")
		a, err = h.p.SetEmail(ctx, ana.actor(), mia.id, "zala@kopur.example")
		must(t, err)
		_, _, err = h.p.Session(ctx, mia.cookie)
		wantCode(t, err, "session.ended")
		mia.email = a.Email
		mia.signIn()
	})
}

// What all these verbs leave behind agrees with the ledger, row by row.
func (h *house) verify() {
	h.t.Helper()
	var rep ledger.Report
	must(h.t, h.in.Log.Read(ctx, func(tx *store.Tx) error { return register.Verify(ctx, tx, &rep, people.Registers()...) }))
	if len(rep.Problems) > 0 {
		h.t.Fatal(rep.Problems)
	}
}

// Two servers on one database: what one decides holds for the other at once.
func TestTwoServersOnOneDatabase(t *testing.T) {
	t.Parallel()
	cfg := housetest.Config(t, store.Postgres)
	one := open(t, cfg)
	second := cfg
	second.Dir = t.TempDir()
	two := open(t, second)
	token, err := one.p.NewSetUpToken(ctx)
	must(t, err)
	if closed, err := two.p.SetUpOpen(ctx); err != nil || !closed {
		t.Fatal("the second server sees no open set-up", err)
	}
	var wg sync.WaitGroup
	results := make([]error, 2)
	for i, h := range []*house{one, two} {
		wg.Go(func() {
			_, results[i] = h.p.SetUp(ctx, token, people.NewAccount{Email: "ana@kopur.example", Name: "Ana", Password: goodPassword}, office)
		})
	}
	wg.Wait()
	if (results[0] == nil) == (results[1] == nil) {
		t.Fatal("not exactly one server made the first account", results)
	}
	in, err := one.p.SignIn(ctx, "ana@kopur.example", goodPassword, office)
	must(t, err)
	w := &person{h: two, id: in.Session.Account, email: "ana@kopur.example", cookie: in.Cookie}
	w.enrol()
	w.h = one
	if !w.actor().Is(people.Operator) {
		t.Fatal("the first server does not know the session of the second")
	}
	must(t, two.p.SignOut(ctx, w.cookie))
	_, _, err = one.p.Session(ctx, w.cookie)
	wantCode(t, err, "session.ended")
}

func TestALeaverIsOutAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ana := h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		eva := h.invite(org, "eva@kopur.example", "Eva Pirc", 0, isms.SecurityOfficer)
		_, secret, err := h.p.CreateToken(ctx, eva.actor(), people.Token{Name: "script", Place: org, Scopes: []string{"read"}, Ends: h.clock.Now().Add(time.Hour)})
		must(t, err)
		_, _, err = h.p.Bearer(ctx, secret, office)
		must(t, err)
		reset, err := h.p.UserReset(ctx, eva.email, false)
		must(t, err)
		eva.signIn()
		pending, err := h.p.SignIn(ctx, eva.email, goodPassword, office)
		must(t, err)

		wantCode(t, h.p.Leave(ctx, eva.actor(), ana.id), "can.elsewhere")
		h.clock.Pass(5 * time.Minute)
		wantCode(t, h.p.Leave(ctx, ana.actor(), eva.id), "step_up.needed")
		ana.stepUp()
		must(t, h.p.Leave(ctx, ana.actor(), eva.id))
		for _, cookie := range []string{eva.cookie, pending.Cookie} {
			_, _, err = h.p.Session(ctx, cookie)
			wantCode(t, err, "session.ended")
		}
		_, _, err = h.p.Bearer(ctx, secret, office)
		wantCode(t, err, "token.unknown")
		_, err = h.p.UseReset(ctx, reset.Reset, goodPassword, office)
		wantCode(t, err, "link.ended")
		_, err = h.p.SignIn(ctx, eva.email, goodPassword, office)
		wantCode(t, err, "sign_in.wrong")
		wantCode(t, h.p.Leave(ctx, ana.actor(), ana.id), "membership.last_head")

		// Erasing takes the personal values out of rows and ledger.
		must(t, h.p.Erase(ctx, ana.actor(), eva.id, isms.Because("erase.requested")))
		must(t, h.in.Log.Read(ctx, func(tx *store.Tx) error {
			es, err := ledger.Range(ctx, tx, 0, 1000)
			for _, e := range es {
				if strings.Contains(string(e.Payload), "eva@") || strings.Contains(string(e.Payload), "Pirc") {
					t.Errorf("entry %s still names her: %s", e.Kind, e.Payload)
				}
			}
			return err
		}))
		_, err = h.p.Account(ctx, eva.id)
		wantCode(t, err, "record.unknown")
		h.verify()
	})
}

func TestOfficesAreKeptAndChangedByTheRightPeople(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		eva := h.invite(org, "eva@kopur.example", "Eva", 0, isms.SecurityOfficer)
		jan := h.invite(org, "jan@kopur.example", "Jan", 0, isms.Administrator)
		mia := h.invite(org, "mia@kopur.example", "Mia", 0, isms.Employee)
		eva.signIn()
		ms, err := h.p.Members(ctx, eva.actor(), org)
		must(t, err)
		of := map[isms.ID]people.Membership{}
		for _, m := range ms {
			of[m.Account.ID] = m.Membership
		}
		_, err = h.p.SetRoles(ctx, jan.actor(), of[jan.id], []isms.Role{isms.SecurityOfficer}, 0)
		wantCode(t, err, "can.role")
		wantCode(t, h.p.Part(ctx, jan.actor(), of[eva.id].ID), "can.role")
		wantCode(t, h.p.Part(ctx, mia.actor(), of[jan.id].ID), "can.role")
		_, err = h.p.Members(ctx, mia.actor(), org)
		wantCode(t, err, "can.role")
		_, err = h.p.SetRoles(ctx, eva.actor(), of[eva.id], []isms.Role{isms.Employee}, 0)
		wantCode(t, err, "membership.last_head")
		wantCode(t, h.p.Part(ctx, eva.actor(), of[eva.id].ID), "membership.last_head")
		next, err := h.p.SetRoles(ctx, eva.actor(), of[jan.id], []isms.Role{isms.SecurityOfficer, isms.Administrator}, 0)
		must(t, err)
		_, err = h.p.SetRoles(ctx, eva.actor(), of[jan.id], []isms.Role{isms.Employee}, 0) // read before that change
		wantCode(t, err, "record.changed")
		if next.Rev != 2 {
			t.Fatal(next)
		}
		must(t, h.p.Part(ctx, jan.actor(), of[mia.id].ID))
		_, _, err = h.p.Session(ctx, mia.cookie)
		wantCode(t, err, "session.ended")
		must(t, h.p.Part(ctx, eva.actor(), of[eva.id].ID)) // jan holds the office now
	})
}

func TestTokensReachNoFurtherThanTheyShould(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ana := h.setUp("ana@kopur.example", "Ana Novak")
		org := h.organisation("SAMPLE Kopur d.o.o.")
		eva := h.invite(org, "eva@kopur.example", "Eva", 0, isms.SecurityOfficer)
		ends := h.clock.Now().Add(48 * time.Hour)
		for _, c := range []struct {
			token people.Token
			want  string
		}{
			{people.Token{Place: org, Scopes: []string{"read"}, Ends: ends}, "token.name_missing"},
			{people.Token{Name: "x", Place: org, Ends: ends}, "token.no_scope"},
			{people.Token{Name: "x", Place: org, Scopes: []string{"read"}}, "token.ends_range"},
			{people.Token{Name: "x", Place: org, Scopes: []string{"read"}, Ends: ends.Add(366 * 24 * time.Hour)}, "token.ends_range"},
			{people.Token{Name: "x", Place: org, Scopes: []string{"policy.burn"}, Ends: ends}, "token.scope_unknown"},
			{people.Token{Name: "x", Place: org, Scopes: []string{"read"}, Networks: []string{"office"}, Ends: ends}, "token.network_malformed"},
			{people.Token{Name: "x", Place: org, Account: ana.id, Scopes: []string{"read"}, Ends: ends}, "can.not_yours"},
			{people.Token{Name: "x", Place: h.p.Instance(), Scopes: []string{"read"}, Ends: ends}, "can.elsewhere"},
		} {
			_, _, err := h.p.CreateToken(ctx, eva.actor(), c.token)
			wantCode(t, err, c.want)
		}
		tok, secret, err := h.p.CreateToken(ctx, eva.actor(), people.Token{Name: "ci", Place: org, Scopes: []string{"read", "policy.import"},
			Networks: []string{"192.0.2.0/24", "2001:db8::1"}, Ends: ends})
		must(t, err)
		if !strings.HasPrefix(secret, "hf_") || len(secret) < 40 {
			t.Fatal(secret)
		}
		actor, _, err := h.p.Bearer(ctx, secret, office)
		must(t, err)
		for act, want := range map[people.Act]bool{people.PolicyRead: true, people.PolicyImport: true, people.PolicyEdit: false, people.PeopleRoles: false} {
			if ok, _ := people.Can(actor, act, people.Record{Place: org}); ok != want {
				t.Errorf("%s: %v", act, ok)
			}
		}
		_, _, err = h.p.Invite(ctx, actor, people.Invitation{Email: "x@kopur.example", Name: "X", Place: org, Roles: []isms.Role{isms.Employee}})
		wantCode(t, err, "can.token_scope")
		for _, from := range []string{"198.51.100.1", "2001:db8::2"} {
			_, _, err = h.p.Bearer(ctx, secret, people.Source{Addr: netip.MustParseAddr(from)})
			wantCode(t, err, "token.network")
		}
		_, _, err = h.p.Bearer(ctx, secret+"x", office)
		wantCode(t, err, "token.unknown")

		// With a code beside it a token may seal, for that request.
		wantCode(t, people.Allow(actor, people.PolicyRead, people.Record{}, h.clock.Now()), "")
		_, err = h.p.StepUpBearer(ctx, actor, "000000", office)
		wantCode(t, err, "sign_in.code_wrong")
		h.clock.Pass(31 * time.Second)
		fresh, err := h.p.StepUpBearer(ctx, actor, eva.code(), office)
		must(t, err)
		must(t, people.Fresh(fresh, h.clock.Now()))
		_, err = h.p.StepUpBearer(ctx, actor, eva.code(), office)
		wantCode(t, err, "sign_in.code_wrong")

		list, err := h.p.Tokens(ctx, eva.actor(), org)
		must(t, err)
		if len(list) != 1 || list[0].Used == 0 || list[0].Addr != "192.0.2.7" {
			t.Fatalf("%+v", list)
		}
		must(t, h.p.RevokeToken(ctx, eva.actor(), tok.ID))
		h.verify()
		_, _, err = h.p.Bearer(ctx, secret, office)
		wantCode(t, err, "token.unknown")

		answer, err := h.p.TokenCreate(ctx, people.TokenRequest{Email: eva.email, Place: org, Name: "cli", Scopes: []string{"write"}, Days: 2})
		must(t, err)
		h.clock.Pass(48 * time.Hour)
		_, _, err = h.p.Bearer(ctx, answer.Secret, office)
		wantCode(t, err, "token.ended")
	})
}

func TestTheCommandLineMakesListsAndResetsAccounts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		org := h.organisation("SAMPLE Kopur d.o.o.")
		made, err := h.p.UserCreate(ctx, people.UserRequest{Email: "ana@kopur.example", Name: "Ana", Place: org, Roles: []isms.Role{isms.SecurityOfficer}})
		must(t, err)
		_, err = h.p.UserCreate(ctx, people.UserRequest{Email: "ana@kopur.example", Place: h.p.Instance(), Roles: []isms.Role{people.Operator}})
		must(t, err)
		if open, err := h.p.SetUpOpen(ctx); err != nil || open {
			t.Fatal("set-up is open although somebody has an account", err)
		}
		in, err := h.p.UseReset(ctx, made.Reset, goodPassword, office)
		must(t, err)
		w := &person{h: h, id: in.Session.Account, email: "ana@kopur.example", cookie: in.Cookie}
		w.enrol()
		list, err := h.p.UserList(ctx, "")
		must(t, err)
		if len(list) != 1 || len(list[0].Memberships) != 2 || !list[0].SecondFactor {
			t.Fatalf("%+v", list)
		}
		// A lost password keeps the second factor; a lost factor is replaced.
		lost, err := h.p.UserReset(ctx, "ana@kopur.example", false)
		must(t, err)
		_, _, err = h.p.Session(ctx, w.cookie)
		wantCode(t, err, "session.ended")
		in, err = h.p.UseReset(ctx, lost.Reset, "Nebel-im-Tal-77", office)
		must(t, err)
		if in.Session.Level != people.Second {
			t.Fatal(in.Session.Level)
		}
		_, err = h.p.UseReset(ctx, lost.Reset, "Nebel-im-Tal-78", office)
		wantCode(t, err, "link.ended")
		lost, err = h.p.UserReset(ctx, "ana@kopur.example", true)
		must(t, err)
		in, err = h.p.UseReset(ctx, lost.Reset, "Nebel-im-Tal-79", office)
		must(t, err)
		if in.Session.Level != people.Enrol {
			t.Fatal(in.Session.Level)
		}
		_, err = h.p.UserReset(ctx, "nobody@kopur.example", true)
		wantCode(t, err, "user.not_found")
	})
}

func TestTheRoomsKeyMovesWithTheDatabasesKey(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		w := h.setUp("ana@kopur.example", "Ana Novak")
		old := h.in.Store.Instance().Secret
		other := func(purpose string) []byte { b := append([]byte(nil), old(purpose)...); b[0] ^= 1; return b }
		move := func(before, after func(string) []byte) error {
			return h.in.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error { return people.Reseal(ctx, tx, before, after) })
		}
		must(t, move(old, other))
		_, err := people.New(ctx, h.in.Log, people.Config{})
		wantCode(t, err, "people.key_unreadable")
		must(t, move(other, old))
		h.p, err = people.New(ctx, h.in.Log, people.Config{})
		must(t, err)
		w.signIn()
	})
}
