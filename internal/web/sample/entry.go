package sample

import (
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/page"
	"holdfast/internal/web/static"
)

var passkey = page.Passkey{Options: `{"challenge":"AAAA","rpId":"localhost"}`, Ceremony: "c1"}

func plain(title string) page.Base { return page.Base{Frame: page.Plain, Title: title} }

func setUp(p *lang.Printer) page.View {
	b := plain(p.T("setup.title"))
	b.Scripts = []string{static.SetUp}
	return &page.SetUp{Base: b}
}

func setUpProblems(p *lang.Printer) page.View {
	b := plain(p.T("setup.title"))
	b.Problems = []page.Problem{
		{Field: "token", Text: p.Error(isms.Errorf(isms.Invalid, "web.unreadable"))},
		{Field: "password", Text: p.T("field.password.rule", "min", page.MinPassword)},
	}
	return &page.SetUp{Base: b, Token: "7K2P-1R9F", Name: "Mojca Žagar", Email: "mojca.zagar@karst.example"}
}

func enrol(p *lang.Printer) page.View {
	b := plain(p.T("enrol.title"))
	b.Scripts = []string{static.Passkey}
	return &page.Enrol{Base: b, Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", Must: true, Next: "/", Passkey: passkey,
		URI: "otpauth://totp/Holdfast:mojca.zagar@karst.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Holdfast"}
}

func recoveryCodes(p *lang.Printer) page.View {
	return &page.RecoveryCodes{Base: plain(p.T("codes.title")), Next: "#",
		Codes: strings.Fields("k7fm-2x9q-t4pd 9wzr-c3hn-6v8e 4gbs-y5kt-1m2j x8qd-r7wv-p3nz h2ec-5t9k-b6gm m4vy-8p1s-z7xf 3jnt-q6rd-w5hk d9xg-1k4b-e8cv")}
}

func recoveryKey(p *lang.Printer) page.View {
	return &page.MakeRecoveryKey{Base: plain(p.T("recovery.title")), KeyFile: "/home/mojca/.config/holdfast/master.key", Later: "/"}
}

func nameOrganisation(p *lang.Printer) page.View {
	return &page.NameOrganisation{Base: plain(p.T("organisation.title")), Name: "Karst Metering", Zone: "Europe/Ljubljana",
		Zones: []string{"Europe/Berlin", "Europe/Ljubljana", "Europe/Vienna"}, Language: p.Language(), Domains: "karst.example"}
}

func head() page.Head {
	return page.Head{Origin: "holdfast.example/karst-metering", Size: 41212, Root: root, At: ago(2 * hours)}
}

func signIn(p *lang.Printer) page.View {
	b := plain(p.T("signin.title"))
	b.Scripts = []string{static.Passkey}
	h := head()
	return &page.SignIn{Base: b, Next: "/", Passkey: passkey, Head: &h}
}

func secondFactor(p *lang.Printer) page.View {
	b := plain(p.T("factor.title"))
	b.Problems = []page.Problem{{Field: "code", Text: p.T("error.kind.too_many")}}
	return &page.SecondFactor{Base: b, Next: "/", HasTOTP: true}
}

func stepUp(p *lang.Printer) page.View {
	return &page.StepUp{Base: plain(p.T("stepup.title")), Act: p.T("stepup.title"), Next: "/", HasTOTP: true}
}

func invitation(p *lang.Printer) page.View {
	b := plain(p.T("invite.title", "organisation", Organisation.Name))
	return &page.Invitation{Base: b, URL: "#", Organisation: Organisation.Name, Role: p.T("role.auditor"), By: mojca.Name,
		Email: "nina.golob@audit.example", Until: Now.Add(3 * days)}
}

func failure(p *lang.Printer) page.View {
	return &page.Failure{Base: page.Base{Title: p.T("failure.title.conflict")}, Status: 409, Text: p.T("error.kind.conflict"),
		Advice: p.T("failure.advice.conflict"), Request: "q7w2xk4m9rtz"}
}
