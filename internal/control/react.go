package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

// React follows the ledger and the clock: it judges every clause and control that new entries
// or the passing of time may have changed, each at the moment of the entry or at the computed
// moment, also where that passed while nobody ran. Changes are written as entries together with
// how far was followed; it may run twice and then finds nothing. It returns the number of
// changed verdicts and when time alone will change something next (0: never).
func (r *Room) React(ctx context.Context) (changed int, next isms.Instant, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		n, more, err := r.react(ctx)
		changed += n
		if isms.KindOf(err) == isms.Conflict { // another server was faster: what it wrote is seen next time
			r.cursor = 0
			return changed, r.Log.Clock.Now(), nil
		}
		if err != nil {
			return changed, 0, err
		}
		if !more {
			break
		}
	}
	err = r.Log.Read(ctx, func(tx *store.Tx) (err error) { next, err = NextWake(ctx, tx); return err })
	return changed, next, err
}

// perRound bounds the entries that are followed in one commit.
const perRound = 2000

// round is what one pass found out.
type round struct {
	room    *Room
	tx      *store.Tx
	head    ledger.Head
	cursor  int64
	until   int64
	now     isms.Instant
	touched map[isms.ID][]*ledger.Entry // about → entries that may have changed it, in order
	found   []Verdict
	ended   []Verdict
	wakes   map[isms.ID]isms.Instant
	watches []isms.ID             // failures whose watch ends
	memo    map[isms.ID]*resting  // by proof
	scopes  []Scope               // of the organisation, once they were asked for
	under   map[isms.ID][]isms.ID // by scope: whom a new or retired subject may concern
	shared  shared

	troubles []error // with single records
}

// react follows one stretch of the ledger and writes what came of it.
func (r *Room) react(ctx context.Context) (changed int, more bool, err error) {
	w := round{room: r, touched: map[isms.ID][]*ledger.Entry{}, wakes: map[isms.ID]isms.Instant{}, memo: map[isms.ID]*resting{}}
	err = r.Log.Read(ctx, func(tx *store.Tx) error {
		w.tx = tx
		return w.look(ctx)
	})
	if err != nil {
		return 0, false, err
	}
	r.cursor = w.until
	more = w.until < w.head.Size
	if len(w.found)+len(w.ended)+len(w.wakes)+len(w.watches) == 0 && w.until-w.cursor < perRound {
		return 0, more, errors.Join(w.troubles...) // the cursor kept in memory is enough: following again finds nothing again
	}
	err = r.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error { return w.write(ctx, tx) })
	if err != nil {
		r.cursor = 0
		return 0, more, err
	}
	return len(w.found) + len(w.ended), more, errors.Join(w.troubles...)
}

// look finds what changed between the cursor and the head, and what is due by the clock.
func (w *round) look(ctx context.Context) (err error) {
	if w.head, err = ledger.ReadHead(ctx, w.tx); err != nil {
		return err
	}
	w.now = max(w.room.Log.Clock.Now(), w.head.At)
	if w.cursor = w.room.cursor; w.cursor == 0 {
		if w.cursor, err = readCursor(ctx, w.tx); err != nil {
			return err
		}
	}
	es, err := ledger.Range(ctx, w.tx, w.cursor, perRound)
	if err != nil {
		return err
	}
	w.until = w.cursor + int64(len(es))
	for _, e := range es {
		if err := w.touch(ctx, e); err != nil {
			if err = w.trouble(ctx, fmt.Errorf("follow entry %d: %w", e.Index, err)); err != nil {
				return err
			}
		}
	}
	if w.until == w.head.Size { // the clock counts only once the ledger has been followed to its end
		if err := w.due(ctx); err != nil {
			return err
		}
	}
	abouts := make([]isms.ID, 0, len(w.touched))
	for about := range w.touched {
		abouts = append(abouts, about)
	}
	slices.Sort(abouts)
	for _, about := range abouts {
		if err := w.walk(ctx, about, w.touched[about]); err != nil {
			if err = w.trouble(ctx, fmt.Errorf("judge %s: %w", about, err)); err != nil {
				return err
			}
			w.wakes[about] = w.now.Add(again)
		}
	}
	return nil
}

// again is when what could not be judged is tried again.
const again = time.Minute

// trouble keeps what is wrong with one record from stopping the judging of all others: it is
// told when the round is written. A database that does not answer stops the round.
func (w *round) trouble(ctx context.Context, err error) error {
	if ctx.Err() != nil || isms.KindOf(err) == isms.Unavailable {
		return err
	}
	w.troubles = append(w.troubles, err)
	return nil
}

