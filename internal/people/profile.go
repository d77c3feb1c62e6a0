package people

import (
	"context"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// Registers are this room's tables whose rows verification compares with the ledger.
func Registers() []register.Verified {
	return []register.Verified{Accounts, Memberships, Invitations, Tokens, ruleSets}
}

// SetProfile changes how the actor is called and which language they read.
func (p *People) SetProfile(ctx context.Context, actor isms.Actor, name string, language isms.Language) (Account, error) {
	if err := byHand(actor); err != nil {
		return Account{}, err
	}
	return p.revise(ctx, actor, actor.Account, "account.profile_changed", func(tx *ledger.Tx, a *Account) error {
		next, err := NewAccount{Email: a.Email, Name: name, Language: language}.check()
		a.Name, a.Language = next.Name, next.Language
		return err
	})
}

// SetEmail changes the address that somebody signs in with. Their sessions and links end, and an
// operator answers for having made sure who asked.
func (p *People) SetEmail(ctx context.Context, actor isms.Actor, account isms.ID, email string) (Account, error) {
	email, err := normalEmail(email)
	if err != nil {
		return Account{}, err
	}
	return p.revise(ctx, actor, account, "account.email_changed", func(tx *ledger.Tx, a *Account) error {
		if err := p.may(ctx, tx.Tx, actor, AccountReset, Record{Place: p.Instance()}); err != nil {
			return err
		}
		have, err := byEmail(ctx, tx.Tx, email)
		if err != nil {
			return err
		}
		if have != nil {
			return isms.Errorf(isms.Conflict, "account.exists").At("email")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM people_link WHERE subject = $1`, string(account)); err != nil {
			return err
		}
		a.Email = email
		return endSessions(ctx, tx, account, "")
	})
}

// Census says how the members of a place sign in: what a promise about second factors is judged by
// (K58, X28).
type Census struct {
	Members  int `json:"members"`  // with an active account and a role that has not ended
	Factor   int `json:"factor"`   // of these, with a second factor
	Passkeys int `json:"passkeys"` // of these, with a passkey
	Recovery int `json:"recovery"` // of these, with recovery codes
	Without  int `json:"without"`  // without a factor: these can do nothing but add one
}

// Census counts the members of a place.
func (p *People) Census(ctx context.Context, place isms.ID) (c Census, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		c = Census{}
		for after := isms.ID(""); ; {
			ms, err := Memberships.Where(ctx, tx, `place = $2 AND (ends = 0 OR ends > $3) AND id > $4 ORDER BY id`, maxList, string(place), int64(p.now()), string(after))
			if err != nil {
				return err
			}
			for _, m := range ms {
				a, err := Accounts.Get(ctx, tx, m.Account)
				if err != nil {
					return err
				}
				c.count(a)
			}
			if len(ms) < maxList {
				return nil
			}
			after = ms[len(ms)-1].ID
		}
	})
	return c, err
}

func (c *Census) count(a Account) {
	if a.State != Active {
		return
	}
	c.Members++
	if a.HasFactor() {
		c.Factor++
	} else {
		c.Without++
	}
	if a.Passkeys > 0 {
		c.Passkeys++
	}
	if a.RecoverySet > 0 {
		c.Recovery++
	}
}

func (p *People) revise(ctx context.Context, actor isms.Actor, account isms.ID, kind string, change func(*ledger.Tx, *Account) error) (a Account, err error) {
	err = p.log.Write(ctx, actor, func(tx *ledger.Tx) (err error) {
		if a, err = Accounts.Get(ctx, tx.Tx, account); err != nil {
			return err
		}
		if a.State != Active {
			return isms.Errorf(isms.Conflict, "account.left")
		}
		if err := change(tx, &a); err != nil {
			return err
		}
		return Accounts.Revise(ctx, tx, kind, &a)
	})
	return a, err
}

// ResetOf returns whose password the link of a Reset sets, and whether it also asks for a new
// second factor.
func (p *People) ResetOf(ctx context.Context, token string) (a Account, factors bool, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) error {
		purpose, id, err := p.look(ctx, tx, hashOf(token), forReset, forResetAll)
		if err != nil {
			return err
		}
		factors = purpose == forResetAll
		a, err = Accounts.Get(ctx, tx, id)
		return err
	})
	return a, factors, err
}
