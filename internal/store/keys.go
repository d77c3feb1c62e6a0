package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"holdfast/internal/isms"
)

// Key is 256 bits of key.
type Key [32]byte

// NewKey draws a random key.
func NewKey() Key {
	var k Key
	if _, err := rand.Read(k[:]); err != nil {
		panic("store: no randomness: " + err.Error())
	}
	return k
}

const masterMark = "holdfast-master-key-1 "

// String writes the key as it stands in key files and on recovery sheets.
func (k Key) String() string { return masterMark + base64.RawURLEncoding.EncodeToString(k[:]) }

// ParseKey reads what String writes; blanks around it do not matter.
func ParseKey(s string) (Key, error) {
	var k Key
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), strings.TrimSpace(masterMark))
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(rest))
	if !ok || err != nil || len(b) != len(k) {
		return k, isms.Errorf(isms.Invalid, "key.malformed").Because(err)
	}
	copy(k[:], b)
	return k, nil
}

// Seal encrypts b under k with AES-256-GCM and a random nonce, bound to what names it.
func (k Key) Seal(b []byte, what string) []byte {
	return k.aead().Seal(nil, nil, b, []byte(what))
}

// Open decrypts what Seal made for the same name.
func (k Key) Open(b []byte, what string) ([]byte, error) {
	out, err := k.aead().Open(nil, nil, b, []byte(what))
	if err != nil {
		return nil, isms.Errorf(isms.Invalid, "key.does_not_fit", "what", what).Because(err)
	}
	return out, nil
}

func (k Key) aead() cipher.AEAD {
	return isms.Must(cipher.NewGCMWithRandomNonce(isms.Must(aes.NewCipher(k[:]))))
}

// Wrap encrypts a data key under the master key for the named database.
func (s *Store) Wrap(data Key, name string) []byte { return s.master.Seal(data[:], "data key "+name) }

// Unwrap decrypts a data key; the error has code key.does_not_fit for another master key. While the
// master key is being rotated the one before still opens what it wrapped.
func (s *Store) Unwrap(wrapped []byte, name string) (k Key, err error) {
	for _, m := range append([]Key{s.master}, s.before...) {
		var b []byte
		if b, err = m.Open(wrapped, "data key "+name); err == nil {
			copy(k[:], b)
			return k, nil
		}
	}
	return k, err
}

// Master returns the master key, for the recovery sheet and for rotation.
func (s *Store) Master() Key { return s.master }

// DefaultKeyFile is where the master key of an instance lies if nothing else is said:
// the user's configuration directory, apart from the data.
func DefaultKeyFile(instance isms.ID) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", isms.Errorf(isms.Unavailable, "key.no_place").Because(err)
	}
	return filepath.Join(dir, "holdfast", string(instance)+".key"), nil
}

// identity is what an installation says of itself in the clear: who it is and its
// own data key, wrapped. SQLite keeps it in instance.json, PostgreSQL in a table.
type identity struct {
	Format   int     `json:"format"`
	Instance isms.ID `json:"instance"`
	Key      []byte  `json:"key"`
	KeyFile  string  `json:"key_file,omitempty"`
}

const identityFile = "instance.json"

// identify reads the installation's identity, or makes a new one with its keys.
// With adopt it takes over the identity of a backup instead; the place must be empty then.
func (s *Store) identify(ctx context.Context, cfg Config, adopt []byte) (identity, error) {
	id, found, err := s.readIdentity(ctx)
	if err != nil {
		return id, err
	}
	switch {
	case found && adopt != nil:
		return id, isms.Errorf(isms.Conflict, "store.not_empty", "dir", s.Dir)
	case adopt != nil:
		if id, err = parseIdentity(adopt); err != nil {
			return id, err
		}
		id.KeyFile = cfg.KeyFile
	case !found:
		id = identity{Format: 1, Instance: isms.NewID(isms.InstancePrefix, s.Clock.Now())}
	}
	s.keyFile = cfg.KeyFile
	if s.keyFile == "" {
		s.keyFile = id.KeyFile
	}
	if s.keyFile == "" {
		if s.keyFile, err = DefaultKeyFile(id.Instance); err != nil {
			return id, err
		}
	}
	if s.keyFile, err = filepath.Abs(s.keyFile); err != nil {
		return id, err
	}
	if inside(s.keyFile, s.Dir) {
		return id, isms.Errorf(isms.Invalid, "key.inside_data", "file", s.keyFile, "dir", s.Dir)
	}
	if found {
		s.master, s.before, err = readKey(s.keyFile)
		return id, err
	}
	if adopt != nil {
		return s.adopt(ctx, id)
	}
	s.New = true
	return s.found(ctx, id, cfg.KeyFile != "")
}

// adopt writes down an identity once the master key has opened its data key.
func (s *Store) adopt(ctx context.Context, id identity) (identity, error) {
	var err error
	if s.master, s.before, err = readKey(s.keyFile); err != nil {
		return id, err
	}
	if _, err := s.Unwrap(id.Key, string(id.Instance)); err != nil {
		return id, err
	}
	s.New = true
	return s.writeIdentity(ctx, id)
}

// Identity returns what the installation says of itself in the clear, for backups: its id and its
// data key, wrapped by the master key.
func (s *Store) Identity(ctx context.Context) ([]byte, error) {
	id, _, err := s.readIdentity(ctx)
	if err != nil {
		return nil, err
	}
	id.KeyFile = ""
	return json.Marshal(id)
}

