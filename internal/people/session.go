package people

import (
	"context"
	"database/sql"
	"errors"
	"time"
	"unicode/utf8"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// Level says how far somebody has come in signing in.
type Level string

// The levels of a session. Only a full one makes an actor.
const (
	Enrol  Level = "enrol"  // signed in, has no second factor yet: may add one and nothing else
	Second Level = "second" // the password was right, the second factor is owed
	Full   Level = "full"
)

// Session is one browser that somebody is signed in with.
type Session struct {
	ID        isms.ID
	Account   isms.ID
	Place     isms.ID // the organisation, or the instance, that it is for; empty until one is entered
	Level     Level
	Made      isms.Instant
	Seen      isms.Instant
	Ends      isms.Instant
	SteppedUp isms.Instant // when the second factor was last shown
	Addr      string
	Agent     string

	hash string
}

// SignedIn is what a browser gets. Cookie and Device are shown once; only their hashes are kept.
type SignedIn struct {
	Cookie        string
	Device        string // to be kept for half a year; empty if the browser has one already
	Session       Session
	RecoveryCodes []string // only when the first second factor was just added
}

const (
	unfinishedFor = 15 * time.Minute // a session that is not full yet
	touchEvery    = time.Minute      // how exactly Seen is kept
	deviceFor     = 180 * 24 * time.Hour
	maxDevices    = 20
	maxSessions   = 50 // of one account; the oldest go
	maxTries      = 10 // codes that one unfinished session may try
	maxList       = 1000
)

// start opens a session within a transaction.
func (p *People) start(ctx context.Context, tx *ledger.Tx, account isms.ID, level Level, place isms.ID, from Source) (SignedIn, error) {
	now := p.now()
	s := Session{
		ID: isms.NewID(isms.SessionPrefix, now), Account: account, Place: place, Level: level, Made: now, Seen: now,
		Ends: now.Add(p.cfg.Absolute), Addr: from.addr(), Agent: cut(from.Agent, 200),
	}
	if level == Full {
		s.SteppedUp = now
	} else {
		s.Ends = now.Add(unfinishedFor)
	}
	cookie, hash := newSecret("")
	s.hash = hash
	if _, err := tx.Exec(ctx, `DELETE FROM people_session WHERE account = $1 AND id NOT IN
		(SELECT id FROM people_session WHERE account = $1 ORDER BY made DESC, id DESC LIMIT $2)`, string(account), maxSessions-1); err != nil {
		return SignedIn{}, err
	}
	_, err := tx.Exec(ctx, `INSERT INTO people_session (hash, id, account, place, level, made, seen, ends, stepped_up, tries, addr, agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)`,
		hash, string(s.ID), string(account), string(place), string(level), int64(now), int64(now), int64(s.Ends), int64(s.SteppedUp), s.Addr, s.Agent)
	return SignedIn{Cookie: cookie, Session: s}, err
}

// complete turns whatever session a browser has into a full one with a new cookie, so that the
// old cookie, which was worth less, is worth nothing.
func (p *People) complete(ctx context.Context, tx *ledger.Tx, account isms.ID, oldHash string, from Source) (SignedIn, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM people_session WHERE hash = $1`, oldHash); err != nil {
		return SignedIn{}, err
	}
	place, err := p.onlyPlace(ctx, tx.Tx, account)
	if err != nil {
		return SignedIn{}, err
	}
	in, err := p.start(ctx, tx, account, Full, place, from)
	if err != nil {
		return in, err
	}
	if in.Device, err = p.remember(ctx, tx, account, from); err != nil {
		return in, err
	}
	who := isms.Actor{Account: account, Means: isms.BySession, Via: in.Session.ID}
	p.note(ctx, tx, who, "session.opened", account, p.origin(from))
	return in, nil
}

// remember makes this browser a known one of the account, or notes that it was seen.
func (p *People) remember(ctx context.Context, tx *ledger.Tx, account isms.ID, from Source) (string, error) {
	now := p.now()
	if from.Device != "" {
		n, err := tx.Exec(ctx, `UPDATE people_device SET seen = $1 WHERE hash = $2 AND account = $3`, int64(now), hashOf(from.Device), string(account))
		if err != nil || n > 0 {
			return "", err
		}
	}
	device, hash := newSecret("")
	if _, err := tx.Exec(ctx, `INSERT INTO people_device (hash, account, made, seen) VALUES ($1, $2, $3, $4)`,
		hash, string(account), int64(now), int64(now)); err != nil {
		return "", err
	}
	_, err := tx.Exec(ctx, `DELETE FROM people_device WHERE account = $1 AND hash NOT IN
		(SELECT hash FROM people_device WHERE account = $1 ORDER BY seen DESC, hash LIMIT $2)`, string(account), maxDevices)
	return device, err
}

// known tells whether the account signed in with this browser before.
func (p *People) known(ctx context.Context, tx *store.Tx, account isms.ID, from Source) (bool, error) {
	if from.Device == "" {
		return false, nil
	}
	var seen isms.Instant
	err := tx.Row(ctx, []any{(*int64)(&seen)}, `SELECT seen FROM people_device WHERE hash = $1 AND account = $2`, hashOf(from.Device), string(account))
	if errors.Is(err, store.ErrNoRow) {
		return false, nil
	}
	return err == nil && p.now() < seen.Add(deviceFor), err
}

const sessionColumns = `SELECT hash, id, account, place, level, made, seen, ends, stepped_up, addr, agent FROM people_session `

func scanSession(r *sql.Rows) (s Session, err error) {
	err = r.Scan(&s.hash, (*string)(&s.ID), (*string)(&s.Account), (*string)(&s.Place), (*string)(&s.Level),
		(*int64)(&s.Made), (*int64)(&s.Seen), (*int64)(&s.Ends), (*int64)(&s.SteppedUp), &s.Addr, &s.Agent)
	return s, err
}

// find returns the live session of a cookie and its account; kind SignIn if there is none.
func (p *People) find(ctx context.Context, tx *store.Tx, cookie string) (s Session, a Account, err error) {
	gone := isms.Errorf(isms.SignIn, "session.ended")
	if cookie == "" {
		return s, a, isms.Errorf(isms.SignIn, "session.none")
	}
	found := false
	err = tx.Query(ctx, func(r *sql.Rows) error { found = true; s, err = scanSession(r); return err }, sessionColumns+`WHERE hash = $1`, hashOf(cookie))
	if err != nil {
		return s, a, err
	}
	now := p.now()
	if !found || now >= s.Ends || now >= s.Seen.Add(p.cfg.Idle) {
		return Session{}, a, gone
	}
	a, err = Accounts.Get(ctx, tx, s.Account)
	if isms.KindOf(err) == isms.NotFound || err == nil && a.State != Active {
		return Session{}, a, gone
	}
	return s, a, err
}

// Session returns who a cookie speaks for. The actor is empty, and may nothing, unless the session
// is full; its roles are those that the account holds in the session's place at this moment.
func (p *People) Session(ctx context.Context, cookie string) (isms.Actor, Session, error) {
	var s Session
	var actor isms.Actor
	err := p.log.Read(ctx, func(tx *store.Tx) (err error) {
		if s, _, err = p.find(ctx, tx, cookie); err != nil || s.Level != Full {
			return err
		}
		roles, err := rolesIn(ctx, tx, s.Account, s.Place, p.now())
		actor = isms.Actor{Account: s.Account, Means: isms.BySession, Via: s.ID, Roles: roles, SteppedUp: s.SteppedUp, Place: s.Place}
		return err
	})
	if err != nil {
		return isms.Actor{}, Session{}, err
	}
	if now := p.now(); now.Sub(s.Seen) >= touchEvery {
		err := p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE people_session SET seen = $1 WHERE hash = $2 AND seen < $1`, int64(now), s.hash)
			return err
		})
		// Where nothing can be written people still read; the session only ends earlier.
		if err != nil && isms.KindOf(err) != isms.Unavailable {
			return isms.Actor{}, Session{}, err
		}
		s.Seen = now
	}
	return actor, s, nil
}

