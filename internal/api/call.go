package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

// call is one request on its way: who asks, where, and how far the answer knows the ledger.
type call struct {
	spec    spec
	huma    huma.Context
	actor   isms.Actor
	secret  string
	session people.Session // empty for a token
	place   isms.ID
	log     *ledger.Log // the organisation's, or the instance's
	index   int64       // last ledger entry that the answer knows
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// enter lets a request in: who asks, what may they do here, how often, and is it done already.
func (d *door) enter(ctx huma.Context, next func(huma.Context)) {
	s := ctx.Operation().Metadata[specKey].(spec)
	c := &call{spec: s, huma: ctx, index: -1}
	if err := plainAddress(ctx.URL()); err != nil {
		d.refuse(ctx, err)
		return
	}
	if err := d.admit(ctx, c); err != nil {
		d.refuse(ctx, err)
		return
	}
	body, err := readBody(ctx)
	if err != nil {
		d.refuse(ctx, err)
		return
	}
	key := ctx.Header("Idempotency-Key")
	if s.keyed() && key != "" {
		d.once(ctx, c, key, body, next)
		return
	}
	next(huma.WithValue(ctx, callKey{}, c))
}

// plainAddress refuses bytes that no text holds: the engines would treat them differently.
func plainAddress(u url.URL) error {
	query, err := url.QueryUnescape(u.RawQuery)
	if err != nil || !plain(u.Path) || !plain(query) {
		return isms.Errorf(isms.Invalid, "field.not_utf8").At("/query").Because(err)
	}
	return nil
}

// plain tells whether s is UTF-8 without the byte zero.
func plain(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// admit finds the actor, the place and the right.
func (d *door) admit(ctx huma.Context, c *call) (err error) {
	c.place = d.Instance.Store.Name
	if c.spec.in() {
		c.place = isms.ID(ctx.Param("organisation"))
	}
	if c.spec.act != open {
		if err := d.identify(ctx, c); err != nil {
			if slow := d.rates.take(remote(ctx).String(), ctx.SetHeader); slow != nil { // guessing must not cost us more than asking
				return slow
			}
			return err
		}
	}
	if err := d.rates.take(rateKey(ctx, c.actor), ctx.SetHeader); err != nil {
		return err
	}
	if c.spec.decided() {
		// Whether this very record is theirs shows once it is read; here: whether any could be.
		if err := d.allow(c, people.Act(c.spec.act), people.Record{Owner: c.actor.Account}); err != nil {
			return err
		}
	}
	c.log = d.Instance.Log
	if c.spec.in() {
		c.log, err = d.Instance.Organisation(ctx.Context(), c.place)
	}
	return err
}

// allow asks the decision table about a record of the place that is acted in.
func (d *door) allow(c *call, act people.Act, rec people.Record) error {
	rec.Place = c.place
	return people.Allow(c.actor, act, rec, d.Instance.Clock.Now())
}

// identify finds out who presents the secret, of a token or of a session. A place where it does
// not hold does not exist for whoever asks, so that nobody learns what other organisations there are.
func (d *door) identify(ctx huma.Context, c *call) (err error) {
	if c.secret, err = bearer(ctx.Header("Authorization")); err != nil {
		return err
	}
	if strings.HasPrefix(c.secret, people.TokenMark) {
		err = d.token(ctx, c)
	} else {
		c.actor, c.session, err = d.People.Session(ctx.Context(), c.secret)
		if err == nil && c.session.Level != people.Full && c.spec.act != half {
			err = isms.Errorf(isms.SignIn, "api.session_unfinished")
		}
	}
	if err == nil && c.spec.decided() && c.actor.Place != c.place {
		err = isms.Errorf(isms.NotFound, "api.not_here")
	}
	return err
}

// token reads a token; the header Holdfast-Code shows the second factor beside it, for this request.
func (d *door) token(ctx huma.Context, c *call) (err error) {
	if c.actor, _, err = d.People.Bearer(ctx.Context(), c.secret, source(ctx)); err != nil {
		return err
	}
	if c.spec.act == half || c.spec.session {
		return isms.Errorf(isms.Forbidden, "api.session_needed")
	}
	if code := ctx.Header("Holdfast-Code"); code != "" {
		c.actor, err = d.People.StepUpBearer(ctx.Context(), c.actor, code, source(ctx))
	}
	return err
}

// source says from where somebody speaks to us.
func source(ctx huma.Context) people.Source {
	return people.Source{Addr: remote(ctx), Agent: ctx.Header("User-Agent"), Device: ctx.Header("Holdfast-Device")}
}

// remote is where the request comes from; the server puts it right behind a proxy.
func remote(ctx huma.Context) netip.Addr {
	a, err := netip.ParseAddrPort(ctx.RemoteAddr())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

// bearer reads the Authorization header (RFC 6750 section 2.1).
func bearer(header string) (string, error) {
	scheme, secret, ok := strings.Cut(header, " ")
	secret = strings.TrimSpace(secret)
	if !ok || !strings.EqualFold(scheme, "Bearer") || secret == "" || len(secret) > 500 {
		return "", isms.Errorf(isms.SignIn, "api.token_missing")
	}
	return secret, nil
}

func rateKey(ctx huma.Context, a isms.Actor) string {
	if a.Via != "" {
		return string(a.Via)
	}
	if a.Account != "" {
		return string(a.Account)
	}
	return remote(ctx).String()
}

// bodyTime is how long a body may take to arrive.
const bodyTime = 5 * time.Minute

// readBody reads the whole body, so that a request that breaks off is told apart from our own
// faults and an Idempotency-Key can be held against its content.
func readBody(ctx huma.Context) ([]byte, error) {
	op := ctx.Operation()
	if op.RequestBody == nil {
		return nil, nil
	}
	r, w := humago.Unwrap(ctx)
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, isms.Errorf(isms.Invalid, "api.body_unreadable").Because(err)
	}
	limit := op.MaxBodyBytes - 1
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, isms.Errorf(isms.Invalid, "api.body_too_large")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, isms.Errorf(isms.Invalid, "api.timeout").Because(err)
	case err != nil:
		return nil, isms.Errorf(isms.Invalid, "api.body_unreadable").Because(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return b, nil
}

// view reads the ledger's database as of a moment, or now, and remembers how far it saw.
func (c *call) view(ctx context.Context, at asOf, fn func(*store.Tx) error) error {
	return c.log.Read(ctx, func(tx *store.Tx) error {
		if !at.set {
			return c.viewAt(ctx, tx, store.Now, fn)
		}
		idx, err := ledger.IndexAt(ctx, tx, at.instant)
		if err != nil {
			return err
		}
		return c.viewAt(ctx, tx, idx, fn)
	})
}

// viewAt is view as of a ledger index.
func (c *call) viewAt(ctx context.Context, tx *store.Tx, idx int64, fn func(*store.Tx) error) error {
	h, err := ledger.ReadHead(ctx, tx)
	if err != nil {
		return err
	}
	tx.AsOf, c.index = idx, min(idx, h.Size-1)
	return fn(tx)
}

// now remembers how far the ledger reaches after a change.
func (c *call) now() int64 {
	c.index = c.log.Head().Size - 1
	return c.index
}

// etag is the ETag of a revision.
func etag(rev int64) string { return `"` + strconv.FormatInt(rev, 10) + `"` }

// one answers with a record, or with 304 if the caller has it.
func one[T any](c *call, v T, rev int64, ifNoneMatch string) *One[T] {
	out := &One[T]{Status: http.StatusOK, ETag: etag(rev), EntryIndex: c.index, Body: v}
	if named(ifNoneMatch, rev) || strings.TrimSpace(ifNoneMatch) == "*" {
		out.Status = http.StatusNotModified
	}
	return out
}

// made answers with a new record that lies at sub below the place.
func made[T any](c *call, v T, rev int64, sub string) *Made[T] {
	base, _, _ := strings.Cut(c.spec.path, "{organisation}")
	if c.spec.in() {
		base += string(c.place)
	} else if base = c.spec.path; strings.HasPrefix(base, "/instance/") && !strings.HasSuffix(base, "/accounts") {
		base = "/instance"
	}
	return &Made[T]{ETag: etag(rev), EntryIndex: c.now(), Location: Prefix + base + sub, Body: v}
}

// named tells whether a list of ETags names the revision; weak ones count for reading.
func named(list string, rev int64) bool {
	for tag := range strings.SplitSeq(list, ",") {
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag(rev) {
			return true
		}
	}
	return false
}

// match refuses a change by somebody who has not read the present revision.
func match(ifMatch string, rev int64) error {
	if strings.TrimSpace(ifMatch) == "" {
		return isms.Errorf(isms.Invalid, "api.precondition_missing").At("/header/If-Match")
	}
	for tag := range strings.SplitSeq(ifMatch, ",") {
		if strings.TrimSpace(tag) == etag(rev) {
			return nil
		}
	}
	return isms.Errorf(isms.Conflict, "api.precondition_failed").At("/header/If-Match")
}
