// Package ledger keeps an append-only Merkle log under everything: an entry is one
// aggregate at one revision with its full after-image; its leaf commits to header and
// payload under random salts, so that a payload can be erased and the log still verifies.
// It owns the words ledger, entry, leaf, checkpoint, generation and erasure.
//
// Log.Write is the only door to state. Hashing is RFC 6962; checkpoints, tiles and
// notes have the C2SP forms; docs/ledger-format.md gives the bytes.
//
// Floor 1.
package ledger

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what the ledger needs in every database.
var Schema = store.Schema{Room: "ledger", Files: files, Housekeeping: []string{
	"head", "generation", "entry", "tile", "checkpoint", "erasure", "access_log", "access_segment", "cursor",
}}

// Log is the ledger of one database, and the way to read and write that database.
type Log struct {
	DB     *store.DB
	Clock  isms.Clock
	signer note.Signer
	vkey   string

	queue   chan *request
	stop    chan struct{}
	gone    chan struct{}
	stopped sync.WaitGroup
	running atomic.Uint64 // goroutine that runs closures, to notice nesting

	access accesses

	tree *tree // owned by the writing goroutine after Open

	mu      sync.Mutex // guards changed and head
	changed chan struct{}
	head    Head
}

// Head says how far a log reaches.
type Head struct {
	Gen  int64        // generation
	Size int64        // number of entries of all generations: the next index
	At   isms.Instant // recorded time of the last entry
	Note []byte       // signed checkpoint of this size (C2SP tlog-checkpoint)
}

// Options say how a log signs and tells time.
type Options struct {
	// Origin names the log for ever: the first line of its checkpoints, without the generation.
	Origin string
	// SigningKey is the note signing key (golang.org/x/mod/sumdb/note).
	SigningKey string
	// VerifierKey is the public counterpart.
	VerifierKey string
	Clock       isms.Clock
}

// Open opens the log of a migrated database; a new log gets its first generation.
func Open(ctx context.Context, db *store.DB, opt Options) (*Log, error) {
	signer, err := note.NewSigner(opt.SigningKey)
	if err != nil {
		return nil, fmt.Errorf("ledger signing key: %w", err)
	}
	l := &Log{
		DB: db, Clock: opt.Clock, signer: signer, vkey: opt.VerifierKey,
		queue: make(chan *request, maxQueue), stop: make(chan struct{}), gone: make(chan struct{}), changed: make(chan struct{}),
	}
	if l.Clock == nil {
		l.Clock = isms.SystemClock{}
	}
	if err := l.begin(ctx, opt.Origin); err != nil {
		return nil, err
	}
	l.stopped.Add(1)
	go l.commit()
	return l, nil
}

// begin reads the head, or writes the first one.
func (l *Log) begin(ctx context.Context, origin string) error {
	tx, err := l.DB.Begin(ctx)
	if err != nil {
		return err
	}
	err = l.load(ctx, tx, origin)
	if err == nil {
		return tx.Commit(ctx)
	}
	return errors.Join(err, tx.Rollback(ctx))
}

func (l *Log) load(ctx context.Context, tx *store.WriteTx, origin string) error {
	h, err := readHead(ctx, &tx.Tx, false)
	if errors.Is(err, store.ErrNoRow) {
		if h, err = l.first(ctx, tx, origin); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	l.head = h
	l.tree, err = loadTree(ctx, &tx.Tx, h)
	return err
}

func (l *Log) first(ctx context.Context, tx *store.WriteTx, origin string) (Head, error) {
	g := Generation{Gen: 1, Origin: origin + "/1", VKey: l.vkey}
	text, err := l.sign(g, 0, emptyRoot)
	if err != nil {
		return Head{}, err
	}
	h := Head{Gen: 1, Note: text}
	if _, err := tx.Exec(ctx, `INSERT INTO generation (gen, origin, start_idx, vkey) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		g.Gen, g.Origin, g.Start, g.VKey); err != nil {
		return h, err
	}
	n, err := tx.Exec(ctx, `INSERT INTO head (one, gen, size, at, note) VALUES (1, $1, $2, $3, $4) ON CONFLICT DO NOTHING`, h.Gen, h.Size, int64(h.At), h.Note)
	if err == nil && n == 0 { // another server was first
		return readHead(ctx, &tx.Tx, false)
	}
	return h, err
}

// Close stops the writer after what is queued; later writes are refused.
func (l *Log) Close() error {
	err := l.closeAccesses()
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.stopped.Wait()
	return err
}

// VerifierKey returns the public key of the log in the note package's form.
func (l *Log) VerifierKey() string { return l.vkey }

// Head returns how far the log reached at this process's last look.
func (l *Log) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Changed returns a channel that is closed when this process next commits or learns of entries.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Refresh looks whether another process wrote meanwhile and wakes those who wait.
func (l *Log) Refresh(ctx context.Context) error {
	return l.DB.Read(ctx, func(tx *store.Tx) error {
		h, err := readHead(ctx, tx, false)
		if err == nil {
			l.moved(h)
		}
		return err
	})
}

func (l *Log) moved(h Head) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.Size > l.head.Size || h.Gen > l.head.Gen {
		l.head = h
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

// Read runs fn over the present.
func (l *Log) Read(ctx context.Context, fn func(*store.Tx) error) error { return l.DB.Read(ctx, fn) }

// ReadAt runs fn over the state that was recorded at the given instant.
func (l *Log) ReadAt(ctx context.Context, at isms.Instant, fn func(*store.Tx) error) error {
	return l.DB.Read(ctx, func(tx *store.Tx) error {
		idx, err := IndexAt(ctx, tx, at)
		if err != nil {
			return err
		}
		tx.AsOf = idx
		return fn(tx)
	})
}

// IndexAt returns the index of the last entry recorded at or before the instant, -1 for none.
func IndexAt(ctx context.Context, tx *store.Tx, at isms.Instant) (int64, error) {
	var idx int64
	err := tx.Row(ctx, []any{&idx}, `SELECT idx FROM entry WHERE at <= $1 ORDER BY at DESC, idx DESC LIMIT 1`, int64(at))
	if errors.Is(err, store.ErrNoRow) {
		return -1, nil
	}
	return idx, err
}

func readHead(ctx context.Context, tx *store.Tx, lock bool) (Head, error) {
	text := `SELECT gen, size, at, note FROM head WHERE one = 1`
	if lock && tx.Engine() == store.Postgres {
		text += ` FOR UPDATE`
	}
	var h Head
	err := tx.Row(ctx, []any{&h.Gen, &h.Size, (*int64)(&h.At), &h.Note}, text)
	return h, err
}
