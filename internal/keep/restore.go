package keep

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// Proof is what a restore showed.
type Proof struct {
	Instance isms.ID      `json:"instance"`
	Taken    isms.Instant `json:"taken"`
	Entries  int64        `json:"entries"` // verified
	Rows     int64        `json:"rows"`    // restored and counted
	Files    int64        `json:"files"`   // read back and compared
	Heads    []Head       `json:"heads"`
	// Later are heads that the backup itself knows to be later than what it holds.
	Later []ledger.Seen `json:"later,omitempty"`
}

// ReadManifest reads what a backup says of itself. It is the last member; nothing before it is trusted.
func ReadManifest(file string) (m Manifest, err error) {
	f, err := os.Open(file)
	if err != nil {
		return m, isms.Errorf(isms.NotFound, "backup.missing", "file", file).Because(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err != nil {
			return m, isms.Errorf(isms.Invalid, "backup.damaged", "file", file).Because(err)
		}
		if h.Name != manifestName {
			continue
		}
		if err := json.NewDecoder(io.LimitReader(r, 64<<20)).Decode(&m); err != nil || m.Format != 1 {
			return m, isms.Errorf(isms.Invalid, "backup.damaged", "file", file).Because(err)
		}
		return m, nil
	}
}

// Restore fills the empty place that cfg names from a backup, and proves it: every database's pages are
// sound, every commitment fits, the root equals the signed checkpoint in the backup, every table has as
// many rows, every file has its digest. What fails leaves an error and a place that must not be used.
// The master key must be the one that the backup was made under.
func Restore(ctx context.Context, cfg instance.Config, file string, tell Progress) (p Proof, err error) {
	m, err := ReadManifest(file)
	if err != nil {
		return p, err
	}
	p = Proof{Instance: m.Instance, Taken: m.Taken, Heads: m.Heads}
	s, err := store.Adopt(ctx, cfg.Config, m.Identity)
	if err != nil {
		return p, err
	}
	err = fill(ctx, s, cfg, m, file, tell)
	if err == nil {
		p.Later, err = later(ctx, s, m)
	}
	if err != nil {
		return p, errors.Join(err, s.Close())
	}
	if err := s.Close(); err != nil {
		return p, err
	}
	in, err := instance.Open(ctx, cfg)
	if err != nil {
		return p, err
	}
	return p, errors.Join(prove(ctx, in, &p, tell), in.Close())
}

// fill loads the instance's rows first, because they hold the organisations' keys.
func fill(ctx context.Context, s *store.Store, cfg instance.Config, m Manifest, file string, tell Progress) error {
	last := len(m.Heads) - 1
	if last < 0 || m.Heads[last].Name != m.Instance {
		return isms.Errorf(isms.Invalid, "backup.damaged", "file", file)
	}
	dbs := map[isms.ID]*store.DB{m.Instance: s.Instance()}
	if err := s.Instance().MigrateTo(ctx, m.Heads[last].Levels, instance.InstanceSchemas(cfg)...); err != nil {
		return err
	}
	if err := loadRows(ctx, s.Instance(), m.Heads[last], file); err != nil {
		return err
	}
	for i, h := range m.Heads[:last] {
		data, err := instance.DataKey(ctx, s, h.Name)
		if err != nil {
			return err
		}
		db, err := s.Organisation(ctx, h.Name, data)
		if err != nil {
			return err
		}
		if err := db.MigrateTo(ctx, h.Levels, instance.OrganisationSchemas(cfg)...); err != nil {
			return err
		}
		if err := loadRows(ctx, db, h, file); err != nil {
			return err
		}
		dbs[h.Name] = db
		tell("restore.organisation", int64(i+1), int64(last))
	}
	return loadFiles(dbs, file)
}

// later takes what the instance had seen of the organisations beyond what the backup holds of them, and
// forgets it in the restored place, which would otherwise refuse to open them.
func later(ctx context.Context, s *store.Store, m Manifest) (out []ledger.Seen, err error) {
	tx, err := s.Instance().Begin(ctx)
	if err != nil {
		return nil, err
	}
	held := map[isms.ID]int64{}
	for _, h := range m.Heads {
		held[h.Name] = h.Size
	}
	err = tx.Query(ctx, func(r *sql.Rows) error {
		var name isms.ID
		var size int64
		var text []byte
		if err := r.Scan(&name, &size, &text); err != nil {
			return err
		}
		if size > held[name] {
			seen, err := ledger.ParseSeen(text)
			out = append(out, seen)
			return err
		}
		return nil
	}, `SELECT name, size, note FROM head_seen ORDER BY name`)
	if err == nil {
		_, err = tx.Exec(ctx, `DELETE FROM head_seen`)
	}
	if err != nil {
		return nil, errors.Join(err, tx.Rollback(ctx))
	}
	return out, tx.Commit(ctx)
}

func loadRows(ctx context.Context, db *store.DB, h Head, file string) error {
	return each(file, func(name string, r io.Reader) error {
		if name != string(h.Name)+"/rows" {
			return nil
		}
		sum := sha256.New()
		key, err := rowsKey(db)
		if err != nil {
			return err
		}
		dec, err := key.NewDecryptingReader(io.TeeReader(r, sum), []byte("holdfast backup "+string(h.Name)))
		if err != nil {
			return isms.Errorf(isms.Invalid, "backup.damaged", "file", file).Because(err)
		}
		counts, err := db.Load(ctx, dec)
		if err != nil {
			return isms.Errorf(isms.Invalid, "backup.damaged", "file", file).Because(fmt.Errorf("rows of %s: %w", h.Name, err))
		}
		if hex.EncodeToString(sum.Sum(nil)) != h.Digest {
			return isms.Errorf(isms.Invalid, "backup.damaged", "file", file).Because(fmt.Errorf("digest of the rows of %s", h.Name))
		}
		for t, n := range h.Rows {
			if counts[t] != n {
				return isms.Errorf(isms.Invalid, "backup.damaged", "file", file).Because(fmt.Errorf("%s.%s: %d rows of %d", h.Name, t, counts[t], n))
			}
		}
		return nil
	})
}

func loadFiles(dbs map[isms.ID]*store.DB, file string) error {
	return each(file, func(name string, r io.Reader) error {
		parts := strings.Split(name, "/")
		if len(parts) != 3 || parts[1] != "files" {
			return nil
		}
		db := dbs[isms.ID(parts[0])]
		if db == nil || len(parts[2]) != 64 || strings.ContainsAny(parts[2], `/\.`) {
			return isms.Errorf(isms.Invalid, "backup.damaged", "file", file)
		}
		path := filepath.Join(db.FilesDir(), parts[2][:2], parts[2])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return errors.Join(err, f.Sync(), f.Close())
	})
}

func each(file string, fn func(name string, r io.Reader) error) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return isms.Errorf(isms.Invalid, "backup.damaged", "file", file).Because(err)
		}
		if err := fn(h.Name, r); err != nil {
			return err
		}
	}
}

