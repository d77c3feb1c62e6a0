package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

const (
	maxQueue = 8192 // waiting writes; more are refused with code ledger.busy
	maxBatch = 1024 // writes that share one commit
)

// Tx is a write transaction with its ledger.
type Tx struct {
	*store.Tx
	// Actor does what is written.
	Actor isms.Actor
	// At is the recorded time of everything in this transaction: never before the last entry's.
	At isms.Instant

	next    int64    // index of the next entry
	entries []*Entry // this transaction's own
	batch   []*Entry // of earlier transactions in the same commit
	after   []func()
}

// Next returns the index that the next appended entry gets; versioned rows written for it begin there.
func (tx *Tx) Next() int64 { return tx.next + int64(len(tx.entries)) }

// Append adds an entry and returns its index. Payload is kept as it is: canonical bytes.
func (tx *Tx) Append(kind string, subject isms.ID, rev int64, payload []byte) int64 {
	e := &Entry{
		Index: tx.Next(), At: tx.At, Kind: kind, Subject: subject, Rev: rev,
		Actor: tx.Actor.String(), Means: tx.Actor.Means, Payload: payload,
	}
	e.seal()
	tx.entries = append(tx.entries, e)
	return e.Index
}

// After runs fn once the transaction is durable, and never if it is not. fn must not wait.
func (tx *Tx) After(fn func()) { tx.after = append(tx.after, fn) }

type request struct {
	ctx   context.Context
	actor isms.Actor
	fn    func(*Tx) error
	open  *LostRange // begin a generation instead of running a closure
	done  chan error
	err   error
	after []func()
}