// SignOut ends the session of a cookie, if there is one.
func (p *People) SignOut(ctx context.Context, cookie string) error {
	if cookie == "" {
		return nil
	}
	return p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM people_session WHERE hash = $1`, hashOf(cookie))
		return err
	})
}

// Sessions lists the live sessions of the actor, newest first.
func (p *People) Sessions(ctx context.Context, actor isms.Actor) ([]Session, error) {
	var out []Session
	now := p.now()
	err := p.log.Read(ctx, func(tx *store.Tx) error {
		return tx.Query(ctx, func(r *sql.Rows) error {
			s, err := scanSession(r)
			if err == nil {
				out = append(out, s)
			}
			return err
		}, sessionColumns+`WHERE account = $1 AND ends > $2 AND seen > $3 ORDER BY made DESC, id DESC LIMIT 200`,
			string(actor.Account), int64(now), int64(now.Add(-p.cfg.Idle)))
	})
	return out, err
}

// EndSession ends one of the actor's own sessions.
func (p *People) EndSession(ctx context.Context, actor isms.Actor, id isms.ID) error {
	if err := byHand(actor); err != nil {
		return err
	}
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM people_session WHERE id = $1 AND account = $2`, string(id), string(actor.Account))
		if err == nil && n == 0 {
			return isms.Errorf(isms.NotFound, "session.unknown")
		}
		return err
	})
}

