// Package keep takes backups of a running installation, restores them with proof, and
// drills that on itself. It owns the words backup, restore, drill and key rotation.
//
// A backup is one file: a manifest with the signed checkpoint of every database, and for
// each database its rows, encrypted under a key of that database, and its files as they lie,
// encrypted already. It holds data keys only as they are wrapped by the master key, and never the
// master key.
//
// Floor 2.
package keep

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tink-crypto/tink-go/v2/streamingaead/subtle"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what keep has in the instance's database.
var Schema = store.Schema{Room: "keep", Files: files}

// Head is how far a database reached when it was backed up.
type Head struct {
	Name   isms.ID        `json:"name"` // instance or organisation
	Gen    int64          `json:"gen"`
	Size   int64          `json:"size"`
	Note   string         `json:"note"` // signed checkpoint
	VKey   string         `json:"vkey"`
	Rows   store.Counts   `json:"rows"`
	Levels map[string]int `json:"levels"` // migrations by room
	Digest string         `json:"digest"` // SHA-256 of the encrypted rows
	Files  int            `json:"files"`
}

// Manifest is the clear part of a backup; it holds no personal data and no key.
type Manifest struct {
	Format   int             `json:"format"`
	Instance isms.ID         `json:"instance"`
	Taken    isms.Instant    `json:"taken"`
	Identity json.RawMessage `json:"identity"` // the installation's identity with its wrapped key
	Heads    []Head          `json:"heads"`
}

// Backup is the record of a backup.
type Backup struct {
	register.Row
	Taken  isms.Instant `json:"taken"`
	File   string       `json:"file"`
	Size   int64        `json:"size"` // bytes
	Digest string       `json:"digest"`
	Heads  []Reach      `json:"heads"`
}

// Reach is what a backup's record keeps of a head.
type Reach struct {
	Name isms.ID `json:"name"`
	Size int64   `json:"size"`
}

// Backups is the register of backups, in the instance's database.
var Backups = register.Declare("backup", isms.BackupPrefix, func(b *Backup) []register.Column {
	return []register.Column{
		register.Instant("taken", &b.Taken), register.Text("file", &b.File), register.Int("size", &b.Size),
		register.Text("digest", &b.Digest), register.JSON("heads", &b.Heads),
	}
})

// Progress is told how far long work is: a few words' code and two numbers.
type Progress func(code string, done, all int64)

// Take writes a backup of a running installation into dir and records it. Writers are not held up.
func Take(ctx context.Context, in *instance.Instance, actor isms.Actor, dir string, tell Progress) (b Backup, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return b, isms.Errorf(isms.Unavailable, "backup.place_unusable", "dir", dir).Because(err)
	}
	now := in.Clock.Now()
	name := filepath.Join(dir, fmt.Sprintf("%s-%s.backup", in.Store.Name, now.Time().Format("20060102T150405.000000Z")))
	m, err := write(ctx, in, name, now, tell)
	if err != nil {
		return b, err
	}
	digest, size, err := digestOf(name)
	if err != nil {
		return b, err
	}
	b = Backup{Taken: now, File: name, Size: size, Digest: digest}
	for _, h := range m.Heads {
		b.Heads = append(b.Heads, Reach{h.Name, h.Size})
	}
	err = in.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		b.Row = register.Row{}
		return Backups.Add(ctx, tx, "backup.taken", &b)
	})
	return b, err
}

