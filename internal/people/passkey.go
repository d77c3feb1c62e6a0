package people

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// Passkey is one authenticator that an account signs in with (W3C Web Authentication Level 3).
type Passkey struct {
	ID    string       `json:"id"`
	Name  string       `json:"name"`
	Added isms.Instant `json:"added"`
	Used  isms.Instant `json:"used"` // zero: never
}

// Ceremony is what the browser is asked: options for navigator.credentials, and an id that comes
// back beside the authenticator's answer.
type Ceremony struct {
	ID      string          `json:"id"`
	Options json.RawMessage `json:"options"`
}

const (
	ceremonyFor = 5 * time.Minute
	maxPasskeys = 20
)

// Purposes of ceremonies.
const (
	toEnrol  = "enrol"
	toSignIn = "sign_in" // a passkey alone: the authenticator must verify the person
	toSecond = "second"
	toStepUp = "step_up"
)

// holder is an account as the passkey library sees it.
type holder struct {
	account Account
	keys    []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.account.ID) }
func (h holder) WebAuthnName() string                       { return h.account.Email }
func (h holder) WebAuthnDisplayName() string                { return h.account.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (p *People) holder(ctx context.Context, tx *store.Tx, a Account) (holder, error) {
	h := holder{account: a}
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var id string
		var sealed []byte
		if err := r.Scan(&id, &sealed); err != nil {
			return err
		}
		b, err := p.keys.of("passkey").Open(sealed, "passkey "+id)
		if err != nil {
			return err
		}
		var c webauthn.Credential
		if err := json.Unmarshal(b, &c); err != nil {
			return err
		}
		h.keys = append(h.keys, c)
		return nil
	}, `SELECT credential, record FROM people_passkey WHERE account = $1 ORDER BY added, credential`, string(a.ID))
	return h, err
}

func credentialID(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *People) sealPasskey(c *webauthn.Credential) ([]byte, error) {
	b, err := json.Marshal(c)
	return p.keys.of("passkey").Seal(b, "passkey "+credentialID(c.ID)), err
}

// ceremony keeps what the answer will be held against and returns what the browser is asked.
func (p *People) ceremony(ctx context.Context, tx *ledger.Tx, purpose string, account isms.ID, options any, session *webauthn.SessionData) (Ceremony, error) {
	ask, err := json.Marshal(options)
	if err != nil {
		return Ceremony{}, err
	}
	data, err := json.Marshal(session)
	if err != nil {
		return Ceremony{}, err
	}
	if account != "" { // one at a time, so that nobody piles them up
		if _, err := tx.Exec(ctx, `DELETE FROM people_ceremony WHERE account = $1 AND purpose = $2`, string(account), purpose); err != nil {
			return Ceremony{}, err
		}
	}
	id, hash := newSecret("")
	_, err = tx.Exec(ctx, `INSERT INTO people_ceremony (hash, purpose, account, data, ends) VALUES ($1, $2, $3, $4, $5)`,
		hash, purpose, string(account), data, int64(p.now().Add(ceremonyFor)))
	return Ceremony{ID: id, Options: ask}, err
}