func readCursor(ctx context.Context, tx *store.Tx) (int64, error) {
	var at int64
	err := tx.Row(ctx, []any{&at}, `SELECT idx FROM control_cursor WHERE one = 1`)
	if errors.Is(err, store.ErrNoRow) {
		return 0, nil
	}
	return at, err
}

// due adds what the clock has reached.
func (w *round) due(ctx context.Context) error {
	return w.tx.Query(ctx, func(rows *sql.Rows) error {
		var about isms.ID
		if err := rows.Scan(&about); err != nil {
			return err
		}
		if about.Prefix() == isms.FailurePrefix {
			w.watches = append(w.watches, about)
		} else if _, ok := w.touched[about]; !ok {
			w.touched[about] = nil
		}
		return nil
	}, `SELECT about FROM control_wake WHERE next <= $1 ORDER BY next, about LIMIT 100000`, int64(w.now))
}

// walk judges one clause or control at each entry that touched it, and at each moment on the
// way at which time alone changed it.
func (w *round) walk(ctx context.Context, about isms.ID, es []*ledger.Entry) error {
	last, err := verdictRow(ctx, w.tx, about)
	if err != nil {
		return err
	}
	was, err := wakeOf(ctx, w.tx, about)
	if err != nil {
		return err
	}
	s := &stretch{w: w, about: about, last: last, next: was}
	for i, e := range es {
		if i+1 < len(es) && es[i+1].At == e.At {
			continue // one commit is one change
		}
		if s.next != 0 && s.next < e.At {
			if err := s.pass(ctx, e.At-1, e.Index-1); err != nil {
				return err
			}
		}
		if err := s.at(ctx, e); err != nil {
			return err
		}
	}
	if w.until == w.head.Size && s.next != 0 && s.next <= w.now {
		if err := s.pass(ctx, w.now, w.head.Size-1); err != nil {
			return err
		}
	}
	if s.gone && last.Rev > 0 {
		w.ended = append(w.ended, last)
		s.next = 0
	}
	if s.next != was {
		w.wakes[about] = s.next
	}
	return nil
}

// stretch is the verdict on one clause or control on its way through a round.
type stretch struct {
	w     *round
	about isms.ID
	last  Verdict
	next  isms.Instant // when time alone changes something; 0: never
	gone  bool         // the clause or control is there no more
}

// input gathers what a verdict at a moment rests on, from the rows as of an entry. It is nil
// where there is nothing to judge.
func (s *stretch) input(ctx context.Context, at isms.Instant, asOf int64) (Verdict, *verdict.Input, error) {
	then := *s.w.tx
	then.AsOf = asOf
	v, in, err := s.w.assemble(ctx, &then, s.about, at)
	if s.gone = isms.KindOf(err) == isms.NotFound; err != nil && !s.gone {
		return v, nil, err
	}
	if s.gone || s.last.Rev == 0 && !judgeable(in) {
		s.next = 0
		return v, nil, nil
	}
	return v, &in, nil
}

// at judges at the moment of an entry. What was recorded after a computed moment, but before
// anybody noted that one, is judged then: history never goes back.
func (s *stretch) at(ctx context.Context, e *ledger.Entry) error {
	at := max(e.At, s.last.Since)
	v, in, err := s.input(ctx, at, e.Index)
	if err != nil || in == nil {
		return err
	}
	res := verdict.Derive(*in)
	if strings.HasPrefix(e.Kind, "evidence.") {
		v.Cause, v.Item = e.Index, item(res, e.Index)
	}
	s.take(v, at, res.Summary)
	return nil
}

// item finds the look of an entry that decided.
func item(res verdict.Result, entry int64) int64 {
	for _, b := range res.Bindings {
		for _, p := range b.Proofs {
			for _, x := range p.Items {
				if x.Ref != nil && x.Ref.Entry == entry && x.Verdict == res.Verdict {
					return int64(x.Ref.Item)
				}
			}
		}
	}
	return 0
}

