package ledger

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// Access is something that somebody read or did without changing state: a sign-in, an export,
// the use of a token or key, the reading of a restricted record.
type Access struct {
	N      int64        `json:"n"` // number in the access log, from 0
	At     isms.Instant `json:"at"`
	Actor  string       `json:"actor"` // opaque reference, as in entries
	Means  isms.Means   `json:"means"`
	Act    string       `json:"act"`    // room.verb, such as document.read
	Object isms.ID      `json:"object"` // what was read; empty if nothing in particular
	Detail string       `json:"detail"` // no personal data and no secrets
}

const (
	// AccessSealed is the kind of the entry that seals a segment of the access log.
	AccessSealed = "access.sealed"
	// AccessDropped is the kind of the entry that says that old accesses were deleted.
	AccessDropped = "access.dropped"
	// SegmentPrefix begins the ids of segments.
	SegmentPrefix = "seg"

	segmentRows = 1000
	segmentTime = 5 * time.Minute
	accessDelay = time.Second // how long an access may wait to be written with others
	accessQueue = 1 << 16
)

// accesses are the accesses of this process that are not written yet.
type accesses struct {
	mu      sync.Mutex // guards what follows
	waiting []Access
	timer   *time.Timer
	open    bool  // there are written rows that no segment covers
	failed  error // of the last attempt to write
	closed  bool

	flushing sync.Mutex // one writes at a time
}

// Access notes an access. It does not wait: accesses are written together within a second, and
// sealed by an entry after 1,000 rows, five minutes, or when the log is closed. A crash loses at
// most that second. It fails if the last attempt to write failed or if too many wait.
func (l *Log) Access(_ context.Context, actor isms.Actor, act string, object isms.ID, detail string) error {
	a := &l.access
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return isms.Errorf(isms.Unavailable, "ledger.closed")
	case len(a.waiting) >= accessQueue:
		return errors.Join(isms.Errorf(isms.TooMany, "ledger.busy", "retry_after", "1"), a.failed)
	}
	a.waiting = append(a.waiting, Access{At: l.Clock.Now(), Actor: actor.String(), Means: actor.Means, Act: act, Object: object, Detail: detail})
	switch {
	case len(a.waiting) == 1:
		l.arm(accessDelay, false)
	case len(a.waiting) == segmentRows:
		l.arm(0, false)
	}
	return a.failed
}

// arm sets the one timer; the caller holds the lock.
func (l *Log) arm(d time.Duration, seal bool) {
	if l.access.timer != nil {
		l.access.timer.Stop()
	}
	l.access.timer = time.AfterFunc(d, func() {
		if err := l.SealAccesses(context.Background(), seal); err != nil {
			l.access.mu.Lock()
			defer l.access.mu.Unlock()
			l.access.failed = err
			if !l.access.closed {
				l.arm(5*accessDelay, seal)
			}
		}
	})
}