// answered uses a ceremony up and returns what the answer is held against.
func (p *People) answered(ctx context.Context, id, purpose string, account isms.ID) (s webauthn.SessionData, err error) {
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		var data []byte
		err := tx.Row(ctx, []any{&data}, `SELECT data FROM people_ceremony WHERE hash = $1 AND purpose = $2 AND account = $3 AND ends > $4`,
			hashOf(id), purpose, string(account), int64(p.now()))
		if err != nil {
			return instead(err, isms.Errorf(isms.Conflict, "passkey.asked_too_long_ago"))
		}
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM people_ceremony WHERE hash = $1`, hashOf(id))
		return err
	})
	return s, err
}

// BeginPasskey asks the browser for a new passkey of the session's person.
func (p *People) BeginPasskey(ctx context.Context, cookie string) (c Ceremony, err error) {
	err = p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) error {
		if a.Passkeys >= maxPasskeys {
			return isms.Errorf(isms.Conflict, "passkey.too_many")
		}
		h, err := p.holder(ctx, tx.Tx, *a)
		if err != nil {
			return err
		}
		// Without a password the passkey is both factors and must find the account by itself.
		sel := protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred}
		if a.PasswordSet == 0 {
			sel = protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}
		}
		ask, data, err := p.web.BeginRegistration(h, webauthn.WithAuthenticatorSelection(sel),
			webauthn.WithConveyancePreference(protocol.PreferNoAttestation), webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
		if err != nil {
			return err
		}
		c, err = p.ceremony(ctx, tx, toEnrol, a.ID, ask, data)
		return err
	})
	return c, err
}

// FinishPasskey takes the authenticator's answer and adds the passkey under a name.
func (p *People) FinishPasskey(ctx context.Context, cookie, ceremony, name string, answer []byte, from Source) (in SignedIn, err error) {
	_, acc, err := p.unfinished(ctx, cookie, Enrol, Full)
	if err != nil {
		return in, err
	}
	asked, err := p.answered(ctx, ceremony, toEnrol, acc.ID)
	if err != nil {
		return in, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return in, refusedKey(err)
	}
	cred, err := p.web.CreateCredential(holder{account: acc}, asked, parsed)
	if err != nil {
		return in, refusedKey(err)
	}
	sealed, err := p.sealPasskey(cred)
	if err != nil {
		return in, err
	}
	if name = cut(strings.TrimSpace(name), 60); name == "" {
		name = "passkey"
	}
	err = p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) error {
		n, err := tx.Exec(ctx, `INSERT INTO people_passkey (credential, account, name, record, added, used) VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING`,
			credentialID(cred.ID), string(a.ID), name, sealed, int64(tx.At))
		if err != nil {
			return err
		}
		if n == 0 {
			return isms.Errorf(isms.Conflict, "passkey.known")
		}
		first := !a.HasFactor()
		a.Passkeys++
		in, err = p.added(ctx, tx, s, a, first, from)
		return err
	})
	return in, err
}

func refusedKey(err error) error {
	return isms.Errorf(isms.SignIn, "passkey.refused").Because(err)
}

// BeginPasskeySignIn asks for any passkey that belongs here. It counts as both factors, because the
// authenticator has to verify the person.
func (p *People) BeginPasskeySignIn(ctx context.Context) (c Ceremony, err error) {
	ask, data, err := p.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return c, err
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) (err error) {
		var n int64 // anybody may ask: what waits for an answer stays bounded
		if err := tx.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM people_ceremony`); err != nil {
			return err
		}
		if n >= maxCeremonies {
			if _, err := tx.Exec(ctx, `DELETE FROM people_ceremony WHERE hash IN (SELECT hash FROM people_ceremony ORDER BY ends LIMIT $1)`, maxCeremonies/10); err != nil {
				return err
			}
		}
		c, err = p.ceremony(ctx, tx, toSignIn, "", ask, data)
		return err
	})
	return c, err
}

const maxCeremonies = 10_000

// FinishPasskeySignIn takes the answer and opens a full session.
func (p *People) FinishPasskeySignIn(ctx context.Context, ceremony string, answer []byte, from Source) (in SignedIn, err error) {
	asked, err := p.answered(ctx, ceremony, toSignIn, "")
	if err != nil {
		return in, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return in, refusedKey(err)
	}
	var who holder
	var unread error
	cred, err := p.web.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
		unread = p.log.Read(ctx, func(tx *store.Tx) error {
			a, err := Accounts.Get(ctx, tx, isms.ID(handle))
			if err != nil {
				return err
			}
			who, err = p.holder(ctx, tx, a)
			return err
		})
		return who, unread
	}, asked, parsed)
	if unread != nil && isms.KindOf(unread) != isms.NotFound {
		return in, unread
	}
	if err != nil {
		return in, errors.Join(refusedKey(err), p.refused(ctx, &who.account, "passkey", from))
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		if err := p.usedKey(ctx, tx, who.account.ID, cred); err != nil {
			return err
		}
		in, err = p.complete(ctx, tx, who.account.ID, "", from)
		return err
	})
	return in, err
}