// found makes the keys of a new installation and writes down who it is.
func (s *Store) found(ctx context.Context, id identity, named bool) (identity, error) {
	var err error
	if s.master, s.before, err = readKey(s.keyFile); errors.Is(err, fs.ErrNotExist) {
		s.master = NewKey()
		err = writeKey(s.keyFile, s.master)
	}
	if err != nil {
		return id, err
	}
	data := NewKey()
	id.Key = s.Wrap(data, string(id.Instance))
	if named {
		id.KeyFile = s.keyFile
	}
	return s.writeIdentity(ctx, id)
}

func (s *Store) readIdentity(ctx context.Context) (id identity, found bool, err error) {
	var raw []byte
	if s.Engine == Postgres {
		raw, err = readIdentityRow(ctx, s.pool)
	} else {
		raw, err = os.ReadFile(filepath.Join(s.Dir, identityFile))
		if errors.Is(err, fs.ErrNotExist) {
			return id, false, s.mustBeEmpty()
		}
	}
	if err != nil || raw == nil {
		return id, false, err
	}
	id, err = parseIdentity(raw)
	return id, err == nil, err
}

func parseIdentity(raw []byte) (id identity, err error) {
	if err := json.Unmarshal(raw, &id); err != nil || !id.Instance.Valid(isms.InstancePrefix) {
		return id, isms.Errorf(isms.Invalid, "store.identity_unreadable").Because(err)
	}
	if id.Format != 1 {
		return id, isms.Errorf(isms.Invalid, "store.format_unknown", "format", fmt.Sprint(id.Format))
	}
	return id, nil
}

// mustBeEmpty refuses a directory that holds something but is no installation of ours.
func (s *Store) mustBeEmpty() error {
	list, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.Name() != lockFile && e.Name() != "lost+found" {
			return isms.Errorf(isms.Invalid, "store.dir_foreign", "dir", s.Dir, "file", e.Name())
		}
	}
	return nil
}

// writeIdentity keeps id; on PostgreSQL another server may have been first, and its identity counts.
func (s *Store) writeIdentity(ctx context.Context, id identity) (identity, error) {
	raw, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return id, err
	}
	if s.Engine == SQLite {
		return id, WriteFileDurably(filepath.Join(s.Dir, identityFile), append(raw, '\n'), 0o600)
	}
	kept, err := writeIdentityRow(ctx, s.pool, raw)
	if err != nil || string(kept) == string(raw) {
		return id, err
	}
	s.New = false
	if err := json.Unmarshal(kept, &id); err != nil {
		return id, err
	}
	if s.keyFile, err = DefaultKeyFile(id.Instance); err != nil {
		return id, err
	}
	s.master, s.before, err = readKey(s.keyFile)
	return id, err
}

// readKey reads the master key and, during a rotation, the ones before it: one a line.
func readKey(file string) (Key, []Key, error) {
	info, err := os.Stat(file)
	if err != nil {
		return Key{}, nil, isms.Errorf(isms.Unavailable, "key.missing", "file", file).Because(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, nil, isms.Errorf(isms.Invalid, "key.readable_by_others", "file", file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return Key{}, nil, isms.Errorf(isms.Unavailable, "key.missing", "file", file).Because(err)
	}
	var keys []Key
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		k, err := ParseKey(line)
		if err != nil {
			return Key{}, nil, err
		}
		keys = append(keys, k)
	}
	return keys[0], keys[1:], nil
}

func writeKey(file string, keys ...Key) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return isms.Errorf(isms.Unavailable, "key.no_place").Because(err)
	}
	var b []byte
	for _, k := range keys {
		b = append(b, k.String()+"\n"...)
	}
	return WriteFileDurably(file, b, 0o600)
}

// BeginRotation draws a new master key and writes it before the old one into the key file, so that
// whatever happens meanwhile every wrapped key can be opened by one of the two.
func (s *Store) BeginRotation(ctx context.Context) error {
	next := NewKey()
	if err := writeKey(s.keyFile, append([]Key{next, s.master}, s.before...)...); err != nil {
		return err
	}
	s.master, s.before = next, append([]Key{s.master}, s.before...)
	id, _, err := s.readIdentity(ctx)
	if err != nil {
		return err
	}
	data, err := s.Unwrap(id.Key, string(id.Instance))
	if err != nil {
		return err
	}
	id.Key = s.Wrap(data, string(id.Instance))
	return s.replaceIdentity(ctx, id)
}

// EndRotation drops the old master keys once nothing is wrapped by them any more.
func (s *Store) EndRotation() error {
	if err := writeKey(s.keyFile, s.master); err != nil {
		return err
	}
	s.before = nil
	return nil
}

func (s *Store) replaceIdentity(ctx context.Context, id identity) error {
	raw, err := json.MarshalIndent(id, "", "  ")
	if err != nil {
		return err
	}
	if s.Engine == SQLite {
		return WriteFileDurably(filepath.Join(s.Dir, identityFile), append(raw, '\n'), 0o600)
	}
	_, err = s.pool.ExecContext(ctx, `UPDATE holdfast.installation SET identity = $1 WHERE one = 1`, string(raw))
	return classify(err)
}

// WriteFileDurably replaces a file so that after a power cut it is either the old or the new one.
func WriteFileDurably(file string, b []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(file))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func inside(file, dir string) bool {
	rel, err := filepath.Rel(dir, file)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