// SealAccesses writes the accesses that wait. With force it also seals what no segment
// covers yet; without, only where 1,000 rows or five minutes are reached.
func (l *Log) SealAccesses(ctx context.Context, force bool) error {
	a := &l.access
	a.flushing.Lock()
	defer a.flushing.Unlock()
	a.mu.Lock()
	rows, open := a.waiting, a.open
	a.mu.Unlock()
	if len(rows) == 0 && !(force && open) {
		return nil
	}
	left := int64(0)
	err := l.Write(ctx, isms.System, func(tx *Tx) error {
		next, err := nextAccess(ctx, tx)
		if err != nil {
			return err
		}
		if err := insertAccesses(ctx, tx, next, rows); err != nil {
			return err
		}
		left, err = sealSegment(ctx, tx, next+int64(len(rows)), force)
		return err
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting, a.open, a.failed = a.waiting[len(rows):], left > 0, nil
	switch {
	case a.closed:
	case len(a.waiting) > 0:
		l.arm(accessDelay, false)
	case a.open:
		l.arm(segmentTime, true)
	}
	return nil
}

// closeAccesses writes and seals what is left.
func (l *Log) closeAccesses() error {
	a := &l.access
	a.mu.Lock()
	was := a.closed
	a.closed = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.mu.Unlock()
	if was {
		return nil
	}
	return l.SealAccesses(context.Background(), true)
}

// insertAccesses writes rows with numbers from next on, 64 to a statement.
func insertAccesses(ctx context.Context, tx *Tx, next int64, rows []Access) error {
	for len(rows) > 0 {
		n := min(len(rows), 64)
		values := make([]string, n)
		args := make([]any, 0, n*7)
		for i, a := range rows[:n] {
			values[i] = store.In(i*7+1, 7)
			args = append(args, next+int64(i), int64(a.At), a.Actor, string(a.Means), a.Act, string(a.Object), a.Detail)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO access_log (n, at, actor, means, act, object, detail) VALUES `+strings.Join(values, `,`), args...); err != nil {
			return err
		}
		rows, next = rows[n:], next+int64(n)
	}
	return nil
}

func nextAccess(ctx context.Context, tx *Tx) (n int64, err error) {
	err = tx.Row(ctx, []any{&n}, `SELECT COALESCE(MAX(x), 0) FROM (SELECT MAX(n) + 1 AS x FROM access_log UNION ALL SELECT MAX(until_n) FROM access_segment) AS m`)
	return n, err
}

// sealSegment seals the rows since the last segment if it is time, and returns how many stay open.
func sealSegment(ctx context.Context, tx *Tx, until int64, force bool) (int64, error) {
	var from int64
	if err := tx.Row(ctx, []any{&from}, `SELECT COALESCE(MAX(until_n), 0) FROM access_segment`); err != nil {
		return 0, err
	}
	if from == until {
		return 0, nil
	}
	rows, err := listAccesses(ctx, tx.Tx, `n >= $1 AND n < $2 ORDER BY n`, from, until)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	if !force && until-from < segmentRows && tx.At.Sub(rows[0].At) < segmentTime {
		return until - from, nil
	}
	root := accessRoot(rows)
	payload, err := json.Marshal(segment{From: from, Root: root, Until: until})
	if err != nil {
		return 0, err
	}
	tx.Append(AccessSealed, isms.NewID(SegmentPrefix, tx.At), 0, payload)
	_, err = tx.Exec(ctx, `INSERT INTO access_segment (from_n, until_n, root) VALUES ($1, $2, $3)`, from, until, root[:])
	return 0, err
}

// segment is the payload of a seal, with its fields in canonical order.
type segment struct {
	From  int64     `json:"from"`
	Root  tlog.Hash `json:"root"`
	Until int64     `json:"until"`
}

// Canonical is the RFC 8785 form of an access, over which segments are sealed.
func (a *Access) Canonical() []byte {
	b := append(make([]byte, 0, 256), `{"act":`...)
	b = append(AppendString(b, a.Act), `,"actor":`...)
	b = append(AppendString(b, a.Actor), `,"at":`...)
	b = append(strconv.AppendInt(b, int64(a.At), 10), `,"detail":`...)
	b = append(AppendString(b, a.Detail), `,"means":`...)
	b = append(AppendString(b, string(a.Means)), `,"n":`...)
	b = append(strconv.AppendInt(b, a.N, 10), `,"object":`...)
	return append(AppendString(b, string(a.Object)), '}')
}

// accessRoot is the RFC 6962 root over accesses.
func accessRoot(rows []Access) tlog.Hash {
	var t tree
	for i := range rows {
		t.add(tlog.RecordHash(rows[i].Canonical()))
	}
	return t.root()
}

// AccessFilter says which accesses to list; zero fields do not narrow.
type AccessFilter struct {
	Actor       string
	Act         string
	Object      isms.ID
	From, Until isms.Instant // from and until, not including until
	Before      int64        // number of the last access of the page before; 0 for the newest
}

// Accesses lists up to limit accesses, newest first.
func Accesses(ctx context.Context, tx *store.Tx, f AccessFilter, limit int) ([]Access, error) {
	conds, args := []string{}, []any{}
	add := func(cond string, v any) {
		args = append(args, v)
		conds = append(conds, strings.ReplaceAll(cond, "?", "$"+strconv.Itoa(len(args))))
	}
	if f.Actor != "" {
		add(`actor = ?`, f.Actor)
	}
	if f.Act != "" {
		add(`act = ?`, f.Act)
	}
	if f.Object != "" {
		add(`object = ?`, string(f.Object))
	}
	if f.From != 0 {
		add(`at >= ?`, int64(f.From))
	}
	if f.Until != 0 {
		add(`at < ?`, int64(f.Until))
	}
	if f.Before != 0 {
		add(`n < ?`, f.Before)
	} else {
		conds = append(conds, `n >= 0`)
	}
	return listAccesses(ctx, tx, strings.Join(conds, ` AND `)+` ORDER BY n DESC LIMIT `+strconv.Itoa(limit), args...)
}

func listAccesses(ctx context.Context, tx *store.Tx, where string, args ...any) (out []Access, err error) {
	err = tx.Query(ctx, func(r *sql.Rows) error {
		var a Access
		err := r.Scan(&a.N, (*int64)(&a.At), &a.Actor, &a.Means, &a.Act, &a.Object, &a.Detail)
		out = append(out, a)
		return err
	}, `SELECT n, at, actor, means, act, object, detail FROM access_log WHERE `+where, args...)
	return out, err
}

// DropAccesses deletes the sealed segments that ended before an instant: their retention is
// over. What remains of them is their seal, and an entry that says up to where they are gone.
func (l *Log) DropAccesses(ctx context.Context, actor isms.Actor, before isms.Instant) error {
	return l.Write(ctx, actor, func(tx *Tx) error {
		var until int64
		err := tx.Row(ctx, []any{&until}, `SELECT COALESCE(MAX(s.until_n), 0) FROM access_segment s
			WHERE s.until_n <= (SELECT COALESCE(MIN(n), 0) FROM access_log WHERE at >= $1)
			   OR NOT EXISTS (SELECT 1 FROM access_log WHERE at >= $1)`, int64(before))
		if err != nil || until == 0 {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM access_log WHERE n < $1`, until)
		if err != nil || n == 0 {
			return err
		}
		tx.Append(AccessDropped, isms.NewID(SegmentPrefix, tx.At), 0, append(strconv.AppendInt([]byte(`{"until":`), until, 10), '}'))
		return nil
	})
}