// usedKey keeps the authenticator's counter. One that ran backwards is a copy and is refused.
func (p *People) usedKey(ctx context.Context, tx *ledger.Tx, account isms.ID, cred *webauthn.Credential) error {
	if cred.Authenticator.CloneWarning {
		return isms.Errorf(isms.SignIn, "passkey.copied")
	}
	a, err := Accounts.Get(ctx, tx.Tx, account)
	if err != nil || a.State != Active {
		return instead(err, isms.Errorf(isms.SignIn, "passkey.refused"))
	}
	sealed, err := p.sealPasskey(cred)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE people_passkey SET record = $1, used = $2 WHERE credential = $3 AND account = $4`,
		sealed, int64(tx.At), credentialID(cred.ID), string(account))
	if err == nil && n == 0 {
		err = isms.Errorf(isms.SignIn, "passkey.refused")
	}
	return err
}

// BeginPasskeyCheck asks for a passkey of the session's person: as second factor after the password,
// or to step up.
func (p *People) BeginPasskeyCheck(ctx context.Context, cookie string) (c Ceremony, err error) {
	s, _, err := p.unfinished(ctx, cookie, Second, Full)
	if err != nil {
		return c, err
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		_, a, err := p.find(ctx, tx.Tx, cookie)
		if err != nil {
			return err
		}
		h, err := p.holder(ctx, tx.Tx, a)
		if err != nil {
			return err
		}
		if len(h.keys) == 0 {
			return isms.Errorf(isms.NotFound, "factor.unknown")
		}
		ask, data, err := p.web.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred))
		if err != nil {
			return err
		}
		c, err = p.ceremony(ctx, tx, checkPurpose(s), a.ID, ask, data)
		return err
	})
	return c, err
}

func checkPurpose(s Session) string {
	if s.Level == Full {
		return toStepUp
	}
	return toSecond
}

// FinishPasskeyCheck takes the answer: a session that owed the second factor becomes full, with a new
// cookie; a full one has stepped up.
func (p *People) FinishPasskeyCheck(ctx context.Context, cookie, ceremony string, answer []byte, from Source) (in SignedIn, err error) {
	s, acc, err := p.unfinished(ctx, cookie, Second, Full)
	if err != nil {
		return in, err
	}
	asked, err := p.answered(ctx, ceremony, checkPurpose(s), acc.ID)
	if err != nil {
		return in, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return in, refusedKey(err)
	}
	var h holder
	if err := p.log.Read(ctx, func(tx *store.Tx) (err error) { h, err = p.holder(ctx, tx, acc); return err }); err != nil {
		return in, err
	}
	cred, err := p.web.ValidateLogin(h, asked, parsed)
	if err != nil {
		return in, errors.Join(refusedKey(err), p.refused(ctx, &acc, "passkey", from))
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		if err := p.usedKey(ctx, tx, acc.ID, cred); err != nil {
			return err
		}
		if s.Level == Full {
			in = SignedIn{Session: s}
			in.Session.SteppedUp = p.now()
			return p.steppedUp(ctx, tx, s)
		}
		in, err = p.complete(ctx, tx, acc.ID, s.hash, from)
		return err
	})
	return in, err
}

// Passkeys lists an account's passkeys, oldest first.
func (p *People) Passkeys(ctx context.Context, account isms.ID) (out []Passkey, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		return tx.Query(ctx, func(r *sql.Rows) error {
			var k Passkey
			err := r.Scan(&k.ID, &k.Name, (*int64)(&k.Added), (*int64)(&k.Used))
			out = append(out, k)
			return err
		}, `SELECT credential, name, added, used FROM people_passkey WHERE account = $1 ORDER BY added, credential LIMIT 100`, string(account))
	})
	return out, err
}

// RemovePasskey takes a passkey away. The last factor stays, and so does the last passkey of
// somebody without a password.
func (p *People) RemovePasskey(ctx context.Context, cookie, id string) error {
	return p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) error {
		h, err := p.holder(ctx, tx.Tx, *a)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(h.keys, func(c webauthn.Credential) bool { return credentialID(c.ID) == id }) {
			return isms.Errorf(isms.NotFound, "factor.unknown")
		}
		if a.Passkeys == 1 && (a.TOTPSet == 0 || a.PasswordSet == 0) {
			return isms.Errorf(isms.Conflict, "factor.last")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM people_passkey WHERE credential = $1 AND account = $2`, id, string(a.ID)); err != nil {
			return err
		}
		a.Passkeys--
		return Accounts.Revise(ctx, tx, "account.factor_removed", a)
	})
}
