package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// cursor says where the next page of a list begins, and as of which entry the list is read.
type cursor struct {
	AsOf int64    `json:"a"`
	Keys []string `json:"k"` // sort key of the last record, its id last
}

const macSize = 16

// sealCursor writes a cursor so that nobody without the key can make one, and none serves another list.
func sealCursor(key []byte, cur cursor, list string) (string, error) {
	b, err := json.Marshal(cur)
	if err != nil {
		return "", fmt.Errorf("write cursor: %w", err)
	}
	return cursorCode.EncodeToString(append(cursorMAC(key, b, list), b...)), nil
}

// unsealCursor reads a cursor.
func unsealCursor(key []byte, s, list string) (cursor, error) {
	var cur cursor
	bad := isms.Errorf(isms.Invalid, "api.cursor_malformed").At("/query/after")
	if strings.ContainsAny(s, "\r\n") { // which the decoder would overlook
		return cur, bad
	}
	b, err := cursorCode.DecodeString(s)
	if err != nil || len(b) < macSize || !hmac.Equal(b[:macSize], cursorMAC(key, b[macSize:], list)) {
		return cur, bad
	}
	if err := json.Unmarshal(b[macSize:], &cur); err != nil || len(cur.Keys) == 0 {
		return cur, bad
	}
	return cur, nil
}

// cursorCode takes one spelling of a cursor only.
var cursorCode = base64.RawURLEncoding.Strict()

func cursorMAC(key, b []byte, list string) []byte {
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%d:%s%s", len(list), list, b)
	return m.Sum(nil)[:macSize]
}

func (c *call) cursorKey() []byte { return c.log.DB.Secret("api cursor") }

// listName binds a cursor to its list: operation, place, record and filters.
func (c *call) listName() string {
	u := c.huma.URL()
	q := u.Query()
	for _, page := range []string{"after", "limit", "as_of"} {
		q.Del(page)
	}
	for _, vs := range q {
		slices.Sort(vs)
	}
	return c.spec.id + " " + u.Path + "?" + q.Encode()
}

// list reads one page: read returns up to limit records beyond the keys, which are nil for the
// first page and as many as key returns otherwise; show gives a record its wire shape.
func list[T, W any](ctx context.Context, c *call, in Listing, key func(T) []string, show func(T) W, read func(tx *store.Tx, after []string, limit int) ([]T, error)) (*Many[W], error) {
	cur := cursor{AsOf: store.Now}
	if in.After != "" {
		var err error
		if cur, err = unsealCursor(c.cursorKey(), in.After, c.listName()); err != nil {
			return nil, err
		}
	}
	var items []T
	err := c.log.Read(ctx, func(tx *store.Tx) error {
		if in.After == "" && in.AsOf.set {
			idx, err := ledger.IndexAt(ctx, tx, in.AsOf.instant)
			if err != nil {
				return err
			}
			cur.AsOf = idx
		}
		return c.viewAt(ctx, tx, cur.AsOf, func(tx *store.Tx) (err error) {
			items, err = read(tx, cur.Keys, in.Limit+1)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	out := &Many[W]{EntryIndex: c.index}
	if len(items) > in.Limit {
		items = items[:in.Limit]
		// The list keeps showing the moment of its first page.
		if out.Body.Next, err = sealCursor(c.cursorKey(), cursor{AsOf: c.index, Keys: key(items[in.Limit-1])}, c.listName()); err != nil {
			return nil, err
		}
		out.Link = c.link(out.Body.Next)
	}
	out.Body.Items = make([]W, 0, len(items))
	for _, v := range items {
		out.Body.Items = append(out.Body.Items, show(v))
	}
	return out, nil
}

// paged cuts a list of the present, read whole, into pages; id names a record.
func paged[T, W any](c *call, in Paging, all []T, id func(T) string, show func(T) W) (*Many[W], error) {
	if in.After != "" {
		cur, err := unsealCursor(c.cursorKey(), in.After, c.listName())
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(all, func(v T) bool { return id(v) == cur.Keys[0] })
		all = all[at+1:] // a record that went meanwhile: from the beginning rather than nothing
	}
	out := &Many[W]{EntryIndex: c.now()}
	if len(all) > in.Limit {
		all = all[:in.Limit]
		var err error
		if out.Body.Next, err = sealCursor(c.cursorKey(), cursor{AsOf: c.index, Keys: []string{id(all[in.Limit-1])}}, c.listName()); err != nil {
			return nil, err
		}
		out.Link = c.link(out.Body.Next)
	}
	out.Body.Items = make([]W, 0, len(all))
	for _, v := range all {
		out.Body.Items = append(out.Body.Items, show(v))
	}
	return out, nil
}

// link is the Link header of the next page (RFC 8288).
func (c *call) link(next string) string {
	u := c.huma.URL()
	q := u.Query()
	q.Set("after", next)
	q.Del("as_of")
	v := url.URL{Path: u.Path, RawQuery: q.Encode()}
	return "<" + strings.ReplaceAll(v.String(), ">", "%3E") + `>; rel="next"`
}