// EndOtherSessions ends all of the actor's sessions but the one that is used now, and forgets
// the browsers that were known.
func (p *People) EndOtherSessions(ctx context.Context, actor isms.Actor) error {
	if err := byHand(actor); err != nil {
		return err
	}
	return p.log.Write(ctx, actor, func(tx *ledger.Tx) error { return endSessions(ctx, tx, actor.Account, actor.Via) })
}

// byHand keeps a person's own sessions and account to themselves: no token reaches them.
func byHand(actor isms.Actor) error {
	switch {
	case actor.Account == "":
		return isms.Errorf(isms.SignIn, "can.nobody")
	case actor.Means != isms.BySession:
		return isms.Errorf(isms.Forbidden, "can.token_scope")
	}
	return nil
}

func endSessions(ctx context.Context, tx *ledger.Tx, account, but isms.ID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM people_session WHERE account = $1 AND id <> $2`, string(account), string(but)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM people_device WHERE account = $1`, string(account))
	return err
}

// Enter moves a full session to another place. The one of the old place ends: sessions of
// different organisations never mix, and the fresh factor shown in one counts nothing in the other.
func (p *People) Enter(ctx context.Context, cookie string, place isms.ID, from Source) (in SignedIn, err error) {
	err = p.log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		s, _, err := p.find(ctx, tx.Tx, cookie)
		if err != nil {
			return err
		}
		roles, err := rolesIn(ctx, tx.Tx, s.Account, place, p.now())
		if err != nil {
			return err
		}
		if s.Level != Full || len(roles) == 0 {
			return isms.Errorf(isms.NotFound, "place.unknown")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM people_session WHERE hash = $1`, s.hash); err != nil {
			return err
		}
		if in, err = p.start(ctx, tx, s.Account, Full, place, from); err != nil {
			return err
		}
		if in.Session.SteppedUp = s.SteppedUp; s.Place != "" && s.Place != place {
			in.Session.SteppedUp = 0
		}
		in.Session.Made, in.Session.Ends = s.Made, s.Ends // changing places does not prolong it
		_, err = tx.Exec(ctx, `UPDATE people_session SET made = $1, ends = $2, stepped_up = $3 WHERE hash = $4`,
			int64(s.Made), int64(s.Ends), int64(in.Session.SteppedUp), in.Session.hash)
		return err
	})
	return in, err
}

func cut(s string, n int) string {
	if !utf8.ValidString(s) {
		return ""
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
