package people

import (
	"context"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

const setUpChars = 26 // of five bits: 130

// SetUpOpen tells whether nobody has an account here yet. Until then doors answer set-up only.
func (p *People) SetUpOpen(ctx context.Context) (bool, error) {
	if p.closed.Load() {
		return false, nil
	}
	n := 0
	err := p.log.Read(ctx, func(tx *store.Tx) (err error) { n, err = anybody(ctx, tx); return err })
	if err == nil && n > 0 {
		p.closed.Store(true)
	}
	return n == 0, err
}

// anybody is more than zero once somebody had an account: an erased one does not reopen set-up.
func anybody(ctx context.Context, tx *store.Tx) (n int, err error) {
	err = tx.Row(ctx, []any{&n}, `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM account LIMIT 1) AS a) + (SELECT COUNT(*) FROM (SELECT 1 FROM membership LIMIT 1) AS m)`)
	return n, err
}

// NewSetUpToken draws the token for making the first account, valid for an hour; one that was drawn
// before ends. It is empty when somebody has an account. The caller shows it and keeps no copy.
func (p *People) NewSetUpToken(ctx context.Context) (string, error) {
	open, err := p.SetUpOpen(ctx)
	if err != nil || !open {
		return "", err
	}
	token := newTyped(setUpChars)
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM people_link WHERE purpose = $1`, forSetUp); err != nil {
			return err
		}
		return put(ctx, tx, hashOf(readTyped(token)), forSetUp, p.Instance(), p.now().Add(setUpFor))
	})
	return token, err
}

// SetUp makes the first account, an operator, and uses the token up; of two at once one wins. The
// session may only add a second factor.
func (p *People) SetUp(ctx context.Context, token string, in NewAccount, from Source) (out SignedIn, err error) {
	hash := hashOf(readTyped(token))
	wrong := isms.Errorf(isms.Forbidden, "set_up.token_wrong").At("token")
	err = p.log.Read(ctx, func(tx *store.Tx) error { _, _, err := p.look(ctx, tx, hash, forSetUp); return err })
	if err != nil {
		return out, instead(err, wrong)
	}
	a, c, err := p.prepare(ctx, in, p.Instance())
	if err != nil {
		return out, err
	}
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		if _, _, err := p.take(ctx, tx, hash, forSetUp); err != nil {
			return instead(err, wrong)
		}
		n, err := anybody(ctx, tx.Tx)
		if err != nil {
			return err
		}
		if n > 0 {
			return isms.Errorf(isms.Conflict, "set_up.done")
		}
		acc := a
		if err := create(ctx, tx, &acc, c); err != nil {
			return err
		}
		if _, err := join(ctx, tx, acc.ID, p.Instance(), []isms.Role{Operator}, 0); err != nil {
			return err
		}
		out, err = p.start(ctx, tx, acc.ID, Enrol, "", from)
		return err
	})
	if err == nil {
		p.closed.Store(true)
	}
	return out, err
}

// prepare checks a new account and hashes its password, outside of any transaction.
func (p *People) prepare(ctx context.Context, in NewAccount, place isms.ID) (Account, *chosen, error) {
	a, err := in.check()
	if err != nil || in.Password == "" {
		return a, nil, err
	}
	c, err := p.choose(ctx, a, in.Password, place)
	return a, &c, err
}

// create writes a new account, with its password if it has one.
func create(ctx context.Context, tx *ledger.Tx, a *Account, c *chosen) error {
	have, err := byEmail(ctx, tx.Tx, a.Email)
	if err != nil {
		return err
	}
	if have != nil {
		return isms.Errorf(isms.Conflict, "account.exists").At("email")
	}
	if c != nil {
		a.PasswordSet = tx.At
	}
	if err := Accounts.Add(ctx, tx, "account.created", a); err != nil || c == nil {
		return err
	}
	return c.store(ctx, tx, a.ID)
}

// Create makes an account by an operator's or the command line's hand. Its person gets in by the
// link of a Reset.
func (p *People) Create(ctx context.Context, actor isms.Actor, in NewAccount) (Account, error) {
	a, c, err := p.prepare(ctx, in, p.Instance())
	if err != nil {
		return a, err
	}
	acc := a
	err = p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.may(ctx, tx.Tx, actor, AccountCreate, Record{Place: p.Instance()}); err != nil {
			return err
		}
		acc = a
		return create(ctx, tx, &acc, c)
	})
	return acc, err
}

// Reset returns the secret of a link with which a person chooses a new password, once and within a
// day. With factors they also enrol a new second factor, because the old one is lost. Their sessions
// and older links end now.
func (p *People) Reset(ctx context.Context, actor isms.Actor, account isms.ID, factors bool) (string, error) {
	token, hash := newSecret("")
	purpose := forReset
	if factors {
		purpose = forResetAll
	}
	return token, p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		if err := p.may(ctx, tx.Tx, actor, AccountReset, Record{Place: p.Instance()}); err != nil {
			return err
		}
		a, err := Accounts.Get(ctx, tx.Tx, account)
		if err != nil {
			return err
		}
		if a.State != Active {
			return isms.Errorf(isms.Conflict, "account.left")
		}
		if err := endSessions(ctx, tx, account, ""); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM people_link WHERE subject = $1`, string(account)); err != nil {
			return err
		}
		if err := put(ctx, tx, hash, purpose, account, p.now().Add(resetFor)); err != nil {
			return err
		}
		return Accounts.Revise(ctx, tx, "account.reset_begun", &a)
	})
}

// UseReset uses the link of a Reset: the password is new (or none, for a passkey alone), and the
// session asks for the second factor or lets the person enrol one.
func (p *People) UseReset(ctx context.Context, token, password string, from Source) (out SignedIn, err error) {
	a, factors, err := p.ResetOf(ctx, token)
	if err != nil {
		return out, err
	}
	var c *chosen
	if password != "" || !factors {
		made, err := p.choose(ctx, a, password)
		if err != nil {
			return out, err
		}
		c = &made
	}
	err = p.log.Write(ctx, isms.Actor{Account: a.ID, Means: isms.BySession}, func(tx *ledger.Tx) (err error) {
		out, err = p.reset(ctx, tx, hashOf(token), c, from)
		return err
	})
	return out, err
}

func (p *People) reset(ctx context.Context, tx *ledger.Tx, hash string, c *chosen, from Source) (out SignedIn, err error) {
	purpose, id, err := p.take(ctx, tx, hash, forReset, forResetAll)
	if err != nil {
		return out, err
	}
	a, err := Accounts.Get(ctx, tx.Tx, id)
	if err != nil {
		return out, err
	}
	if purpose == forResetAll {
		if err := dropCredentials(ctx, tx, id); err != nil {
			return out, err
		}
		a.PasswordSet, a.TOTPSet, a.Passkeys, a.RecoverySet = 0, 0, 0, 0
	}
	if err := endSessions(ctx, tx, id, ""); err != nil {
		return out, err
	}
	if c != nil {
		err = c.keep(ctx, tx, &a, "account.reset_done")
	} else {
		err = Accounts.Revise(ctx, tx, "account.reset_done", &a)
	}
	if err != nil {
		return out, err
	}
	level := Enrol
	if a.HasFactor() {
		level = Second
	}
	return p.start(ctx, tx, id, level, "", from)
}
