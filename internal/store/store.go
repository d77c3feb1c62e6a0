// Package store opens the databases of an installation: one for the instance and
// one for each organisation, in SQLite (an encrypted file each) or in PostgreSQL (a
// schema with its own role each). It owns the words transaction, migration,
// key and file, and is the only package that knows which engine runs beneath.
//
// State is changed through ledger.Write alone; the write transactions that this
// package opens are for the ledger.
//
// Floor 1.
package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"holdfast/internal/isms"
)

// Engine names the database engine beneath.
type Engine string

// The two engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Config says where an installation lives.
type Config struct {
	// Dir is the data directory: databases (SQLite) and files. It is created with mode 0700.
	Dir string
	// Postgres is the connection string of a PostgreSQL database. Empty: SQLite inside Dir.
	Postgres string
	// KeyFile holds the master key. Empty: DefaultKeyFile. It must not lie inside Dir.
	KeyFile string
	// Clock tells the time. Nil: the system's.
	Clock isms.Clock
}

// Store is an opened installation.
type Store struct {
	Engine Engine
	Dir    string
	Name   isms.ID // the instance's id
	New    bool    // true if this Open made it
	Clock  isms.Clock

	keyFile  string
	master   Key
	before   []Key // master keys that a rotation has not replaced everywhere yet
	instance *DB
	lock     *os.File
	pool     *sql.DB // PostgreSQL only

	mu   sync.Mutex // guards open
	open map[isms.ID]*DB
}

// Open opens the installation that cfg names, or makes a new one. On SQLite it takes
// the data directory's lock; a second process is refused with code store.locked.
func Open(ctx context.Context, cfg Config) (*Store, error) { return open(ctx, cfg, nil) }

// Adopt makes an installation with the identity of another, for a restore: the place must be
// empty, and the master key must be the one that the identity's key is wrapped under.
func Adopt(ctx context.Context, cfg Config, identity []byte) (*Store, error) {
	return open(ctx, cfg, identity)
}

func open(ctx context.Context, cfg Config, adopt []byte) (*Store, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, isms.Errorf(isms.Unavailable, "store.dir_unusable", "dir", dir).Because(err)
	}
	s := &Store{Engine: SQLite, Dir: dir, Clock: cfg.Clock, open: make(map[isms.ID]*DB)}
	if s.Clock == nil {
		s.Clock = isms.SystemClock{}
	}
	if cfg.Postgres != "" {
		s.Engine = Postgres
	}
	if err := s.begin(ctx, cfg, adopt); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) begin(ctx context.Context, cfg Config, adopt []byte) error {
	var err error
	if s.Engine == SQLite {
		if s.lock, err = lockDir(s.Dir); err != nil {
			return err
		}
	} else if s.pool, err = openPool(ctx, cfg.Postgres); err != nil {
		return err
	}
	id, err := s.identify(ctx, cfg, adopt)
	if err != nil {
		return err
	}
	s.Name = id.Instance
	data, err := s.Unwrap(id.Key, string(id.Instance))
	if err != nil {
		return err
	}
	s.instance, err = s.openDB(ctx, id.Instance, data)
	return err
}

// Instance returns the instance's own database.
func (s *Store) Instance() *DB { return s.instance }

// KeyFile returns the path of the master key.
func (s *Store) KeyFile() string { return s.keyFile }

// Organisation opens the database of an organisation with its data key, or returns it
// if it is open already. The database is made if it does not exist.
func (s *Store) Organisation(ctx context.Context, org isms.ID, data Key) (*DB, error) {
	if !org.Valid(isms.OrganisationPrefix) {
		return nil, isms.Errorf(isms.NotFound, "organisation.unknown", "id", string(org))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if db := s.open[org]; db != nil {
		return db, nil
	}
	db, err := s.openDB(ctx, org, data)
	if err != nil {
		return nil, err
	}
	s.open[org] = db
	return db, nil
}

// Release closes the database of an organisation that nobody uses any more.
func (s *Store) Release(org isms.ID) error {
	s.mu.Lock()
	db := s.open[org]
	delete(s.open, org)
	s.mu.Unlock()
	if db == nil {
		return nil
	}
	return db.Close()
}

func (s *Store) openDB(ctx context.Context, name isms.ID, data Key) (*DB, error) {
	db := &DB{Engine: s.Engine, Name: name, data: data, files: filepath.Join(s.Dir, "files", string(name))}
	var err error
	if s.Engine == SQLite {
		err = db.openSQLite(ctx, s.sqlitePath(name))
	} else {
		err = db.openPostgres(ctx, s.pool)
	}
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", name, err)
	}
	return db, nil
}

func (s *Store) sqlitePath(name isms.ID) string {
	if name.Prefix() == isms.InstancePrefix {
		return filepath.Join(s.Dir, "instance.db")
	}
	return filepath.Join(s.Dir, "organisations", string(name)+".db")
}

// Close closes every database and gives the lock back.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for org, db := range s.open {
		errs = append(errs, db.Close())
		delete(s.open, org)
	}
	if s.instance != nil {
		errs = append(errs, s.instance.Close())
		s.instance = nil
	}
	if s.pool != nil {
		errs = append(errs, s.pool.Close())
		s.pool = nil
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	return errors.Join(errs...)
}

// DB is one opened database: the instance's or an organisation's.
type DB struct {
	Engine Engine
	Name   isms.ID

	data   Key
	files  string
	path   string  // SQLite file
	read   *sql.DB // PostgreSQL: the shared pool
	write  *writer
	role   string // PostgreSQL role and schema
	schema string
}

// Secret derives a key for one purpose from the data key, so that no two purposes share one.
func (db *DB) Secret(purpose string) []byte {
	m := hmac.New(sha256.New, db.data[:])
	m.Write([]byte("holdfast/1/" + purpose))
	return m.Sum(nil)
}

// Path returns the SQLite file, or "" on PostgreSQL.
func (db *DB) Path() string { return db.path }

// Close closes the database; the PostgreSQL pool stays open for others.
func (db *DB) Close() error {
	err := db.write.close()
	if db.Engine == SQLite && db.read != nil {
		err = errors.Join(err, db.read.Close())
	}
	return err
}

func hexKey(b []byte) string { return hex.EncodeToString(b) }
