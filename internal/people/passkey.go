package people

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

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

const maxPasskeys = 20

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

// BeginPasskey asks the browser for a new passkey of the session's person.
func (p *People) BeginPasskey(ctx context.Context, cookie string) (c Ceremony, err error) {
	if p.web == nil {
		return c, nil
	}
	var h holder
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		_, a, err := p.theirs(ctx, tx, cookie)
		if err != nil {
			return err
		}
		if a.Passkeys >= maxPasskeys {
			return isms.Errorf(isms.Conflict, "passkey.too_many")
		}
		h, err = p.holder(ctx, tx, a)
		return err
	})
	if err != nil {
		return c, err
	}
	id := p.newCeremonyID()
	ask, _, err := p.enrolment(id, h)
	if err != nil {
		return c, err
	}
	return asking(id, ask)
}

// FinishPasskey takes the authenticator's answer and adds the passkey under a name.
func (p *People) FinishPasskey(ctx context.Context, cookie, ceremony, name string, answer []byte, from Source) (in SignedIn, err error) {
	_, acc, err := p.unfinished(ctx, cookie, Enrol, Full)
	if err != nil {
		return in, err
	}
	cred, err := p.registered(acc, ceremony, answer)
	if err != nil {
		return in, err
	}
	sealed, err := p.sealPasskey(cred)
	if err != nil {
		return in, err
	}
	if name = cut(strings.TrimSpace(name), 60); name == "" {
		name = "passkey"
	}
	err = p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) error {
		if err := p.answered(ctx, tx, ceremony); err != nil {
			return err
		}
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

// registered checks the answer to an enrolment.
func (p *People) registered(acc Account, ceremony string, answer []byte) (*webauthn.Credential, error) {
	if err := p.needsName(); err != nil {
		return nil, err
	}
	if _, err := p.ceremonyEnds(ceremony); err != nil {
		return nil, err
	}
	h := holder{account: acc}
	_, asked, err := p.enrolment(ceremony, h)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, refusedKey(err)
	}
	cred, err := p.web.CreateCredential(h, *asked, parsed)
	if err != nil {
		return nil, refusedKey(err)
	}
	return cred, nil
}

func refusedKey(err error) error {
	return isms.Errorf(isms.SignIn, "passkey.refused").Because(err)
}

// BeginPasskeySignIn asks for any passkey that belongs here. It counts as both factors, because the
// authenticator has to verify the person.
func (p *People) BeginPasskeySignIn(context.Context) (c Ceremony, err error) {
	if p.web == nil {
		return c, nil
	}
	id := p.newCeremonyID()
	ask, _, err := p.signingIn(id)
	if err != nil {
		return c, err
	}
	return asking(id, ask)
}

// FinishPasskeySignIn takes the answer and opens a full session.
func (p *People) FinishPasskeySignIn(ctx context.Context, ceremony string, answer []byte, from Source) (in SignedIn, err error) {
	if err := p.needsName(); err != nil {
		return in, err
	}
	if _, err := p.ceremonyEnds(ceremony); err != nil {
		return in, err
	}
	_, asked, err := p.signingIn(ceremony)
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
	}, *asked, parsed)
	if unread != nil && isms.KindOf(unread) != isms.NotFound {
		return in, unread
	}
	if err != nil {
		return in, errors.Join(refusedKey(err), p.refused(ctx, &who.account, "passkey", from))
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		if err := p.usedKey(ctx, tx, who.account.ID, cred, ceremony); err != nil {
			return err
		}
		in, err = p.complete(ctx, tx, who.account.ID, "", from)
		return err
	})
	return in, err
}

// usedKey uses the answer up and keeps the authenticator's counter. One that ran backwards is a
// copy and is refused.
func (p *People) usedKey(ctx context.Context, tx *ledger.Tx, account isms.ID, cred *webauthn.Credential, ceremony string) error {
	if err := p.answered(ctx, tx, ceremony); err != nil {
		return err
	}
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
	if p.web == nil {
		return c, nil
	}
	s, h, err := p.checked(ctx, cookie)
	if err != nil {
		return c, err
	}
	id := p.newCeremonyID()
	ask, _, err := p.checking(id, checkPurpose(s), h)
	if err != nil {
		return c, err
	}
	return asking(id, ask)
}

// checked returns a session that a passkey can carry further, and its person's passkeys.
func (p *People) checked(ctx context.Context, cookie string) (s Session, h holder, err error) {
	s, a, err := p.unfinished(ctx, cookie, Second, Full)
	if err != nil {
		return s, h, err
	}
	if err := p.log.Read(ctx, func(tx *store.Tx) (err error) { h, err = p.holder(ctx, tx, a); return err }); err != nil {
		return s, h, err
	}
	if len(h.keys) == 0 {
		return s, h, isms.Errorf(isms.NotFound, "factor.unknown")
	}
	return s, h, nil
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
	if err := p.needsName(); err != nil {
		return in, err
	}
	s, h, err := p.checked(ctx, cookie)
	if err != nil {
		return in, err
	}
	if _, err := p.ceremonyEnds(ceremony); err != nil {
		return in, err
	}
	_, asked, err := p.checking(ceremony, checkPurpose(s), h)
	if err != nil {
		return in, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return in, refusedKey(err)
	}
	cred, err := p.web.ValidateLogin(h, *asked, parsed)
	if err != nil {
		return in, errors.Join(refusedKey(err), p.refused(ctx, &h.account, "passkey", from))
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		if err := p.usedKey(ctx, tx, h.account.ID, cred, ceremony); err != nil {
			return err
		}
		if s.Level == Full {
			in = SignedIn{Session: s}
			in.Session.SteppedUp = p.now()
			return p.steppedUp(ctx, tx, s)
		}
		in, err = p.complete(ctx, tx, h.account.ID, s.hash, from)
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
