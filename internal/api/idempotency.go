package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

const (
	keyLength = 200            // of an Idempotency-Key
	keepKeys  = 24 * time.Hour // how long an answer is kept
)

// answer is what was answered to a request with an Idempotency-Key.
type answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   []byte            `json:"body"`
}

// once does a request with an Idempotency-Key at most once in a day. The key is claimed before
// the act; an act that fails gives it back. Where the server dies between act and answer the key
// stays claimed: the caller is told to look instead of the act being done twice.
func (d *door) once(ctx huma.Context, c *call, key string, body []byte, next func(huma.Context)) {
	if len(key) > keyLength {
		d.refuse(ctx, isms.Errorf(isms.Invalid, "api.key_too_long", "n", strconv.Itoa(keyLength)).At("/header/Idempotency-Key"))
		return
	}
	k := idempotencyKey{c: c, owner: c.actor.String() + " " + c.spec.id, key: key, request: fingerprint(ctx, body)}
	before, err := k.claim(ctx.Context())
	if err != nil {
		d.refuse(ctx, err)
		return
	}
	if before != nil {
		d.replay(ctx, before)
		return
	}
	w := &capture{beneath: ctx, out: answer{Header: map[string]string{}}}
	done := false
	defer func() {
		if !done { // a panic on its way: nothing can be said about the act, so the key stays claimed
			d.Log.Error("api: no answer to a request with an Idempotency-Key", "operation", c.spec.id)
		}
	}()
	next(huma.WithValue(w, callKey{}, c))
	done = true
	w.out.Body = w.buf.Bytes()
	end := context.WithoutCancel(ctx.Context())
	if w.out.Status >= 200 && w.out.Status < 300 {
		err = k.keep(end, w.out)
	} else {
		err = k.release(end)
	}
	if err != nil {
		d.Log.ErrorContext(end, "api: keep answer", "operation", c.spec.id, "err", err)
	}
	d.send(ctx, w.out)
}

// fingerprint tells requests apart.
func fingerprint(ctx huma.Context, body []byte) []byte {
	h := sha256.New()
	u := ctx.URL()
	for _, part := range []string{ctx.Method(), u.Path, u.Query().Encode(), ctx.Header("Content-Type"), ctx.Header("If-Match")} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	h.Write(body)
	return h.Sum(nil)
}

// replay answers as before.
func (d *door) replay(ctx huma.Context, a *answer) {
	ctx.SetHeader("Idempotency-Replayed", "true")
	d.send(ctx, *a)
}

func (d *door) send(ctx huma.Context, a answer) {
	for name, value := range a.Header {
		ctx.SetHeader(name, value)
	}
	ctx.SetStatus(a.Status)
	if a.Status == http.StatusNoContent || len(a.Body) == 0 {
		return
	}
	if _, err := ctx.BodyWriter().Write(a.Body); err != nil {
		d.Log.DebugContext(ctx.Context(), "api: write answer", "err", err)
	}
}

// idempotencyKey is one claimed or kept key.
type idempotencyKey struct {
	c          *call
	owner, key string
	request    []byte
}

func (k idempotencyKey) seal() store.Key { return store.Key(k.c.log.DB.Secret("api idempotency")) }

// claim takes the key, or returns the answer that was given before.
func (k idempotencyKey) claim(ctx context.Context) (*answer, error) {
	var request, sealed []byte
	var mine bool
	err := k.c.log.Write(ctx, k.c.actor, func(tx *ledger.Tx) error {
		request, sealed, mine = nil, nil, false
		if _, err := tx.Exec(ctx, `DELETE FROM idempotency WHERE at < $1`, int64(tx.At.Add(-keepKeys))); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `INSERT INTO idempotency (owner, key, request, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			k.owner, k.key, k.request, int64(tx.At))
		if err != nil || n == 1 {
			mine = err == nil
			return err
		}
		return tx.Row(ctx, []any{&request, &sealed}, `SELECT request, answer FROM idempotency WHERE owner = $1 AND key = $2`, k.owner, k.key)
	})
	switch {
	case err != nil || mine:
		return nil, err
	case !bytes.Equal(request, k.request):
		return nil, isms.Errorf(isms.Invalid, "api.key_reused").At("/header/Idempotency-Key")
	case sealed == nil:
		return nil, isms.Errorf(isms.Conflict, "api.key_running").At("/header/Idempotency-Key")
	}
	b, err := k.seal().Open(sealed, k.owner+" "+k.key)
	if err != nil {
		return nil, fmt.Errorf("open kept answer: %w", err)
	}
	a := &answer{}
	if err := json.Unmarshal(b, a); err != nil {
		return nil, fmt.Errorf("read kept answer: %w", err)
	}
	return a, nil
}

func (k idempotencyKey) keep(ctx context.Context, a answer) error {
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write kept answer: %w", err)
	}
	sealed := k.seal().Seal(b, k.owner+" "+k.key)
	return k.c.log.Write(ctx, k.c.actor, func(tx *ledger.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE idempotency SET answer = $1 WHERE owner = $2 AND key = $3`, sealed, k.owner, k.key)
		return err
	})
}

func (k idempotencyKey) release(ctx context.Context) error {
	return k.c.log.Write(ctx, k.c.actor, func(tx *ledger.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM idempotency WHERE owner = $1 AND key = $2`, k.owner, k.key)
		return err
	})
}

// beneath is the context that a capture stands before; as an alias its field hides no method.
type beneath = huma.Context

// capture holds an answer back until it is kept.
type capture struct {
	beneath
	out answer
	buf bytes.Buffer
}

// Unwrap returns the context beneath.
func (w *capture) Unwrap() huma.Context { return w.beneath }

// Status is the status answered so far.
func (w *capture) Status() int { return w.out.Status }

// SetStatus notes the status.
func (w *capture) SetStatus(code int) { w.out.Status = code }

// SetHeader notes a header.
func (w *capture) SetHeader(name, value string) { w.out.Header[name] = value }

// AppendHeader notes a header; no answer here repeats one.
func (w *capture) AppendHeader(name, value string) { w.out.Header[name] = value }

// BodyWriter takes the body.
func (w *capture) BodyWriter() io.Writer { return &w.buf }
