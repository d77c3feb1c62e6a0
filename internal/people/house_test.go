package people_test

import (
	"context"
	"encoding/base32"
	"net/netip"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

func TestMain(m *testing.M) {
	people.CheapHashes()
	housetest.Main(m)
}

var ctx = context.Background()

const goodPassword = "grau-Ziegel-9-Wolke"

// house is an installation with people and nobody in it.
type house struct {
	t     testing.TB
	in    *instance.Instance
	p     *people.People
	clock *housetest.Clock
}

// each runs fn in a fresh house on each engine, beside other tests: they mostly wait for disks.
func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	alone(t, fn)
}

// alone is each for tests that change what is common to all.
func alone(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) { fn(t, open(t, cfg)) })
}

func open(t testing.TB, cfg store.Config) *house {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{Config: cfg, Instance: []store.Schema{people.Schema}})
	must(t, err)
	t.Cleanup(func() { must(t, in.Close()) })
	p, err := people.New(ctx, in.Log, people.Config{})
	must(t, err)
	return &house{t: t, in: in, p: p, clock: cfg.Clock.(*housetest.Clock)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if isms.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
}

var office = people.Source{Addr: netip.MustParseAddr("192.0.2.7"), Agent: "Test Browser"}

// person is somebody with a browser and an authenticator.
type person struct {
	h      *house
	id     isms.ID
	email  string
	cookie string
	device string
	seed   string
	codes  []string
}

// setUp makes the first account.
func (h *house) setUp(email, name string) *person {
	h.t.Helper()
	token, err := h.p.NewSetUpToken(ctx)
	must(h.t, err)
	in, err := h.p.SetUp(ctx, token, people.NewAccount{Email: email, Name: name, Password: goodPassword}, office)
	must(h.t, err)
	w := &person{h: h, id: in.Session.Account, email: email, cookie: in.Cookie}
	w.enrol()
	return w
}

// enrol adds an authenticator in the first session.
func (w *person) enrol() {
	w.h.t.Helper()
	key, err := w.h.p.BeginTOTP(ctx, w.cookie)
	must(w.h.t, err)
	w.seed = key.Secret
	in, err := w.h.p.FinishTOTP(ctx, w.cookie, w.code(), office)
	must(w.h.t, err)
	w.codes = in.RecoveryCodes
	if in.Cookie != "" {
		w.cookie, w.device = in.Cookie, in.Device
	}
}

// code is what another implementation of RFC 6238 shows at this moment.
func (w *person) code() string {
	w.h.t.Helper()
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(w.seed); err != nil {
		w.h.t.Fatal(err)
	}
	c, err := totp.GenerateCode(w.seed, w.h.clock.Now().Time())
	must(w.h.t, err)
	return c
}

// signIn signs in with both factors, half a minute later because codes count once.
func (w *person) signIn() {
	w.h.t.Helper()
	w.h.clock.Pass(31 * time.Second)
	in, err := w.h.p.SignIn(ctx, w.email, goodPassword, office)
	must(w.h.t, err)
	in, err = w.h.p.Second(ctx, in.Cookie, w.code(), office)
	must(w.h.t, err)
	w.cookie = in.Cookie
}

// actor is who the person's browser speaks for.
func (w *person) actor() isms.Actor {
	w.h.t.Helper()
	a, _, err := w.h.p.Session(ctx, w.cookie)
	must(w.h.t, err)
	return a
}

// enter moves the browser to a place.
func (w *person) enter(place isms.ID) {
	w.h.t.Helper()
	in, err := w.h.p.Enter(ctx, w.cookie, place, office)
	must(w.h.t, err)
	w.cookie = in.Cookie
}

// stepUp shows a code again.
func (w *person) stepUp() {
	w.h.t.Helper()
	w.h.clock.Pass(31 * time.Second)
	must(w.h.t, w.h.p.StepUp(ctx, w.cookie, w.code(), office))
}

// organisation makes a company.
func (h *house) organisation(name string) isms.ID {
	h.t.Helper()
	o, err := h.in.Create(ctx, isms.System, instance.NewOrganisation{Name: name, Domains: []string{"kopur.example"}})
	must(h.t, err)
	return o.ID
}

// invite brings somebody in and signs them in.
func (h *house) invite(place isms.ID, email, name string, ends isms.Instant, roles ...isms.Role) *person {
	h.t.Helper()
	_, token, err := h.p.Invite(ctx, isms.System, people.Invitation{Email: email, Name: name, Place: place, Roles: roles, RoleEnds: ends})
	must(h.t, err)
	in, err := h.p.Accept(ctx, token, people.NewAccount{Name: name, Password: goodPassword}, office)
	must(h.t, err)
	w := &person{h: h, id: in.Session.Account, email: email, cookie: in.Cookie}
	w.enrol()
	return w
}
