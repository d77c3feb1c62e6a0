package people

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// FreshFor is how long a shown second factor lets somebody seal and approve.
const FreshFor = 5 * time.Minute

// normalEmail is the form in which addresses are kept and compared.
func normalEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || !utf8.ValidString(s) {
		return "", isms.Errorf(isms.Invalid, "account.email_malformed").At("email")
	}
	return s, nil
}

// SignIn is the first step with a password. The session it opens has level Second, or Enrol where
// the account has no second factor. A wrong name and a wrong password look the same and take as long.
func (p *People) SignIn(ctx context.Context, email, password string, from Source) (in SignedIn, err error) {
	wrong := isms.Errorf(isms.SignIn, "sign_in.wrong")
	email, err = normalEmail(email)
	if err != nil || len(password) > maxPassword {
		return in, wrong
	}
	var acc *Account
	var known bool
	stored := p.hash.nobody
	err = p.log.Read(ctx, func(tx *store.Tx) (err error) {
		if acc, err = byEmail(ctx, tx, email); err != nil || acc == nil {
			return err
		}
		if known, err = p.known(ctx, tx, acc.ID, from); err != nil {
			return err
		}
		err = tx.Row(ctx, []any{&stored}, `SELECT hash FROM people_password WHERE account = $1 AND n = 0`, string(acc.ID))
		if errors.Is(err, store.ErrNoRow) {
			return nil
		}
		return err
	})
	if err != nil {
		return in, err
	}
	limits := p.passwordThrottles(email, from, known)
	if err := p.attempt(ctx, limits); err != nil {
		return in, err
	}
	ok, old, err := p.hash.fits(ctx, password, stored)
	if err != nil { // nobody looked at the password, so nothing was tried
		return in, errors.Join(err, p.giveBack(context.WithoutCancel(ctx), limits))
	}
	if !ok || acc == nil || acc.State != Active {
		return in, errors.Join(wrong, p.refused(ctx, acc, "password", from))
	}
	better := ""
	if old {
		if better, err = p.hash.make(ctx, password); err != nil {
			return in, err
		}
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) (err error) {
		in, err = p.passwordWasRight(ctx, tx, acc.ID, stored, better, limits, from)
		return err
	})
	return in, err
}

func (p *People) passwordWasRight(ctx context.Context, tx *ledger.Tx, id isms.ID, stored, better string, limits []throttle, from Source) (in SignedIn, err error) {
	// Between the look and now the password may have been changed, or the person may have left.
	acc, err := Accounts.Get(ctx, tx.Tx, id)
	if err != nil {
		return in, err
	}
	var have string
	if err := tx.Row(ctx, []any{&have}, `SELECT hash FROM people_password WHERE account = $1 AND n = 0`, string(id)); err != nil || have != stored || acc.State != Active {
		return in, instead(err, isms.Errorf(isms.SignIn, "sign_in.wrong"))
	}
	if better != "" {
		if _, err := tx.Exec(ctx, `UPDATE people_password SET hash = $1 WHERE account = $2 AND n = 0`, better, string(id)); err != nil {
			return in, err
		}
	}
	if err := forgive(ctx, tx, limits); err != nil {
		return in, err
	}
	level := Enrol
	if acc.HasFactor() {
		level = Second
	}
	return p.start(ctx, tx, id, level, "", from)
}

// refused notes an attempt that failed. What was typed is never kept, not even the name: people
// type passwords there.
func (p *People) refused(ctx context.Context, acc *Account, how string, from Source) error {
	var id isms.ID
	if acc != nil {
		id = acc.ID
	}
	return p.access(ctx, isms.System, "sign_in.refused", id, how+", "+p.origin(from))
}

// Second is the second step: a code of the authenticator, or a recovery code.
func (p *People) Second(ctx context.Context, cookie, code string, from Source) (in SignedIn, err error) {
	s, acc, err := p.unfinished(ctx, cookie, Second)
	if err != nil {
		return in, err
	}
	wrong, err := p.tryCode(ctx, s, acc, code, from, true, func(tx *ledger.Tx) (err error) {
		in, err = p.complete(ctx, tx, acc.ID, s.hash, from)
		return err
	})
	if err == nil && wrong != nil {
		return in, errors.Join(wrong, p.refused(ctx, &acc, "code", from))
	}
	return in, err
}

// StepUp shows a code of the authenticator again, in a full session, so that its actor may seal
// and approve for FreshFor.
func (p *People) StepUp(ctx context.Context, cookie, code string, from Source) error {
	s, acc, err := p.unfinished(ctx, cookie, Full)
	if err != nil {
		return err
	}
	wrong, err := p.tryCode(ctx, s, acc, code, from, false, func(tx *ledger.Tx) error { return p.steppedUp(ctx, tx, s) })
	if err == nil && wrong != nil {
		return errors.Join(wrong, p.refused(ctx, &acc, "step-up", from))
	}
	return err
}

func (p *People) steppedUp(ctx context.Context, tx *ledger.Tx, s Session) error {
	n, err := tx.Exec(ctx, `UPDATE people_session SET stepped_up = $1 WHERE hash = $2`, int64(p.now()), s.hash)
	if err == nil && n == 0 {
		return isms.Errorf(isms.SignIn, "session.ended")
	}
	return err
}

// unfinished returns the session of a cookie, which must have one of the levels.
func (p *People) unfinished(ctx context.Context, cookie string, levels ...Level) (s Session, a Account, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) (err error) { s, a, err = p.find(ctx, tx, cookie); return err })
	if err != nil {
		return s, a, err
	}
	for _, l := range levels {
		if s.Level == l {
			return s, a, nil
		}
	}
	return s, a, isms.Errorf(isms.Conflict, "session.wrong_step")
}

// tryCode checks a one-time code, or a recovery code where those count, and runs then with it
// in one transaction. wrong tells the person; err is everything else.
func (p *People) tryCode(ctx context.Context, s Session, acc Account, code string, from Source, recovery bool, then func(*ledger.Tx) error) (wrong, err error) {
	code = readTyped(code)
	oneTime := len(code) == totpDigits
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		wrong = nil
		known, err := p.known(ctx, tx.Tx, acc.ID, from)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE people_session SET tries = tries + 1 WHERE hash = $1 AND tries < $2`, s.hash, maxTries)
		if err != nil || n == 0 { // who tried that often begins again
			wrong = isms.Errorf(isms.SignIn, "session.ended")
			_, ended := tx.Exec(ctx, `DELETE FROM people_session WHERE hash = $1`, s.hash)
			return errors.Join(err, ended)
		}
		var limits []throttle
		if oneTime {
			limits = p.codeThrottles(acc.ID, from, known)
			wait, err := p.count(ctx, tx, limits)
			if err != nil || wait > 0 {
				wrong = slowDown(wait)
				return err
			}
		}
		ok := false
		switch {
		case oneTime:
			ok, err = p.useTOTP(ctx, tx, acc.ID, code)
		case recovery:
			ok, err = p.useRecovery(ctx, tx, acc.ID, code)
		}
		if err != nil {
			return err
		}
		if !ok {
			wrong = isms.Errorf(isms.SignIn, "sign_in.code_wrong").At("code")
			return nil
		}
		if err := forgive(ctx, tx, limits); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE people_session SET tries = 0 WHERE hash = $1`, s.hash); err != nil {
			return err
		}
		return then(tx)
	})
	return wrong, err
}
