package people

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

// Ceremony is what the browser is asked: options for navigator.credentials, and an id that comes
// back beside the authenticator's answer. Both are empty where no passkey can work, because browsers
// reach us by a number and not by a name.
type Ceremony struct {
	ID      string          `json:"id"`
	Options json.RawMessage `json:"options"`
}

const ceremonyFor = 5 * time.Minute

// Purposes of ceremonies.
const (
	toEnrol  = "enrol"
	toSignIn = "sign_in" // a passkey alone: the authenticator must verify the person
	toSecond = "second"
	toStepUp = "step_up"
)

// Nothing is kept when a ceremony begins, so that showing a page writes nothing and nobody can pile
// ceremonies up: the challenge is a keyed digest of the ceremony's id, purpose and account. Only an
// answer that was right is remembered, until the id has ended, so that it counts once.

const nonceBytes = 16

func (p *People) newCeremonyID() string {
	b := make([]byte, nonceBytes, nonceBytes+8)
	if _, err := rand.Read(b); err != nil {
		panic("people: no randomness: " + err.Error())
	}
	b = binary.BigEndian.AppendUint64(b, uint64(p.now().Add(ceremonyFor)))
	return base64.RawURLEncoding.EncodeToString(b)
}

// challenge is what the authenticator signs in a ceremony. Who invents an id does not know it.
func (p *People) challenge(id, purpose string, account isms.ID) []byte {
	return p.keys.mac("challenge", id, purpose, string(account))
}

func tooLate() error { return isms.Errorf(isms.Conflict, "passkey.asked_too_long_ago") }

// ceremonyEnds reads when a ceremony's id ends.
func (p *People) ceremonyEnds(id string) (isms.Instant, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(b) != nonceBytes+8 {
		return 0, tooLate()
	}
	ends := isms.Instant(binary.BigEndian.Uint64(b[nonceBytes:]))
	if now := p.now(); now >= ends || ends > now.Add(ceremonyFor) {
		return 0, tooLate()
	}
	return ends, nil
}

// answered makes a ceremony's answer count once.
func (p *People) answered(ctx context.Context, tx *ledger.Tx, id string) error {
	ends, err := p.ceremonyEnds(id)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `INSERT INTO people_ceremony (hash, ends) VALUES ($1, $2) ON CONFLICT DO NOTHING`, hashOf(id), int64(ends))
	if err == nil && n == 0 {
		return tooLate()
	}
	return err
}

// asking is a ceremony as it stands on both of its sides: what is asked, and what the answer is held
// against.
func asking(id string, options any) (Ceremony, error) {
	b, err := json.Marshal(options)
	return Ceremony{ID: id, Options: b}, err
}

// enrolment is the ceremony in which somebody adds a passkey.
func (p *People) enrolment(id string, h holder) (*protocol.CredentialCreation, *webauthn.SessionData, error) {
	// Without a password the passkey is both factors and must find the account by itself.
	sel := protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred}
	if h.account.PasswordSet == 0 {
		sel = protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}
	}
	return p.web.BeginRegistration(h, webauthn.WithAuthenticatorSelection(sel), webauthn.WithConveyancePreference(protocol.PreferNoAttestation),
		webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge = p.challenge(id, toEnrol, h.account.ID)
			return nil
		})
}

// signingIn is the ceremony in which any passkey that belongs here may answer.
func (p *People) signingIn(id string) (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
	return p.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired), webauthn.WithChallenge(p.challenge(id, toSignIn, "")))
}

// checking is the ceremony in which one of an account's passkeys answers.
func (p *People) checking(id, purpose string, h holder) (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
	return p.web.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred), webauthn.WithChallenge(p.challenge(id, purpose, h.account.ID)))
}

// relyingParty says under which name passkeys are kept. Browsers know no passkeys for numbers: for
// this machine's own the name is localhost, for others there is none and nil is returned.
func relyingParty(name string, origins []string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origins[0])
	if err != nil {
		return nil, err
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		if !ip.IsLoopback() {
			return nil, nil
		}
		host, u.Host = "localhost", net.JoinHostPort("localhost", u.Port())
		if u.Port() == "" {
			u.Host = host
		}
		origins = append(slices.Clone(origins), u.String())
	}
	return webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: name, RPOrigins: origins})
}

// CanPasskey tells whether passkeys can work at the address at which browsers reach us.
func (p *People) CanPasskey() bool { return p.web != nil }

func (p *People) needsName() error {
	if p.web == nil {
		return isms.Errorf(isms.Unavailable, "passkey.needs_name")
	}
	return nil
}