// Write is the only door to state: it runs fn in a transaction and returns when what fn wrote
// and the entries that fn appended are durable together, or when nothing of it is.
//
// fn may run twice, does no I/O of its own, and never calls Write. If fn writes rows of a domain
// table and appends no entry, Write fails and nothing is kept. Many writes share one commit.
func (l *Log) Write(ctx context.Context, actor isms.Actor, fn func(*Tx) error) error {
	if l.running.Load() == goroutine() {
		panic("ledger: Write inside Write")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.submit(&request{ctx: context.WithoutCancel(ctx), actor: actor, fn: fn, done: make(chan error, 1)})
}

// submit hands a request to the writing goroutine and waits for its answer.
func (l *Log) submit(r *request) error {
	select {
	case <-l.stop:
		return isms.Errorf(isms.Unavailable, "ledger.closed")
	default:
	}
	select {
	case l.queue <- r:
	default:
		return isms.Errorf(isms.TooMany, "ledger.busy", "retry_after", "1")
	}
	select {
	case err := <-r.done: // also after ctx ends: an answer must say what really happened
		return err
	case <-l.ended():
		select {
		case err := <-r.done:
			return err
		default:
			return isms.Errorf(isms.Unavailable, "ledger.closed")
		}
	}
}

// ended is closed when the writing goroutine has gone.
func (l *Log) ended() <-chan struct{} { return l.gone }

// commit is the one goroutine that writes: it takes whatever is queued, never waiting for more.
func (l *Log) commit() {
	defer l.stopped.Done()
	defer close(l.gone)
	l.running.Store(goroutine())
	for {
		select {
		case r := <-l.queue:
			l.batch(l.take(r))
		case <-l.stop:
			for {
				select {
				case r := <-l.queue:
					l.batch(l.take(r))
				default:
					return
				}
			}
		}
	}
}

func (l *Log) take(first *request) []*request {
	batch := []*request{first}
	for len(batch) < maxBatch {
		select {
		case r := <-l.queue:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// batch commits many together; if the commit fails, each is tried alone, so that one
// cannot spoil the others.
func (l *Log) batch(batch []*request) {
	if batch = l.openings(batch); len(batch) == 0 {
		return
	}
	err := l.together(batch)
	if err == nil {
		for _, r := range batch {
			r.finish()
		}
		return
	}
	for _, r := range batch {
		if isms.CodeOf(err) == "store.database_gone" { // trying each alone would only wait longer, or do it twice
			r.err = err
			r.finish()
			continue
		}
		for try := 0; ; try++ {
			r.err = nil
			if len(batch) == 1 && try == 0 {
				r.err = err
			} else if err := l.together([]*request{r}); err != nil {
				r.err = err
			}
			if !store.Retriable(r.err) || try == maxTries {
				break
			}
		}
		r.finish()
	}
}

const maxTries = 5

func (r *request) finish() {
	if r.err == nil {
		for _, fn := range r.after {
			fn()
		}
	}
	r.done <- r.err
}

// together runs the requests in one transaction. It returns an error only if the
// transaction as a whole failed; a request's own failure stands in the request.
func (l *Log) together(batch []*request) (err error) {
	ctx := context.Background()
	stx, err := l.DB.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = joinUndo(err, stx.Rollback(ctx))
		}
	}()
	head, err := readHead(ctx, &stx.Tx, true)
	if err != nil {
		return err
	}
	t, err := l.current(ctx, &stx.Tx, head)
	if err != nil {
		return err
	}
	w := &work{log: l, stx: stx, tree: t, head: head}
	for _, r := range batch {
		if err := w.one(ctx, r, len(batch) > 1); err != nil {
			return err
		}
	}
	if len(w.entries) == 0 {
		return w.end(ctx)
	}
	if err := w.seal(ctx); err != nil {
		return err
	}
	if err := stx.Commit(ctx); err != nil {
		l.tree = nil // what the database holds now is for the next look
		if landed, lerr := l.landed(ctx, w.entries[0], err); !landed {
			return errors.Join(err, lerr)
		}
	}
	l.tree = t
	l.moved(w.head)
	return nil
}

// landed finds out whether a commit whose answer was lost took place: the entry's random
// salt is there, or it is not. Only a lost connection leaves that open.
func (l *Log) landed(ctx context.Context, first *Entry, err error) (bool, error) {
	if isms.CodeOf(err) != "store.database_gone" {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, outcomeWait)
	defer cancel()
	for {
		var salt []byte
		rerr := l.DB.Read(ctx, func(tx *store.Tx) error {
			return tx.Row(ctx, []any{&salt}, `SELECT header_salt FROM entry WHERE idx = $1`, first.Index)
		})
		switch {
		case rerr == nil:
			return bytes.Equal(salt, first.HeaderSalt), nil
		case errors.Is(rerr, store.ErrNoRow):
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, isms.Errorf(isms.Unavailable, "ledger.outcome_unknown").Because(rerr)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// outcomeWait is how long a lost commit is looked for before the caller is told that nobody knows.
const outcomeWait = 5 * time.Second

// current returns a tree that stands at the head, catching up with other processes.
func (l *Log) current(ctx context.Context, tx *store.Tx, h Head) (*tree, error) {
	t := l.tree
	if t == nil || t.gen.Gen != h.Gen || t.gen.Start+t.size > h.Size {
		return loadTree(ctx, tx, h)
	}
	t = t.clone()
	if t.gen.Start+t.size == h.Size {
		return t, nil
	}
	if h.Size-t.gen.Start-t.size > 4096 {
		return loadTree(ctx, tx, h)
	}
	return t, t.catchUp(ctx, tx, h.Size)
}

// work is one transaction of the writer.
type work struct {
	log     *Log
	stx     *store.WriteTx
	tree    *tree
	head    Head
	entries []*Entry
	kept    bool // a request without entries kept housekeeping rows
}

// one runs a request, in a savepoint if it shares the transaction.
func (w *work) one(ctx context.Context, r *request, shared bool) error {
	if shared {
		if err := w.stx.Savepoint(ctx); err != nil {
			return err
		}
	}
	w.stx.Mark()
	tx := &Tx{Tx: &w.stx.Tx, Actor: r.actor, At: max(w.log.Clock.Now(), w.head.At), next: w.head.Size, batch: w.entries}
	r.after = nil
	r.err = guard(r.fn, tx)
	if r.err == nil && w.stx.Wrote() && len(tx.entries) == 0 {
		r.err = isms.Errorf(isms.Internal, "ledger.silent_write")
	}
	switch {
	case r.err == nil:
		for _, e := range tx.entries {
			w.tree.add(e.hash())
		}
		w.entries = append(w.entries, tx.entries...)
		w.head.Size += int64(len(tx.entries))
		if len(tx.entries) > 0 {
			w.head.At = tx.At
		}
		w.kept, r.after = true, tx.after
		if shared {
			return w.stx.Release(ctx)
		}
		return nil
	case shared:
		return w.stx.Undo(ctx)
	default:
		return r.err
	}
}

// guard turns a panic of a closure into an error: the writer must live on.
func guard(fn func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = isms.Errorf(isms.Internal, "ledger.closure_panicked").Because(fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
	}()
	return fn(tx)
}

// seal writes entries, tiles, the signed head and, once a minute, a remembered checkpoint.
func (w *work) seal(ctx context.Context) error {
	tx := &w.stx.Tx
	if err := insertEntries(ctx, tx, w.entries); err != nil {
		return err
	}
	if err := w.tree.flush(ctx, tx); err != nil {
		return err
	}
	text, err := w.log.sign(w.tree.gen, w.tree.size, w.tree.root())
	if err != nil {
		return err
	}
	w.head.Note = text
	if _, err := tx.Exec(ctx, `UPDATE head SET size = $1, at = $2, note = $3 WHERE one = 1`, w.head.Size, int64(w.head.At), text); err != nil {
		return err
	}
	minute := int64(w.head.At) / 60_000_000 * 60_000_000
	if _, err := tx.Exec(ctx, `DELETE FROM checkpoint WHERE gen = $1 AND at >= $2`, w.head.Gen, minute); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO checkpoint (gen, size, at, note) VALUES ($1, $2, $3, $4)`, w.head.Gen, w.tree.size, int64(w.head.At), text)
	return err
}

// end finishes a transaction that appended nothing: housekeeping is kept, a failure is not.
func (w *work) end(ctx context.Context) error {
	if w.kept {
		return w.stx.Commit(ctx)
	}
	return w.stx.Rollback(ctx)
}

func joinUndo(err, undo error) error {
	if undo == nil {
		return err
	}
	return errors.Join(err, fmt.Errorf("undo: %w", undo))
}

// goroutine returns the number of the calling goroutine, to notice a nested Write.
func goroutine() uint64 {
	var buf [40]byte
	b := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	if i := bytes.IndexByte(b, ' '); i > 0 {
		if n, err := strconv.ParseUint(string(b[:i]), 10, 64); err == nil {
			return n
		}
	}
	return 0
}
