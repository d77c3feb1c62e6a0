package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/organisation"
	"holdfast/internal/people"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// recorder is a pointer to a record type of a register.
type recorder[T any] interface {
	*T
	Record() *register.Row
}

// noun says how the records of a register are read: listed and one by one, now or as of a moment.
// Records are shown in the shape in which the ledger keeps them, with moments in RFC 3339.
type noun[T any, P recorder[T]] struct {
	name, names string // in ids of operations: control, controls
	path        string // below the organisation
	tag         string
	act         people.Act
	table       *register.Table[T, P]
	// owner is an SQL expression for the account that answers for a record; empty where the table
	// has a column owner.
	owner string
}

// filters is a list's input: paging and which columns must have which values.
type filters interface {
	paging() Listing
	where() []equal
}

// equal demands that a column has one of the values; none demands nothing.
type equal struct {
	column string
	values []string
}

// is demands a value, if there is one.
func is[S ~string](column string, value S) equal {
	if value == "" {
		return equal{}
	}
	return equal{column, []string{string(value)}}
}

// Filtered is the part of filters that every list has.
type Filtered struct{ Listing }

func (f Filtered) paging() Listing { return f.Listing }

// nobody owns records of tables whose people are not asked about one by one.
const nobody = "''"

// ownerOf is the owner of the control that a column names.
func ownerOf(table, column string) string {
	return `(SELECT c.owner FROM control c WHERE c.id = ` + table + `.` + column + ` AND c.from_idx <= $1 AND c.until_idx > $1)`
}

// scope is the decision table's condition for a list, over the noun's own owner.
func (n noun[T, P]) scope(actor isms.Actor, first int) (string, []any) {
	cond, args := people.Scope(actor, n.act, first)
	cond = strings.ReplaceAll(cond, `restricted = FALSE`, `1 = 1`) // these records are open to whoever may read at all
	if n.owner != "" {
		cond = strings.ReplaceAll(cond, `owner = `, n.owner+` = `)
	}
	return cond, args
}

// listAndGet declares both reading operations of a noun; F is its list's input.
func listAndGet[F filters, T any, P recorder[T]](d *door, n noun[T, P], about string) {
	base := "/organisations/{organisation}" + n.path
	handle(d, spec{id: "list-" + n.names, method: http.MethodGet, path: base, tag: n.tag, act: string(n.act), title: "List " + strings.ReplaceAll(n.names, "-", " "), about: about},
		func(ctx context.Context, c *call, in *F) (*Many[T], error) { return n.list(ctx, c, *in) })
	handle(d, spec{id: "get-" + n.name, method: http.MethodGet, path: base + "/{id}", tag: n.tag, act: string(n.act), title: "Get one of the " + strings.ReplaceAll(n.names, "-", " ")},
		func(ctx context.Context, c *call, in *inRecord) (*One[T], error) {
			v, err := n.get(ctx, c, in.ID, in.AsOf)
			if err != nil {
				return nil, err
			}
			return one(c, v, P(&v).Record().Rev, in.IfNoneMatch), nil
		})
}

type inRecord struct {
	ID isms.ID `path:"id" maxLength:"64"`
	Reading
}

// named is the part of a request that names the record acted on.
type Target struct {
	ID isms.ID `path:"id" maxLength:"64"`
}

// inActOn is an act on a record with a body.
type inActOn[T any] struct {
	ID   isms.ID `path:"id" maxLength:"64"`
	Body T
}

// inChange is a change of a record that was read before.
type inChange[T any] struct {
	ID isms.ID `path:"id" maxLength:"64"`
	Matching
	Body T
}

func (n noun[T, P]) list(ctx context.Context, c *call, f filters) (*Many[T], error) {
	same := func(v T) T { return v }
	key := func(v T) []string { return []string{string(P(&v).Record().ID)} }
	return list(ctx, c, f.paging(), key, same, func(tx *store.Tx, after []string, limit int) ([]T, error) {
		cond, args := `id > $2`, []any{first(after)}
		for _, e := range f.where() {
			if len(e.values) == 0 {
				continue
			}
			cond += ` AND ` + e.column + ` IN ` + store.In(len(args)+2, len(e.values))
			for _, v := range e.values {
				args = append(args, v)
			}
		}
		mine, more := n.scope(c.actor, len(args)+2)
		return n.table.Where(ctx, tx, cond+` AND (`+mine+`) ORDER BY id`, limit, append(args, more...)...)
	})
}

// get reads a record that the caller may see; to others it does not exist.
func (n noun[T, P]) get(ctx context.Context, c *call, id isms.ID, at asOf) (v T, err error) {
	err = c.view(ctx, at, func(tx *store.Tx) error {
		mine, args := n.scope(c.actor, 3)
		vs, err := n.table.Where(ctx, tx, `id = $2 AND (`+mine+`)`, 1, append([]any{string(id)}, args...)...)
		if err == nil && len(vs) == 0 {
			err = isms.Errorf(isms.NotFound, "record.unknown", "id", string(id))
		}
		if err == nil {
			v = vs[0]
		}
		return err
	})
	return v, err
}

// shown reads a record again after an act and answers with it.
func (n noun[T, P]) shown(ctx context.Context, c *call, id isms.ID) (*One[T], error) {
	var v T
	err := c.view(ctx, asOf{}, func(tx *store.Tx) (err error) { v, err = n.table.Get(ctx, tx, id); return err })
	if err != nil {
		return nil, err
	}
	return one(c, v, P(&v).Record().Rev, ""), nil
}

// madeAt answers with a new record.
func (n noun[T, P]) made(c *call, v T) *Made[T] {
	r := P(&v).Record()
	return made(c, v, r.Rev, n.path+"/"+string(r.ID))
}

// act declares an act on a record: POST to a sub-resource of it.
func (n noun[T, P]) act1(sub, id string, act people.Act, title, about string) spec {
	return spec{id: id, method: http.MethodPost, path: "/organisations/{organisation}" + n.path + sub, tag: n.tag, act: string(act), title: title, about: about}
}

// creates is act1 for what makes a record.
func (n noun[T, P]) creates(sub, id string, act people.Act, title, about string) spec {
	s := n.act1(sub, id, act, title, about)
	s.made = true
	return s
}

// changes is act1 for what replaces a record.
func (n noun[T, P]) changes(id string, act people.Act, title, about string) spec {
	s := n.act1("/{id}", id, act, title, about)
	s.method, s.revises = http.MethodPatch, true
	return s
}

// rooms are the rooms of the organisation that is acted in.
func (d *door) rooms(ctx context.Context, c *call) (*organisation.Organisation, error) {
	o, err := d.Rooms(ctx, c.place)
	if err != nil {
		return nil, fmt.Errorf("rooms of %s: %w", c.place, err)
	}
	return o, nil
}