// prove looks at everything that was restored.
func prove(ctx context.Context, in *instance.Instance, p *Proof, tell Progress) error {
	for i, h := range p.Heads {
		log := in.Log
		if h.Name != p.Instance {
			var err error
			if log, err = in.Organisation(ctx, h.Name); err != nil {
				return err
			}
		}
		if err := proveOne(ctx, log, h, p); err != nil {
			return fmt.Errorf("prove %s: %w", h.Name, err)
		}
		tell("restore.proved", int64(i+1), int64(len(p.Heads)))
	}
	return nil
}

func proveOne(ctx context.Context, log *ledger.Log, h Head, p *Proof) error {
	if err := log.DB.QuickCheck(ctx); err != nil {
		return err
	}
	if have := log.Head(); have.Size < h.Size {
		return isms.Errorf(isms.Invalid, "backup.head_differs", "name", string(h.Name))
	}
	seen, err := ledger.ParseSeen([]byte(h.Note))
	if err != nil {
		return err
	}
	rep, err := ledger.Verify(ctx, log.DB, ledger.Trust{Keys: []string{h.VKey}, Seen: []ledger.Seen{seen}})
	if err != nil {
		return err
	}
	if !rep.OK {
		return isms.Errorf(isms.Invalid, "backup.ledger_wrong", "name", string(h.Name), "problem", rep.Problems[0].String())
	}
	p.Entries += rep.Counts.Entries
	for _, c := range h.Rows {
		p.Rows += c
	}
	var digests []string
	err = log.Read(ctx, func(tx *store.Tx) error {
		return tx.Files(ctx, func(d string, _ int64) error { digests = append(digests, d); return nil })
	})
	if err != nil {
		return err
	}
	for _, d := range digests {
		r, err := log.DB.OpenFile(ctx, d)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
		p.Files++
	}
	return nil
}
