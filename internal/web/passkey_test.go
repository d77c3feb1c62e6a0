package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/schedule"
	"holdfast/internal/store"
)

// TestAPasskeyFromThePrintedLinkToTheNextSignIn uses the two scripts of the product in a
// real browser: the token moves from the fragment into the form, a passkey is made,
// and signs in again.
func TestAPasskeyFromThePrintedLinkToTheNextSignIn(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	cfg.Clock = nil // the browser lives in our time
	bg := context.Background()
	in, err := instance.Open(bg, instance.Config{Config: cfg, Instance: []store.Schema{people.Schema, schedule.Schema}, Organisation: organisation.Schemas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
	p, err := people.New(bg, in.Log, people.Config{Origins: []string{"http://" + host}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Hosts: []string{host}, People: p, Instance: in, House: organisation.New(in, organisation.Config{Quiet: true})})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	token, err := p.NewSetUpToken(bg)
	if err != nil {
		t.Fatal(err)
	}

	tab, _ := browser(t)
	ctx, stop := context.WithTimeout(tab, 100*time.Second)
	defer stop()
	passkey := `form[data-passkey] button`
	var typed, address, heading string
	step := func(what string, actions ...chromedp.Action) {
		t.Helper()
		ctx, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		if err := chromedp.Run(ctx, actions...); err != nil {
			var at, text string
			_ = chromedp.Run(tab, chromedp.Location(&at), chromedp.Text("main", &text, chromedp.ByQuery))
			t.Fatalf("%s: %v at %s: %s", what, err, at, text)
		}
	}
	calm := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}) // a click during a transition is lost
	step("a virtual authenticator", chromedp.EmulateViewport(1280, 900), calm, webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}).Do(ctx)
		return err
	}))
	step("the printed link", chromedp.Navigate("http://"+host+"/setup#token="+token), chromedp.WaitVisible("#name", chromedp.ByQuery),
		chromedp.Value("#token", &typed, chromedp.ByQuery), chromedp.Location(&address))
	step("the first account", chromedp.SendKeys("#name", "Mojca Žagar", chromedp.ByQuery), chromedp.SendKeys("#email", "mojca@karst.example", chromedp.ByQuery),
		chromedp.SendKeys("#password", "grau-Ziegel-9-Wolke", chromedp.ByQuery), chromedp.Click("form.sheet button[type=submit]", chromedp.ByQuery))
	step("a passkey", chromedp.WaitVisible(passkey, chromedp.ByQuery), chromedp.SendKeys(passkey, kb.Enter, chromedp.ByQuery), chromedp.WaitVisible(".codes", chromedp.ByQuery))
	step("an organisation", chromedp.Navigate("http://"+host+"/organisation"), chromedp.SendKeys("#name", "Karst Metering", chromedp.ByQuery),
		chromedp.SetValue("#zone", "Europe/Ljubljana", chromedp.ByQuery), chromedp.Click("form.sheet button[type=submit]", chromedp.ByQuery),
		chromedp.WaitVisible(".side .menu.me summary", chromedp.ByQuery))
	step("signing out", chromedp.SendKeys(".side .menu.me summary", kb.Enter, chromedp.ByQuery), chromedp.SendKeys(`.side form[action="/sign-out"] button`, kb.Enter, chromedp.ByQuery))
	step("signing in", chromedp.WaitVisible(passkey, chromedp.ByQuery), chromedp.SendKeys(passkey, kb.Enter, chromedp.ByQuery),
		chromedp.WaitVisible(".side", chromedp.ByQuery), chromedp.Text("main h1", &heading, chromedp.ByQuery))
	if typed != token || address != "http://"+host+"/setup" {
		t.Errorf("the token in the form is %q, the address %s", typed, address)
	}
	if heading == "" {
		t.Error("no page after signing in")
	}
}
