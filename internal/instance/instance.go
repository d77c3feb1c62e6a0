// Package instance runs an installation: its own log, its organisations, their keys and
// logs. It owns the words instance and organisation.
//
// Floor 1.
package instance

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what the instance keeps in its own database.
var Schema = store.Schema{Room: "instance", Files: files, Housekeeping: []string{"secret_key", "head_seen"}}

// Organisation is one company on this installation.
type Organisation struct {
	register.Row
	Name     string        `json:"name"`
	State    string        `json:"state"`    // active or closed
	Zone     string        `json:"zone"`     // IANA time zone in which its days begin
	Language isms.Language `json:"language"` // of what it writes
	Domains  []string      `json:"domains"`  // mail and web domains that are its own
}

// Organisations is the register of organisations, in the instance's database.
var Organisations = register.Declare("organisation", isms.OrganisationPrefix, func(o *Organisation) []register.Column {
	return []register.Column{
		register.Text("name", &o.Name), register.State("state", &o.State), register.Text("zone", &o.Zone),
		register.Text("language", &o.Language), register.JSON("domains", &o.Domains),
	}
})

// Config says what an installation is made of.
type Config struct {
	store.Config
	// Instance and Organisation are the schemas of the rooms that keep something there,
	// besides what store, ledger and this package need.
	Instance, Organisation []store.Schema
}

// InstanceSchemas are all schemas of the instance's database.
func InstanceSchemas(cfg Config) []store.Schema {
	return append([]store.Schema{store.FilesSchema, ledger.Schema, Schema}, cfg.Instance...)
}

// OrganisationSchemas are all schemas of an organisation's database.
func OrganisationSchemas(cfg Config) []store.Schema {
	return append([]store.Schema{store.FilesSchema, ledger.Schema}, cfg.Organisation...)
}

// Instance is an opened installation.
type Instance struct {
	Store *store.Store
	Log   *ledger.Log // the instance's own ledger
	Clock isms.Clock

	schemas []store.Schema

	mu   sync.Mutex // guards open
	open map[isms.ID]*opened

	stop    chan struct{}
	stopped sync.WaitGroup
}

type opened struct {
	log  *ledger.Log
	used time.Time
}

// maxOpen is how many organisations stay open when idle.
const maxOpen = 500

