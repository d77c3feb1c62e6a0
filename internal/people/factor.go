package people

import (
	"context"
	"database/sql"
	"errors"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

const (
	recoveryCodes = 10
	recoveryChars = 15 // 75 bits
)

// owner is the actor that a session's person is when they look after their own account.
func (s Session) owner() isms.Actor {
	return isms.Actor{Account: s.Account, Means: isms.BySession, Via: s.ID, SteppedUp: s.SteppedUp, Place: s.Place}
}

// theirs returns the session and account of somebody who may change how they sign in: without a
// factor in their first session, or having just shown one.
func (p *People) theirs(ctx context.Context, tx *store.Tx, cookie string) (s Session, a Account, err error) {
	if s, a, err = p.find(ctx, tx, cookie); err != nil {
		return s, a, err
	}
	switch {
	case s.Level == Enrol && !a.HasFactor():
		return s, a, nil
	case s.Level == Full:
		return s, a, Fresh(s.owner(), p.now())
	}
	return s, a, isms.Errorf(isms.Conflict, "session.wrong_step")
}

// mine runs fn for the person of a session who may change how they sign in.
func (p *People) mine(ctx context.Context, cookie string, fn func(tx *ledger.Tx, s Session, a *Account) error) error {
	s, _, err := p.unfinished(ctx, cookie, Enrol, Full)
	if err != nil {
		return err
	}
	return p.log.Write(ctx, s.owner(), func(tx *ledger.Tx) error {
		s, a, err := p.theirs(ctx, tx.Tx, cookie)
		if err != nil {
			return err
		}
		return fn(tx, s, &a)
	})
}

// BeginTOTP draws a new seed for an authenticator; it counts once FinishTOTP has seen a code.
func (p *People) BeginTOTP(ctx context.Context, cookie string) (key TOTPKey, err error) {
	seed := newSeed()
	err = p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) error {
		key = totpKey(seed, p.cfg.Name, a.Email)
		_, err := tx.Exec(ctx, `INSERT INTO people_totp (account, pending, step) VALUES ($1, $2, 0)
			ON CONFLICT (account) DO UPDATE SET pending = excluded.pending`, string(a.ID), p.sealSeed(a.ID, seed))
		return err
	})
	return key, err
}

// FinishTOTP confirms the new seed by its first code; it replaces an older one.
func (p *People) FinishTOTP(ctx context.Context, cookie, code string, from Source) (in SignedIn, err error) {
	err = p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) error {
		var sealed []byte
		err := tx.Row(ctx, []any{&sealed}, `SELECT pending FROM people_totp WHERE account = $1`, string(a.ID))
		if errors.Is(err, store.ErrNoRow) || err == nil && sealed == nil {
			return isms.Errorf(isms.Conflict, "totp.not_begun")
		}
		if err != nil {
			return err
		}
		seed, err := p.openSeed(a.ID, sealed)
		if err != nil {
			return err
		}
		step := totpAt(seed, readTyped(code), p.now(), 0)
		if step == 0 {
			return isms.Errorf(isms.Invalid, "totp.code_wrong").At("code")
		}
		if _, err := tx.Exec(ctx, `UPDATE people_totp SET seed = pending, pending = NULL, step = $1 WHERE account = $2`, step, string(a.ID)); err != nil {
			return err
		}
		first := !a.HasFactor()
		a.TOTPSet = tx.At
		in, err = p.added(ctx, tx, s, a, first, from)
		return err
	})
	return in, err
}

// added writes that a factor was added. The first one brings recovery codes and makes the session full.
func (p *People) added(ctx context.Context, tx *ledger.Tx, s Session, a *Account, first bool, from Source) (in SignedIn, err error) {
	var codes []string
	if first {
		if codes, err = p.drawRecovery(ctx, tx, a); err != nil {
			return in, err
		}
	}
	if err := Accounts.Revise(ctx, tx, "account.factor_added", a); err != nil {
		return in, err
	}
	if s.Level == Enrol {
		in, err = p.complete(ctx, tx, a.ID, s.hash, from)
	} else {
		in = SignedIn{Session: s}
	}
	in.RecoveryCodes = codes
	return in, err
}

// RemoveTOTP takes the authenticator away; the last factor stays.
func (p *People) RemoveTOTP(ctx context.Context, cookie string) error {
	return p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) error {
		if a.TOTPSet == 0 {
			return isms.Errorf(isms.NotFound, "factor.unknown")
		}
		if a.Passkeys == 0 {
			return isms.Errorf(isms.Conflict, "factor.last")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM people_totp WHERE account = $1`, string(a.ID)); err != nil {
			return err
		}
		a.TOTPSet = 0
		return Accounts.Revise(ctx, tx, "account.factor_removed", a)
	})
}

// NewRecoveryCodes replaces the recovery codes and returns the new ones, once.
func (p *People) NewRecoveryCodes(ctx context.Context, cookie string) (codes []string, err error) {
	err = p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) (err error) {
		if !a.HasFactor() {
			return isms.Errorf(isms.Conflict, "session.wrong_step")
		}
		if codes, err = p.drawRecovery(ctx, tx, a); err != nil {
			return err
		}
		return Accounts.Revise(ctx, tx, "account.recovery_renewed", a)
	})
	return codes, err
}

// RecoveryLeft says how many recovery codes an account has not used.
func (p *People) RecoveryLeft(ctx context.Context, account isms.ID) (n int, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM people_recovery WHERE account = $1`, string(account))
	})
	return n, err
}

