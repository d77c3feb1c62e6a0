package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tink-crypto/tink-go/v2/streamingaead/subtle"

	"holdfast/internal/isms"
)

//go:embed migrations/*.sql
var migrations embed.FS

// FilesSchema is what the file store needs in every database.
var FilesSchema = Schema{Room: "store", Files: migrations, Housekeeping: []string{"file_use"}}

// fileKey is the streaming cipher of this database's files: Tink's AES256-GCM-HKDF in 64 KiB segments.
func (db *DB) fileKey() (*subtle.AESGCMHKDF, error) {
	return subtle.NewAESGCMHKDF(db.Secret("files"), "SHA256", 32, 64<<10, 0)
}

// FilePath is where the encrypted bytes of a file lie, for backups. It names a file by a keyed hash of its digest, so that equal files of two organisations
// cannot be recognised by their names.
func (db *DB) FilePath(digest string) string {
	m := hmac.New(sha256.New, db.Secret("file names"))
	m.Write([]byte(digest))
	name := hex.EncodeToString(m.Sum(nil))
	return filepath.Join(db.files, name[:2], name)
}

// PutFile keeps what r yields, encrypted and durable, and returns its SHA-256 in hex and its
// length in bytes. The same bytes are kept once. A file that no record uses is swept after a day.
func (db *DB) PutFile(ctx context.Context, r io.Reader) (digest string, size int64, err error) {
	if err := os.MkdirAll(db.files, 0o700); err != nil {
		return "", 0, isms.Errorf(isms.Unavailable, "store.disk_error").Because(err)
	}
	tmp, err := os.CreateTemp(db.files, ".new-*")
	if err != nil {
		return "", 0, isms.Errorf(isms.Unavailable, "store.disk_error").Because(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close(), ignoreMissing(os.Remove(tmp.Name())))
		}
	}()
	key, err := db.fileKey()
	if err != nil {
		return "", 0, err
	}
	// The name is not known before the end, so the associated data is the purpose alone; the digest
	// is checked on reading.
	w, err := key.NewEncryptingWriter(tmp, []byte("holdfast file"))
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	if size, err = io.Copy(io.MultiWriter(w, h), &contextReader{ctx, r}); err != nil {
		return "", 0, fmt.Errorf("keep file: %w", diskError(err))
	}
	if err = errors.Join(w.Close(), tmp.Sync(), tmp.Close()); err != nil {
		return "", 0, diskError(err)
	}
	digest = hex.EncodeToString(h.Sum(nil))
	path := db.FilePath(digest)
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", 0, diskError(err)
	}
	if err = os.Rename(tmp.Name(), path); err != nil {
		return "", 0, diskError(err)
	}
	return digest, size, errors.Join(syncDir(filepath.Dir(path)), syncDir(db.files))
}

// OpenFile reads a kept file back. Reading fails at the end with code file.damaged if the bytes
// are not those of the digest; a missing file has code file.missing.
func (db *DB) OpenFile(ctx context.Context, digest string) (io.ReadCloser, error) {
	f, err := os.Open(db.FilePath(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, isms.Errorf(isms.NotFound, "file.missing", "digest", digest).Because(err)
	}
	if err != nil {
		return nil, diskError(err)
	}
	key, err := db.fileKey()
	if err == nil {
		var r io.Reader
		if r, err = key.NewDecryptingReader(f, []byte("holdfast file")); err == nil {
			return &fileReader{ctx: ctx, file: f, r: r, want: digest, hash: sha256.New()}, nil
		}
	}
	return nil, errors.Join(err, f.Close())
}

type fileReader struct {
	ctx  context.Context
	file *os.File
	r    io.Reader
	want string
	hash interface {
		io.Writer
		Sum([]byte) []byte
	}
}

// Read decrypts, and compares the digest when the file ends.
func (f *fileReader) Read(b []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := f.r.Read(b)
	if n > 0 {
		_, _ = f.hash.Write(b[:n]) // a hash never fails
	}
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF), hex.EncodeToString(f.hash.Sum(nil)) != f.want:
		return n, isms.Errorf(isms.Internal, "file.damaged", "digest", f.want).Because(err)
	}
	return n, io.EOF
}

// Close closes the file.
func (f *fileReader) Close() error { return f.file.Close() }

// UseFile notes that a record uses a file; a file in use is never swept.
func (tx *Tx) UseFile(ctx context.Context, digest string, subject isms.ID, size int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO file_use (digest, subject, size) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, digest, string(subject), size)
	return err
}

// DropFiles ends a record's use of its files, and returns the digests that nobody uses any more.
func (tx *Tx) DropFiles(ctx context.Context, subject isms.ID) ([]string, error) {
	var free []string
	err := tx.Query(ctx, func(r *sql.Rows) error {
		var d string
		err := r.Scan(&d)
		free = append(free, d)
		return err
	}, `SELECT digest FROM file_use u WHERE subject = $1 AND NOT EXISTS (SELECT 1 FROM file_use o WHERE o.digest = u.digest AND o.subject <> $1) ORDER BY digest`, string(subject))
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM file_use WHERE subject = $1`, string(subject))
	return free, err
}

// RemoveFile removes a file's bytes. Only for files that nobody uses.
func (db *DB) RemoveFile(digest string) error { return ignoreMissing(os.Remove(db.FilePath(digest))) }

// Files lists the digests in use with their sizes.
func (tx *Tx) Files(ctx context.Context, each func(digest string, size int64) error) error {
	return tx.Query(ctx, func(r *sql.Rows) error {
		var d string
		var n int64
		if err := r.Scan(&d, &n); err != nil {
			return err
		}
		return each(d, n)
	}, `SELECT digest, MAX(size) FROM file_use GROUP BY digest ORDER BY digest`)
}

// Sweep removes files that nobody uses and that are older than age, and returns how many.
func (db *DB) Sweep(ctx context.Context, age time.Duration) (int, error) {
	used := map[string]bool{}
	err := db.Read(ctx, func(tx *Tx) error {
		return tx.Files(ctx, func(d string, _ int64) error { used[db.FilePath(d)] = true; return nil })
	})
	if err != nil {
		return 0, err
	}
	swept := 0
	err = filepath.WalkDir(db.files, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || used[path] {
			return err
		}
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < age {
			return ignoreMissing(err)
		}
		swept++
		return ignoreMissing(os.Remove(path))
	})
	return swept, err
}

// FilesDir is where this database's files lie, for backups.
func (db *DB) FilesDir() string { return db.files }

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
