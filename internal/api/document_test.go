package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// document is the OpenAPI document that the server gives out, read by another library.
type document struct {
	*openapi3.T
	ops []operation
}

// operation is one operation of the document.
type operation struct {
	*openapi3.Operation
	path, method string
	item         *openapi3.PathItem
}

func (o operation) act() string { a, _ := o.Extensions["x-holdfast-act"].(string); return a }

// place is the placeholder that says where the operation acts.
func (o operation) inOrganisation() bool { return strings.Contains(o.path, "{organisation}") }

func (h *house) document() *document {
	h.Helper()
	if h.spec != nil {
		return h.spec
	}
	r := h.want(http.StatusOK, h.call("", "GET", "/api/v1/openapi.json", ""))
	doc, err := openapi3.NewLoader().LoadFromData(r.body)
	must(h, err)
	must(h, doc.Validate(ctx))
	d := &document{T: doc}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			d.ops = append(d.ops, operation{op, path, method, item})
		}
	}
	sort.Slice(d.ops, func(i, j int) bool { return d.ops[i].OperationID < d.ops[j].OperationID })
	if len(d.ops) < 15 {
		h.Fatalf("only %d operations found", len(d.ops))
	}
	h.spec = d
	return d
}

// route finds the operation that a request is for: the one with the fewest placeholders.
func (d *document) route(req *http.Request) (*routers.Route, map[string]string) {
	var best *routers.Route
	var params map[string]string
	have := strings.Split(strings.TrimPrefix(req.URL.EscapedPath(), "/api/v1"), "/")
	for _, op := range d.ops {
		want := strings.Split(op.path, "/")
		found := map[string]string{}
		if op.method != req.Method || len(want) != len(have) {
			continue
		}
		fits := true
		for i, w := range want {
			if strings.HasPrefix(w, "{") {
				found[strings.Trim(w, "{}")] = have[i]
			} else if w != have[i] {
				fits = false
			}
		}
		if fits && (best == nil || len(found) < len(params)) {
			best, params = &routers.Route{Spec: d.T, Path: op.path, PathItem: op.item, Method: op.method, Operation: op.Operation}, found
		}
	}
	return best, params
}

// check holds an answer against the document: its status is documented for the operation, and
// its headers and body have the shape that stands there.
func (d *document) check(r reply) error {
	route, params := d.route(r.req)
	if route == nil {
		return fmt.Errorf("%s %s is no operation", r.req.Method, r.req.URL)
	}
	if r.StatusCode == http.StatusNotModified && len(r.body) == 0 {
		if route.Operation.Responses.Status(r.StatusCode) == nil {
			return fmt.Errorf("%s answers 304, which is not documented", route.Operation.OperationID)
		}
		return nil
	}
	opts := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	in := &openapi3filter.RequestValidationInput{Request: r.req, PathParams: params, Route: route, Options: opts}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: r.StatusCode, Header: r.Header, Options: opts, Body: io.NopCloser(bytes.NewReader(r.body))}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		return fmt.Errorf("%s: status %d: %w: %s", route.Operation.OperationID, r.StatusCode, err, r.body)
	}
	return nil
}

func TestTheDocumentIsWholeAndPlain(t *testing.T) {
	eachEngineOnce(t, func(h *house) {
		d := h.document()
		if d.OpenAPI != "3.1.0" || d.Info.License == nil || len(d.Servers) == 0 || d.Components.SecuritySchemes["token"] == nil {
			t.Error("version, licence, servers or security are missing")
		}
		ids := map[string]bool{}
		for _, op := range d.ops {
			if op.Summary == "" || op.OperationID == "" || len(op.Tags) != 1 || d.Tags.Get(op.Tags[0]) == nil || ids[op.OperationID] {
				t.Errorf("%s %s: id, summary or tag is missing or stands twice", op.method, op.path)
			}
			ids[op.OperationID] = true
			if op.act() == "" || op.Responses.Status(500) == nil {
				t.Errorf("%s: no right or no problem is documented", op.OperationID)
			}
			changes := op.method == "PATCH" || op.method == "PUT" || op.method == "DELETE"
			if changes && (op.Responses.Status(412) == nil || op.Responses.Status(428) == nil || op.Parameters.GetByInAndName("header", "If-Match") == nil) {
				t.Errorf("%s changes a record without If-Match", op.OperationID)
			}
			if op.Responses.Status(201) != nil && op.Parameters.GetByInAndName("header", "Idempotency-Key") == nil {
				t.Errorf("%s creates without Idempotency-Key", op.OperationID)
			}
		}
		for name, s := range d.Components.Schemas {
			if s.Value.Properties["$schema"] != nil || strings.HasPrefix(name, "Error") {
				t.Errorf("schema %s is huma's own", name)
			}
		}
	})
}