// write makes the file under another name first, so that a half one is never taken for a backup.
func write(ctx context.Context, in *instance.Instance, name string, now isms.Instant, tell Progress) (m Manifest, err error) {
	out, err := os.OpenFile(name+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return m, isms.Errorf(isms.Unavailable, "backup.place_unusable", "dir", filepath.Dir(name)).Because(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close(), os.Remove(name+".part"))
		}
	}()
	identity, err := in.Store.Identity(ctx)
	if err != nil {
		return m, err
	}
	m = Manifest{Format: 1, Instance: in.Store.Name, Taken: now, Identity: identity}
	w := tar.NewWriter(out)
	// Organisations first, the instance last: its backup then knows of every organisation in the file.
	os, err := in.List(ctx)
	if err != nil {
		return m, err
	}
	for i, o := range os {
		log, err := in.Organisation(ctx, o.ID)
		if err != nil {
			return m, err
		}
		h, err := add(ctx, w, log)
		if err != nil {
			return m, fmt.Errorf("back up %s: %w", o.ID, err)
		}
		m.Heads = append(m.Heads, h)
		tell("backup.organisation", int64(i+1), int64(len(os)))
	}
	h, err := add(ctx, w, in.Log)
	if err != nil {
		return m, err
	}
	m.Heads = append(m.Heads, h)
	raw, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return m, err
	}
	if err := member(w, manifestName, int64(len(raw))); err != nil {
		return m, err
	}
	if _, err := w.Write(raw); err != nil {
		return m, err
	}
	return m, errors.Join(w.Close(), out.Sync(), out.Close(), rename(name))
}

const manifestName = "manifest.json"

func rename(name string) error {
	if err := os.Rename(name+".part", name); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func member(w *tar.Writer, name string, size int64) error {
	return w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, Format: tar.FormatPAX, ModTime: time.Unix(0, 0)})
}

// add writes one database: its rows through a temporary file, since a tar member's length comes first.
func add(ctx context.Context, w *tar.Writer, log *ledger.Log) (h Head, err error) {
	db := log.DB
	h = Head{Name: db.Name, VKey: log.VerifierKey()}
	tmp, err := os.CreateTemp("", "holdfast-backup-*")
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name())) }()
	key, err := rowsKey(db)
	if err != nil {
		return h, err
	}
	sum := sha256.New()
	enc, err := key.NewEncryptingWriter(io.MultiWriter(tmp, sum), []byte("holdfast backup "+string(db.Name)))
	if err != nil {
		return h, err
	}
	var digests []string
	err = db.Read(ctx, func(tx *store.Tx) error {
		head, err := ledger.ReadHead(ctx, tx)
		if err != nil {
			return err
		}
		h.Gen, h.Size, h.Note = head.Gen, head.Size, string(head.Note)
		if h.Levels, err = tx.Applied(ctx); err != nil {
			return err
		}
		if err := tx.Files(ctx, func(d string, _ int64) error { digests = append(digests, d); return nil }); err != nil {
			return err
		}
		h.Rows, err = tx.Dump(ctx, enc)
		return err
	})
	if err = errors.Join(err, enc.Close()); err != nil {
		return h, err
	}
	h.Digest, h.Files = hex.EncodeToString(sum.Sum(nil)), len(digests)
	if err := copyIn(w, tmp, string(db.Name)+"/rows"); err != nil {
		return h, err
	}
	for _, d := range digests {
		f, err := os.Open(db.FilePath(d))
		if err != nil {
			return h, isms.Errorf(isms.Internal, "file.missing", "digest", d).Because(err)
		}
		if err := errors.Join(copyIn(w, f, string(db.Name)+"/files/"+filepath.Base(db.FilePath(d))), f.Close()); err != nil {
			return h, err
		}
	}
	return h, nil
}

func copyIn(w *tar.Writer, f *os.File, name string) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := member(w, name, size); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// rowsKey encrypts a database's rows in a backup.
func rowsKey(db *store.DB) (*subtle.AESGCMHKDF, error) {
	return subtle.NewAESGCMHKDF(db.Secret("backup rows"), "SHA256", 32, 1<<20, 0)
}

func digestOf(name string) (digest string, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, errors.Join(err, f.Close())
}

// Newest returns the newest backup file of an installation in a directory, "" if there is none.
func Newest(dir string, instance isms.ID) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, string(instance)+"-*.backup"))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[len(found)-1], nil
}

// Prune removes backups of an installation older than keep, but never the newest three.
func Prune(dir string, instance isms.ID, before isms.Instant) error {
	found, err := filepath.Glob(filepath.Join(dir, string(instance)+"-*.backup"))
	if err != nil {
		return err
	}
	for _, f := range found[:max(0, len(found)-3)] {
		info, err := os.Stat(f)
		if err == nil && isms.InstantOf(info.ModTime()) < before {
			err = os.Remove(f)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