// Open opens the installation, or founds it.
func Open(ctx context.Context, cfg Config) (*Instance, error) {
	s, err := store.Open(ctx, cfg.Config)
	if err != nil {
		return nil, err
	}
	in := &Instance{Store: s, Clock: s.Clock, open: map[isms.ID]*opened{}, stop: make(chan struct{})}
	in.schemas = OrganisationSchemas(cfg)
	if err := in.begin(ctx, InstanceSchemas(cfg)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	in.stopped.Add(1)
	go in.witness()
	return in, nil
}

func (in *Instance) begin(ctx context.Context, own []store.Schema) error {
	db := in.Store.Instance()
	if err := db.Migrate(ctx, own...); err != nil {
		return err
	}
	skey, vkey, err := in.signingKey(ctx, in.Store.Name, db)
	if err != nil {
		return err
	}
	in.Log, err = ledger.Open(ctx, db, ledger.Options{Origin: in.origin(in.Store.Name), SigningKey: skey, VerifierKey: vkey, Clock: in.Clock})
	return err
}

// origin names a log for ever.
func (in *Instance) origin(name isms.ID) string {
	if name == in.Store.Name {
		return "holdfast/" + string(name)
	}
	return "holdfast/" + string(in.Store.Name) + "/" + string(name)
}

// signingKey reads the signing key of a log, or makes it. It is sealed under the database's own key.
func (in *Instance) signingKey(ctx context.Context, name isms.ID, db *store.DB) (skey, vkey string, err error) {
	seal := store.Key(db.Secret("signing key"))
	tx, err := in.Store.Instance().Begin(ctx)
	if err != nil {
		return "", "", err
	}
	var wrapped []byte
	err = tx.Row(ctx, []any{&wrapped, &vkey}, `SELECT wrapped, public FROM secret_key WHERE name = $1 AND purpose = 'signing'`, string(name))
	switch {
	case err == nil:
		var b []byte
		b, err = seal.Open(wrapped, "signing key "+string(name))
		return string(b), vkey, errors.Join(err, tx.Rollback(ctx))
	case !errors.Is(err, store.ErrNoRow):
		return "", "", errors.Join(err, tx.Rollback(ctx))
	}
	if skey, vkey, err = note.GenerateKey(rand.Reader, in.origin(name)); err != nil {
		return "", "", errors.Join(err, tx.Rollback(ctx))
	}
	n, err := tx.Exec(ctx, `INSERT INTO secret_key (name, purpose, wrapped, public, made) VALUES ($1, 'signing', $2, $3, $4) ON CONFLICT DO NOTHING`,
		string(name), seal.Seal([]byte(skey), "signing key "+string(name)), vkey, int64(in.Clock.Now()))
	if err != nil {
		return "", "", errors.Join(err, tx.Rollback(ctx))
	}
	if err := tx.Commit(ctx); err != nil {
		return "", "", err
	}
	if n == 0 { // another server was first: its key counts
		return in.signingKey(ctx, name, db)
	}
	return skey, vkey, nil
}

// NewOrganisation says what a new organisation is called and where it lives.
type NewOrganisation struct {
	Name     string
	Zone     string        // IANA name; empty: UTC
	Language isms.Language // empty: English
	Domains  []string
}

// Create makes an organisation with its own database, keys and ledger.
func (in *Instance) Create(ctx context.Context, actor isms.Actor, n NewOrganisation) (Organisation, error) {
	o, err := n.check()
	if err != nil {
		return o, err
	}
	data := store.NewKey()
	err = in.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		o.Row = register.Row{}
		if err := Organisations.Add(ctx, tx, "organisation.created", &o); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO secret_key (name, purpose, wrapped, public, made) VALUES ($1, 'data', $2, '', $3)`,
			string(o.ID), in.Store.Wrap(data, string(o.ID)), int64(tx.At))
		return err
	})
	if err != nil {
		return o, err
	}
	_, err = in.Organisation(ctx, o.ID)
	return o, err
}

// Revise changes name, zone, language or domains of an organisation read at its revision.
func (in *Instance) Revise(ctx context.Context, actor isms.Actor, o Organisation) (Organisation, error) {
	c, err := NewOrganisation{o.Name, o.Zone, o.Language, o.Domains}.check()
	if err != nil {
		return o, err
	}
	c.Row, c.State = o.Row, o.State
	err = in.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		c.Row = o.Row
		return Organisations.Revise(ctx, tx, "organisation.revised", &c)
	})
	return c, err
}

func (n NewOrganisation) check() (Organisation, error) {
	o := Organisation{Name: strings.TrimSpace(n.Name), State: "active", Zone: n.Zone, Language: n.Language, Domains: []string{}}
	if o.Name == "" {
		return o, isms.Errorf(isms.Invalid, "organisation.name_missing").At("name")
	}
	if len(o.Name) > 200 {
		return o, isms.Errorf(isms.Invalid, "organisation.name_too_long").At("name")
	}
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	if _, err := time.LoadLocation(o.Zone); err != nil || o.Zone == "Local" {
		return o, isms.Errorf(isms.Invalid, "organisation.zone_unknown", "zone", o.Zone).At("zone")
	}
	switch o.Language {
	case "":
		o.Language = isms.English
	case isms.English, isms.German, isms.Slovenian:
	default:
		return o, isms.Errorf(isms.Invalid, "organisation.language_unknown", "language", string(o.Language)).At("language")
	}
	for _, d := range n.Domains {
		if d = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(d), ".")); d == "" {
			continue
		}
		if !validDomain(d) {
			return o, isms.Errorf(isms.Invalid, "organisation.domain_malformed", "domain", d).At("domains")
		}
		o.Domains = append(o.Domains, d)
	}
	return o, nil
}

func validDomain(d string) bool {
	labels := strings.Split(d, ".")
	if len(d) > 253 || len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") || strings.ContainsAny(l, " /@:") {
			return false
		}
	}
	return true
}

// List returns the organisations, by name.
func (in *Instance) List(ctx context.Context) ([]Organisation, error) {
	var os []Organisation
	err := in.Log.Read(ctx, func(tx *store.Tx) (err error) {
		os, err = Organisations.Where(ctx, tx, `1 = 1 ORDER BY name, id`, 10_000)
		return err
	})
	return os, err
}

// Get returns one organisation.
func (in *Instance) Get(ctx context.Context, id isms.ID) (o Organisation, err error) {
	err = in.Log.Read(ctx, func(tx *store.Tx) (err error) { o, err = Organisations.Get(ctx, tx, id); return err })
	return o, err
}

// Organisation returns the log of an organisation, opening its database if need be.
func (in *Instance) Organisation(ctx context.Context, id isms.ID) (*ledger.Log, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if o := in.open[id]; o != nil {
		o.used = time.Now()
		return o.log, nil
	}
	if err := in.makeRoom(); err != nil {
		return nil, err
	}
	log, err := in.openOrganisation(ctx, id)
	if err != nil {
		return nil, err
	}
	in.open[id] = &opened{log: log, used: time.Now()}
	return log, nil
}

func (in *Instance) openOrganisation(ctx context.Context, id isms.ID) (*ledger.Log, error) {
	var seen int64
	err := in.Log.Read(ctx, func(tx *store.Tx) error {
		err := tx.Row(ctx, []any{&seen}, `SELECT size FROM head_seen WHERE name = $1`, string(id))
		if errors.Is(err, store.ErrNoRow) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	data, err := DataKey(ctx, in.Store, id)
	if err != nil {
		return nil, err
	}
	db, err := in.Store.Organisation(ctx, id, data)
	if err != nil {
		return nil, err
	}
	log, err := in.openLog(ctx, id, db)
	if err == nil && log.Head().Size < seen {
		err = errors.Join(isms.Errorf(isms.Conflict, "organisation.entries_lost", "id", string(id),
			"have", strconv.FormatInt(log.Head().Size, 10), "seen", strconv.FormatInt(seen, 10)), log.Close())
	}
	if err != nil {
		return nil, errors.Join(err, in.Store.Release(id))
	}
	return log, nil
}

// DataKey unwraps the data key of an organisation.
func DataKey(ctx context.Context, s *store.Store, id isms.ID) (store.Key, error) {
	var wrapped []byte
	err := s.Instance().Read(ctx, func(tx *store.Tx) error {
		return tx.Row(ctx, []any{&wrapped}, `SELECT wrapped FROM secret_key WHERE name = $1 AND purpose = 'data'`, string(id))
	})
	if errors.Is(err, store.ErrNoRow) {
		return store.Key{}, isms.Errorf(isms.NotFound, "organisation.unknown", "id", string(id))
	}
	if err != nil {
		return store.Key{}, err
	}
	return s.Unwrap(wrapped, string(id))
}

func (in *Instance) openLog(ctx context.Context, id isms.ID, db *store.DB) (*ledger.Log, error) {
	if err := db.Migrate(ctx, in.schemas...); err != nil {
		return nil, fmt.Errorf("organisation %s: %w", id, err)
	}
	skey, vkey, err := in.signingKey(ctx, id, db)
	if err != nil {
		return nil, err
	}
	return ledger.Open(ctx, db, ledger.Options{Origin: in.origin(id), SigningKey: skey, VerifierKey: vkey, Clock: in.Clock})
}

// makeRoom closes the organisation that nobody has used for longest when too many are open.
func (in *Instance) makeRoom() error {
	if len(in.open) < maxOpen {
		return nil
	}
	var oldest isms.ID
	for id, o := range in.open {
		if oldest == "" || o.used.Before(in.open[oldest].used) {
			oldest = id
		}
	}
	if time.Since(in.open[oldest].used) < 5*time.Minute { // somebody may still be at it: rather hold one more
		return nil
	}
	return in.closeOne(oldest)
}

// CloseOrganisation closes the database of an organisation; it opens again when it is asked for.
func (in *Instance) CloseOrganisation(id isms.ID) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.open[id] == nil {
		return nil
	}
	return in.closeOne(id)
}

func (in *Instance) closeOne(id isms.ID) error {
	o := in.open[id]
	delete(in.open, id)
	return errors.Join(o.log.Close(), in.Store.Release(id))
}

// Close notes the last heads, stops every log and closes the store.
func (in *Instance) Close() error {
	select {
	case <-in.stop:
		return nil
	default:
		close(in.stop)
	}
	in.stopped.Wait()
	in.mu.Lock()
	defer in.mu.Unlock()
	var errs []error
	for id := range in.open {
		errs = append(errs, in.closeOne(id))
	}
	return errors.Join(append(errs, in.Log.Close(), in.Store.Close())...)
}
