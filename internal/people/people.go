// Package people knows who somebody is and what they may do: accounts with their
// passwords, one-time codes, passkeys and recovery codes, sessions, memberships and
// roles, invitations, tokens of the API, and the one table that decides. It owns the
// words account, factor, session, step-up, membership, role, act and token.
//
// Everything lives in the instance's database. What happened is an entry; secrets stand
// in housekeeping tables, hashed where that serves and sealed where they must be read.
//
// Floor 1.
package people

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what people keep in the instance's database.
var Schema = store.Schema{Room: "people", Files: files, Housekeeping: []string{
	"people_key", "people_password", "people_totp", "people_passkey", "people_recovery", "people_session", "people_device",
	"people_throttle", "people_ceremony", "people_link", "people_token_secret",
}}

// States of an account.
const (
	Active = "active"
	Left   = "left"
)

// Account is one person, the same in every organisation. Its instants tell when a way of
// signing in was last set; zero if there is none.
type Account struct {
	register.Row
	Email       string        `json:"email"` // lower case; the name to sign in with
	Name        string        `json:"name"`
	Language    isms.Language `json:"language"`
	State       string        `json:"state"`
	PasswordSet isms.Instant  `json:"password_set"`
	TOTPSet     isms.Instant  `json:"totp_set"`
	Passkeys    int64         `json:"passkeys"`
	RecoverySet isms.Instant  `json:"recovery_set"`
}

// HasFactor tells whether the account has a second factor.
func (a Account) HasFactor() bool { return a.TOTPSet > 0 || a.Passkeys > 0 }

// Accounts is the register of accounts.
var Accounts = register.Declare("account", isms.AccountPrefix, func(a *Account) []register.Column {
	return []register.Column{
		register.Text("email", &a.Email), register.Text("name", &a.Name), register.Text("language", &a.Language),
		register.State("state", &a.State), register.Instant("password_set", &a.PasswordSet), register.Instant("totp_set", &a.TOTPSet),
		register.Int("passkeys", &a.Passkeys), register.Instant("recovery_set", &a.RecoverySet),
	}
})

// Membership says what an account is in a place: an organisation, or the instance.
type Membership struct {
	register.Row
	Account isms.ID      `json:"account"`
	Place   isms.ID      `json:"place"`
	Roles   []isms.Role  `json:"roles"`
	Ends    isms.Instant `json:"ends"` // zero: open; an auditor's always ends
}

// Memberships is the register of memberships.
var Memberships = register.Declare("membership", isms.MembershipPrefix, func(m *Membership) []register.Column {
	return []register.Column{
		register.Ref("account", &m.Account), register.Ref("place", &m.Place), register.JSON("roles", &m.Roles), register.Instant("ends", &m.Ends),
	}
})

// Config says how people sign in here. The zero value works on localhost.
type Config struct {
	// Origins are the addresses at which browsers reach us, such as https://isms.example.com.
	// Passkeys belong to the first one's host. Empty: http://localhost:8700.
	Origins []string
	// Name is shown by authenticators beside the code. Empty: Holdfast.
	Name string
	// Idle ends a session that nobody used for so long. Zero: two hours.
	Idle time.Duration
	// Absolute ends every session after so long. Zero: twelve hours.
	Absolute time.Duration
	// Parallel is how many passwords are hashed at a time, 19 MiB each. Zero: two.
	Parallel int
}

// People is the door to all of it.
type People struct {
	log    *ledger.Log
	cfg    Config
	keys   keys
	hash   *hasher
	web    *webauthn.WebAuthn // nil where no passkeys can work
	closed atomic.Bool        // set-up was done: it never opens again
}

// New opens the room over the instance's log, whose database has Schema.
func New(ctx context.Context, log *ledger.Log, cfg Config) (*People, error) {
	if len(cfg.Origins) == 0 {
		cfg.Origins = []string{"http://localhost:8700"}
	}
	if cfg.Name == "" {
		cfg.Name = "Holdfast"
	}
	if cfg.Idle == 0 {
		cfg.Idle = 2 * time.Hour
	}
	if cfg.Absolute == 0 {
		cfg.Absolute = 12 * time.Hour
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = 2
	}
	p := &People{log: log, cfg: cfg}
	var err error
	if p.web, err = relyingParty(cfg.Name, cfg.Origins); err != nil {
		return nil, fmt.Errorf("passkeys for %q: %w", cfg.Origins[0], err)
	}
	if p.keys, err = openKeys(ctx, log); err != nil {
		return nil, err
	}
	p.hash = newHasher(cfg.Parallel, p.keys.of("password"))
	return p, nil
}

// Instance is the place where operators are members.
func (p *People) Instance() isms.ID { return p.log.DB.Name }

func (p *People) now() isms.Instant { return p.log.Clock.Now() }

// Source says from where somebody speaks to us.
type Source struct {
	Addr   netip.Addr
	Agent  string // what the browser says of itself
	Device string // known-device cookie; empty if there is none
}

// addr is the source as a session shows it.
func (s Source) addr() string {
	if !s.Addr.IsValid() {
		return ""
	}
	return s.Addr.Unmap().String()
}

// network is what throttles count as one source: an address, or an IPv6 subnet of 64 bits,
// which is what one subscriber holds.
func (s Source) network() string {
	if a := s.Addr.Unmap(); a.Is6() {
		if n, err := a.WithZone("").Prefix(64); err == nil {
			return n.String()
		}
	}
	return s.addr()
}

// Account returns one account.
func (p *People) Account(ctx context.Context, id isms.ID) (a Account, err error) {
	err = p.log.Read(ctx, func(tx *store.Tx) (err error) { a, err = Accounts.Get(ctx, tx, id); return err })
	return a, err
}

// instead says e where err is nil or only says that something is not there; any other err stays.
func instead(err error, e *isms.Error) error {
	if err == nil || isms.KindOf(err) == isms.NotFound || errors.Is(err, store.ErrNoRow) {
		return e
	}
	return err
}

// byEmail finds an account by its address in the form that normalEmail gives; nil if there is none.
func byEmail(ctx context.Context, tx *store.Tx, email string) (*Account, error) {
	as, err := Accounts.Where(ctx, tx, `email = $2`, 1, email)
	if err != nil || len(as) == 0 {
		return nil, err
	}
	return &as[0], nil
}
