package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// Anchor keeps checkpoints and erasures outside, apart from backups: whoever has data and key
// can re-sign a rewritten log, and only heads kept elsewhere catch that; a restore from a
// backup learns from it what it lost and what must be erased again. Below its place lie
//
//	<origin>/checkpoint         the newest checkpoint
//	<origin>/checkpoint.<size>  each that was anchored
//	<origin>/erasures.jsonl     every erasure, one JSON object a line
type Anchor struct {
	place func(ctx context.Context, name string, b []byte) error
	done  map[string]anchored
}

// anchored is what was written for one log.
type anchored struct {
	gen, size int64
	erased    int64 // index of the last erasure; -1 for none
}

// NewAnchor makes an anchor at a directory or at an http(s) URL that takes PUT.
func NewAnchor(target string) (*Anchor, error) {
	a := &Anchor{done: map[string]anchored{}}
	if !strings.Contains(target, "://") {
		dir, err := filepath.Abs(target)
		a.place = func(_ context.Context, name string, b []byte) error {
			return writeAtomically(filepath.Join(dir, filepath.FromSlash(name)), b)
		}
		return a, err
	}
	base, err := url.Parse(target)
	if err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" {
		return nil, isms.Errorf(isms.Invalid, "anchor.malformed", "target", target).Because(err)
	}
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a.place = func(ctx context.Context, name string, b []byte) error {
		return put(ctx, client, base.JoinPath(name), b)
	}
	return a, nil
}

func put(ctx context.Context, client *http.Client, to *url.URL, b []byte) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, to.String(), bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := client.Do(req)
	if err != nil {
		return isms.Errorf(isms.Unavailable, "anchor.unreachable").Because(err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // only so that the connection can be used again
		return isms.Errorf(isms.Unavailable, "anchor.refused", "status", strconv.Itoa(res.StatusCode))
	}
	return nil
}

// Step anchors a log if it moved since the last step. Erasures go first: a checkpoint that
// stands outside never knows of an erasure that does not.
func (a *Anchor) Step(ctx context.Context, l *Log) error {
	var h Head
	var g Generation
	var es []Erasure
	err := l.Read(ctx, func(tx *store.Tx) (err error) {
		if h, err = readHead(ctx, tx, false); err != nil {
			return err
		}
		if g, err = readGeneration(ctx, tx, h.Gen); err != nil {
			return err
		}
		es, err = Erasures(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(g.Origin, "/"+decimal(g.Gen))
	dir, last := fileName(base), a.done[base]
	now := anchored{h.Gen, h.Size, -1}
	if len(es) > 0 {
		now.erased = es[len(es)-1].Index
	}
	if now == last {
		return nil
	}
	if last.erased != now.erased || last.gen == 0 {
		b, err := erasureLines(es)
		if err != nil {
			return err
		}
		if err := a.place(ctx, dir+"/erasures.jsonl", b); err != nil {
			return fmt.Errorf("anchor erasures: %w", err)
		}
	}
	for _, name := range []string{fmt.Sprintf("%s/checkpoint.%d", dir, h.Size), dir + "/checkpoint"} {
		if err := a.place(ctx, name, h.Note); err != nil {
			return fmt.Errorf("anchor checkpoint: %w", err)
		}
	}
	a.done[base] = now
	return nil
}

func erasureLines(es []Erasure) ([]byte, error) {
	var b []byte
	for _, e := range es {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		b = append(append(b, line...), '\n')
	}
	return b, nil
}

// ReadErasures reads what an anchor wrote to erasures.jsonl, for a restore.
func ReadErasures(b []byte) ([]Erasure, error) {
	var out []Erasure
	for n, line := range bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var e Erasure
		if err := json.Unmarshal(line, &e, json.RejectUnknownMembers(true)); err != nil {
			return nil, isms.Errorf(isms.Invalid, "anchor.erasures_malformed", "line", strconv.Itoa(n+1)).Because(err)
		}
		out = append(out, e)
	}
	return out, nil
}

// AnchoredAt returns the newest checkpoint and the erasures that an anchor keeps in a directory
// for a log of the given origin (without generation); nil if there are none.
func AnchoredAt(dir, origin string) (checkpoint []byte, erasures []Erasure, err error) {
	read := func(name string) ([]byte, error) {
		b, err := os.ReadFile(filepath.Join(dir, fileName(origin), name))
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		return b, err
	}
	if checkpoint, err = read("checkpoint"); err != nil {
		return nil, nil, err
	}
	b, err := read("erasures.jsonl")
	if err != nil {
		return nil, nil, err
	}
	erasures, err = ReadErasures(b)
	return checkpoint, erasures, err
}

// Run anchors a log whenever it moves, at most once in every given time, until ctx ends. What
// goes wrong is told to failed, and tried again.
func (a *Anchor) Run(ctx context.Context, l *Log, every time.Duration, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		changed := l.Changed()
		if err := a.Step(ctx, l); err != nil && ctx.Err() == nil {
			failed(err)
			changed = nil // try again at the next tick, also if nothing is written meanwhile
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if changed == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
