package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/internal/wire"
)

// Rights that are no acts of the decision table.
const (
	open   = "open"       // nobody needs to say who they are
	half   = "signing_in" // any session, also one that owes its second factor
	anyone = "signed_in"  // any valid token or full session
)

// spec declares one operation: what it is called, where it lies and what right it needs.
type spec struct {
	id     string // operationId
	method string
	path   string // below Prefix; with {organisation} it acts there, else on the instance
	tag    string
	title  string // summary
	about  string // description
	act    string // act of the decision table, or open or anyone

	made    bool   // answers 201 and may carry an Idempotency-Key
	revises bool   // needs If-Match
	accept  bool   // POST that creates nothing but may carry an Idempotency-Key
	limit   int64  // bytes of the body; 0: 1 MiB
	session bool   // needs a session: a token does not do
	produce string // media type of an answer that is no JSON
}

const (
	bodyLimit = 1 << 20
	specKey   = "spec"
)

// in tells whether the operation acts in an organisation.
func (s spec) in() bool { return strings.Contains(s.path, "{organisation}") }

// decided tells whether the decision table is asked.
func (s spec) decided() bool { return s.act != open && s.act != half && s.act != anyone }

// keyed tells whether an Idempotency-Key has a meaning.
func (s spec) keyed() bool { return s.made || s.accept }

// handle puts an operation into the document and behind its path.
func handle[I, O any](d *door, s spec, fn func(ctx context.Context, c *call, in *I) (*O, error)) {
	huma.Register(d.huma, d.operation(s), func(ctx context.Context, in *I) (*O, error) {
		c := callOf(ctx)
		out, err := fn(ctx, c, in)
		if err != nil {
			return nil, d.tell(c.huma, err)
		}
		if s.produce != "" {
			c.huma.SetHeader("Content-Type", s.produce)
		}
		return out, nil
	})
}

func (d *door) operation(s spec) huma.Operation {
	op := huma.Operation{
		OperationID: s.id, Method: s.method, Path: s.path, Tags: []string{s.tag}, Summary: s.title, Description: s.about,
		MaxBodyBytes: bodyLimit, BodyReadTimeout: -1, RejectUnknownQueryParameters: true,
		Metadata: map[string]any{specKey: s}, Responses: map[string]*huma.Response{},
		Extensions: map[string]any{"x-holdfast-act": s.act},
		Security:   []map[string][]string{{"token": {}}},
	}
	if s.limit > 0 {
		op.MaxBodyBytes = s.limit
	}
	// The limit is of the body itself; huma refuses at the limit, we above it.
	op.MaxBodyBytes++
	if s.act == open {
		op.Security = []map[string][]string{{}}
	}
	if s.made {
		op.DefaultStatus = http.StatusCreated
	}
	if s.produce != "" {
		op.Responses["200"] = &huma.Response{Content: map[string]*huma.MediaType{s.produce: {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}
	for _, status := range s.problems() {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: d.problemSchema()}},
		}
	}
	if s.in() {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "organisation", In: "path", Required: true, Description: "Id of the organisation.", Example: "org_01jcf1q6zvf8tr0000000000aa",
			Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	if s.decided() {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "Holdfast-Code", In: "header", Description: "A one-time code of your authenticator, beside a token: shows the second factor for this request, which seals and approvals need.",
			Schema: &huma.Schema{Type: huma.TypeString, MaxLength: ptr(64)},
		})
	}
	if s.keyed() {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Description: "A key of your own for this request. The same request with the same key within 24 hours is done once and answered alike; another request with the same key is refused.",
			Schema: &huma.Schema{Type: huma.TypeString, MinLength: ptr(1), MaxLength: ptr(keyLength)},
		})
	}
	return op
}

// problems are the statuses of the problems that an operation can answer with.
func (s spec) problems() []int {
	out := []int{
		http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
	}
	if s.act != open || s.method != http.MethodGet {
		out = append(out, http.StatusUnauthorized, http.StatusForbidden)
	}
	if s.decided() || s.method != http.MethodGet || strings.Contains(s.path, "{") {
		out = append(out, http.StatusNotFound)
	}
	if s.method != http.MethodGet {
		out = append(out, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if s.revises {
		out = append(out, http.StatusPreconditionFailed, http.StatusPreconditionRequired)
	}
	return out
}

func (d *door) problemSchema() *huma.Schema {
	return d.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[wire.Problem](), true, "Problem")
}

func ptr[T any](v T) *T { return &v }

// Reading is what a read of one record may carry.
type Reading struct {
	AsOf        asOf   `query:"as_of" doc:"The state that was recorded at this moment; rights are today's."`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1000" doc:"ETags that you have; if the record is at one of them, the answer is 304."`
}

// Listing is what a list may carry.
type Listing struct {
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Records a page."`
	After string `query:"after" maxLength:"2000" doc:"The cursor next of the page before."`
	AsOf  asOf   `query:"as_of" doc:"The state that was recorded at this moment; rights are today's. Later pages keep the moment of the first."`
}

// Paging is what a list of the present may carry.
type Paging struct {
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Records a page."`
	After string `query:"after" maxLength:"2000" doc:"The cursor next of the page before."`
}

// Matching is what a change of a record must carry.
type Matching struct {
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"The ETag that you read. Needed: 428 without it, 412 if the record has changed since." example:"\"3\""`
}

// One is an answer with one record.
type One[T any] struct {
	Status     int    `json:"-"`
	ETag       string `header:"ETag" doc:"Revision of the record."`
	EntryIndex int64  `header:"Entry-Index" doc:"Index of the last ledger entry that this answer knows: cite it. -1 before the first entry."`
	Body       T
}

// Made is the answer to what made a record.
type Made[T any] struct {
	ETag       string `header:"ETag" doc:"Revision of the record."`
	EntryIndex int64  `header:"Entry-Index" doc:"Index of the last ledger entry that this answer knows."`
	Location   string `header:"Location" doc:"Where the record lies."`
	Body       T
}

// Many is an answer with a page of a list.
type Many[T any] struct {
	EntryIndex int64  `header:"Entry-Index" doc:"Index of the last ledger entry that this answer knows: cite it."`
	Link       string `header:"Link" doc:"The next page (RFC 8288), if there is one."`
	Body       wire.Page[T]
}

// Raw is an answer that is no JSON; its spec says what it produces.
type Raw struct {
	EntryIndex int64 `header:"Entry-Index" doc:"Index of the last ledger entry that this answer knows."`
	Body       []byte
}

// Empty is an answer without a body.
type Empty struct {
	EntryIndex int64 `header:"Entry-Index" doc:"Index of the last ledger entry that this answer knows."`
}