func (p *People) drawRecovery(ctx context.Context, tx *ledger.Tx, a *Account) ([]string, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM people_recovery WHERE account = $1`, string(a.ID)); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newTyped(recoveryChars)
		if _, err := tx.Exec(ctx, `INSERT INTO people_recovery (account, hash) VALUES ($1, $2)`, string(a.ID), p.recoveryHash(a.ID, readTyped(codes[i]))); err != nil {
			return nil, err
		}
	}
	a.RecoverySet = tx.At
	return codes, nil
}

func (p *People) recoveryHash(account isms.ID, code string) string {
	return p.keys.hexMAC("recovery", string(account), code)
}

// useRecovery uses up a recovery code.
func (p *People) useRecovery(ctx context.Context, tx *ledger.Tx, account isms.ID, code string) (bool, error) {
	n, err := tx.Exec(ctx, `DELETE FROM people_recovery WHERE account = $1 AND hash = $2`, string(account), p.recoveryHash(account, code))
	if err != nil || n == 0 {
		return false, err
	}
	p.note(ctx, tx, isms.Actor{Account: account, Means: isms.BySession}, "recovery_code.used", account, "")
	return true, nil
}

// useTOTP takes a code once: its step must lie after the last one used.
func (p *People) useTOTP(ctx context.Context, tx *ledger.Tx, account isms.ID, code string) (bool, error) {
	var sealed []byte
	var last int64
	err := tx.Row(ctx, []any{&sealed, &last}, `SELECT seed, step FROM people_totp WHERE account = $1`, string(account))
	if errors.Is(err, store.ErrNoRow) || err == nil && sealed == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	seed, err := p.openSeed(account, sealed)
	if err != nil {
		return false, err
	}
	step := totpAt(seed, code, p.now(), last)
	if step == 0 {
		return false, nil
	}
	n, err := tx.Exec(ctx, `UPDATE people_totp SET step = $1 WHERE account = $2 AND step < $1`, step, string(account))
	return n == 1, err
}

func (p *People) sealSeed(account isms.ID, seed []byte) []byte {
	return p.keys.of("totp").Seal(seed, "totp "+string(account))
}

func (p *People) openSeed(account isms.ID, sealed []byte) ([]byte, error) {
	return p.keys.of("totp").Open(sealed, "totp "+string(account))
}

// SetPassword gives the person of a full session a new password. Their other sessions end.
func (p *People) SetPassword(ctx context.Context, cookie, password string) error {
	s, acc, err := p.unfinished(ctx, cookie, Full)
	if err != nil {
		return err
	}
	if err := Fresh(s.owner(), p.now()); err != nil {
		return err
	}
	c, err := p.choose(ctx, acc, password)
	if err != nil {
		return err
	}
	return p.mine(ctx, cookie, func(tx *ledger.Tx, s Session, a *Account) error {
		if err := endSessions(ctx, tx, a.ID, s.ID); err != nil {
			return err
		}
		return c.keep(ctx, tx, a, "account.password_changed")
	})
}

// chosen is a password that passed the rules, hashed.
type chosen struct {
	hash     string
	remember int64
}

// choose holds a password to the rules of an account and of places that it is about to join, and
// hashes it. A refusal is noted without the password.
func (p *People) choose(ctx context.Context, a Account, password string, places ...isms.ID) (chosen, error) {
	var want asked
	var earlier []string
	err := p.log.Read(ctx, func(tx *store.Tx) (err error) {
		if want, err = rulesFor(ctx, tx, a, places...); err != nil || a.ID == "" {
			return err
		}
		return tx.Query(ctx, func(r *sql.Rows) error {
			var h string
			err := r.Scan(&h)
			earlier = append(earlier, h)
			return err
		}, `SELECT hash FROM people_password WHERE account = $1 ORDER BY CASE WHEN n = 0 THEN 0 ELSE 1 END, n DESC LIMIT $2`, string(a.ID), want.Remember)
	})
	if err != nil {
		return chosen{}, err
	}
	no := p.refuse(want, password)
	for _, h := range earlier {
		if no != nil {
			break
		}
		same, _, err := p.hash.fits(ctx, password, h)
		if err != nil {
			return chosen{}, err
		}
		if same {
			no = isms.Errorf(isms.Invalid, "password.used_before").At("password")
		}
	}
	if no != nil {
		return chosen{}, errors.Join(no, p.access(ctx, isms.System, "password.refused", a.ID, no.Code))
	}
	h, err := p.hash.make(ctx, password)
	return chosen{h, want.Remember}, err
}

// keep makes it the account's password and writes that under kind.
func (c chosen) keep(ctx context.Context, tx *ledger.Tx, a *Account, kind string) error {
	if err := c.store(ctx, tx, a.ID); err != nil {
		return err
	}
	a.PasswordSet = tx.At
	return Accounts.Revise(ctx, tx, kind, a)
}

func (c chosen) store(ctx context.Context, tx *ledger.Tx, account isms.ID) error {
	id := string(account)
	if _, err := tx.Exec(ctx, `UPDATE people_password SET n = $1 WHERE account = $2 AND n = 0`, int64(tx.At), id); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM people_password WHERE account = $1 AND n NOT IN
		(SELECT n FROM people_password WHERE account = $1 ORDER BY n DESC LIMIT $2)`, id, max(c.remember-1, 0)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO people_password (account, n, hash) VALUES ($1, 0, $2)`, id, c.hash)
	return err
}