// pass lets time pass until a moment, with the rows as of an entry.
func (s *stretch) pass(ctx context.Context, to isms.Instant, asOf int64) error {
	from := max(s.next, s.last.Since)
	v, in, err := s.input(ctx, from, asOf)
	if err != nil || in == nil {
		return err
	}
	live := verdict.NewLive(*in)
	turns, err := verdict.Walk(nil, live, nil, max(to, from))
	if err != nil {
		return err
	}
	for _, t := range turns {
		if t.Verdict != s.last.Verdict || int64(t.Version) != s.last.Version {
			in.At = t.From
			s.take(v, t.From, verdict.Derive(*in).Summary)
		}
	}
	s.next = live.Summary().NextChange
	return nil
}

// take notes what was found at a moment.
func (s *stretch) take(v Verdict, at isms.Instant, sum verdict.Summary) {
	s.next = sum.NextChange
	if s.last.Rev > 0 && s.last.Verdict == sum.Verdict && s.last.Version == int64(sum.Version) && s.last.Words == v.Words {
		return
	}
	v.Verdict, v.Since, v.Version, v.Subjects, v.Bound = sum.Verdict, at, int64(sum.Version), sum.Subjects, s.last.Bound
	if s.last.Rev == 0 {
		v.Bound = at
	}
	v.ID, v.Rev = s.last.ID, s.last.Rev
	s.w.found = append(s.w.found, v)
	v.Rev++
	s.last = v
}

// judgeable tells whether there is anything yet to judge: something bound and confirmed, or
// for a control a proof.
func judgeable(in verdict.Input) bool {
	if in.Clause.ID == "" {
		return len(in.Proofs) > 0
	}
	return slices.ContainsFunc(in.Bindings, func(b verdict.Binding) bool { return b.Confirmed != 0 })
}

// assemble gathers the input for a clause or a control and says whom it is about.
func (w *round) assemble(ctx context.Context, tx *store.Tx, about isms.ID, at isms.Instant) (Verdict, verdict.Input, error) {
	if about.Prefix() == isms.ControlPrefix {
		in, _, err := assembleControl(ctx, tx, about, at, w.room.zone(), &w.shared)
		return Verdict{About: about}, in, err
	}
	ct, err := policy.Standing(ctx, tx, about)
	if err != nil {
		return Verdict{About: about}, verdict.Input{}, err
	}
	in, _, err := assemble(ctx, tx, ct.ID, at, w.room.zone(), &w.shared)
	return Verdict{About: about, Document: ct.Document, Words: ct.ID}, in, err
}

// write writes the changes of a round, the wakes and the cursor. If another process followed
// these entries meanwhile, nothing is written: code control.followed_elsewhere.
func (w *round) write(ctx context.Context, tx *ledger.Tx) error {
	at, err := readCursor(ctx, tx.Tx)
	if err != nil {
		return err
	}
	if at > w.cursor {
		return isms.Errorf(isms.Conflict, "control.followed_elsewhere")
	}
	if _, err := tx.Exec(ctx, `INSERT INTO control_cursor (one, idx) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET idx = excluded.idx`, w.until); err != nil {
		return err
	}
	rows := map[isms.ID]Verdict{}
	for _, v := range w.found {
		if err := writeVerdict(ctx, tx, &v, rows); err != nil {
			return err
		}
		if v.About.Prefix() == isms.ControlPrefix {
			if err := w.room.observe(ctx, tx, v.About, v.Verdict, v.Since); err != nil {
				return err
			}
		}
	}
	for _, v := range w.ended {
		if had, ok := rows[v.About]; ok {
			v = had
		}
		if err := Verdicts.Remove(ctx, tx, "verdict.ended", &v); err != nil {
			return err
		}
	}
	for about, next := range w.wakes {
		if err := setWake(ctx, tx, about, next); err != nil {
			return err
		}
	}
	for _, f := range w.watches {
		if err := w.room.finish(ctx, tx, f, w.now); err != nil {
			return err
		}
	}
	return nil
}

// writeVerdict writes one interval; several of one round follow one another.
func writeVerdict(ctx context.Context, tx *ledger.Tx, v *Verdict, rows map[isms.ID]Verdict) error {
	if had, ok := rows[v.About]; ok {
		v.Row = had.Row
	}
	var err error
	if v.Rev == 0 {
		err = Verdicts.Add(ctx, tx, "verdict.changed", v)
	} else {
		err = Verdicts.Revise(ctx, tx, "verdict.changed", v)
	}
	rows[v.About] = *v
	return err
}

// batchOf reads the payload of a batch's entry.
func batchOf(e *ledger.Entry) (evidence.Taken, error) {
	var t evidence.Taken
	if e.Erased() {
		return t, nil
	}
	err := json.Unmarshal(e.Payload, &t)
	return t, err
}
