package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/wire"
)

// statuses are the HTTP statuses of the kinds of errors.
var statuses = map[isms.Kind]int{
	isms.Invalid: http.StatusUnprocessableEntity, isms.NotFound: http.StatusNotFound, isms.Forbidden: http.StatusForbidden,
	isms.SignIn: http.StatusUnauthorized, isms.StepUp: http.StatusForbidden, isms.Conflict: http.StatusConflict,
	isms.TooMany: http.StatusTooManyRequests, isms.Unavailable: http.StatusServiceUnavailable, isms.Internal: http.StatusInternalServerError,
}

// exact are the statuses of codes that HTTP has a word of its own for.
var exact = map[string]int{
	"api.precondition_missing": http.StatusPreconditionRequired,
	"api.precondition_failed":  http.StatusPreconditionFailed,
	"api.method_not_allowed":   http.StatusMethodNotAllowed,
	"api.body_too_large":       http.StatusRequestEntityTooLarge,
	"api.body_unreadable":      http.StatusBadRequest,
	"api.media_type":           http.StatusUnsupportedMediaType,
	"api.timeout":              http.StatusRequestTimeout,
	"api.host_unknown":         http.StatusMisdirectedRequest,
}

// problemOf says err to the caller; causes stay with the operator.
func problemOf(p *lang.Printer, err error) *wire.Problem {
	var ready *wire.Problem
	if errors.As(err, &ready) {
		return ready
	}
	var e *isms.Error
	if !errors.As(err, &e) {
		e = isms.Errorf(isms.Internal, "api.internal").Because(err)
	}
	out := describe(p, e.Kind, e.Code)
	out.Detail = p.Error(e)
	if s, ok := exact[e.Code]; ok {
		out.Status = s
	}
	if e.Field != "" {
		out.Errors = []wire.Fault{{Location: pointer(e.Field), Code: e.Code, Detail: out.Detail}}
	}
	if e.Kind == isms.TooMany || e.Kind == isms.Unavailable {
		out.RetryAfter = 1
		if n, err := strconv.Atoi(e.Params["retry_after"]); err == nil && n > 0 {
			out.RetryAfter = n
		}
	}
	return out
}

func describe(p *lang.Printer, kind isms.Kind, code string) *wire.Problem {
	if code == "" {
		code = "kind." + string(kind)
	}
	return &wire.Problem{
		Type: wire.ProblemPath + code, Code: code, Status: statuses[kind], Title: p.T("error.kind." + string(kind)),
	}
}

// pointer makes a JSON pointer of a field: fields of the rooms lie in the body.
func pointer(field string) string {
	if strings.HasPrefix(field, "/") {
		return field
	}
	return "/body/" + strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(field, "~", "~0"), "/", "~1"), ".", "/")
}

// translate turns huma's own errors, which are about the form of requests, into problems.
func (d *door) translate(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := printer(ctx.Header("Accept-Language"))
	return fromHuma(p, m), nil
}

func fromHuma(p *lang.Printer, m *huma.ErrorModel) *wire.Problem {
	kind, code := isms.Invalid, "api.invalid"
	switch m.Status {
	case http.StatusBadRequest:
		code = "api.body_unreadable"
	case http.StatusRequestTimeout:
		code = "api.timeout"
	case http.StatusRequestEntityTooLarge:
		code = "api.body_too_large"
	case http.StatusUnsupportedMediaType:
		code = "api.media_type"
	case http.StatusInternalServerError:
		kind, code = isms.Internal, "api.internal"
	}
	out := describe(p, kind, code)
	out.Status = m.Status
	out.Detail = p.Error(isms.Errorf(kind, code))
	for _, e := range m.Errors {
		if e == nil {
			continue
		}
		fault, params := faultOf(e.Message)
		if code == "api.media_type" || code == "api.body_unreadable" {
			fault, params = code, nil
		}
		out.Errors = append(out.Errors, wire.Fault{
			Location: location(e.Location), Code: fault, Detail: p.Error(&isms.Error{Kind: kind, Code: fault, Params: params}),
		})
	}
	return out
}

// location turns "body.items[3].tags" into "/body/items/3/tags".
func location(s string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(part, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// problem writes err where no operation is at work.
func (d *door) problem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(printer(r.Header.Get("Accept-Language")), err)
	b, merr := json.Marshal(p)
	if merr != nil {
		d.Log.ErrorContext(r.Context(), "api: write problem", "err", merr)
	}
	problemHeaders(p, w.Header().Set)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if _, werr := w.Write(b); werr != nil {
		d.Log.DebugContext(r.Context(), "api: write problem", "err", werr)
	}
}

// refuse writes err from a middleware.
func (d *door) refuse(ctx huma.Context, err error) {
	p := d.tell(ctx, err)
	b, merr := json.Marshal(p)
	if merr != nil {
		d.Log.ErrorContext(ctx.Context(), "api: write problem", "err", merr)
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	if _, werr := ctx.BodyWriter().Write(b); werr != nil {
		d.Log.DebugContext(ctx.Context(), "api: write problem", "err", werr)
	}
}

// tell makes the problem, logs what the operator must know and sets its headers.
func (d *door) tell(ctx huma.Context, err error) *wire.Problem {
	p := problemOf(printer(ctx.Header("Accept-Language")), err)
	if p.Status >= 500 {
		d.Log.ErrorContext(ctx.Context(), "api", "operation", ctx.Operation().OperationID, "err", err)
	}
	problemHeaders(p, ctx.SetHeader)
	return p
}

func problemHeaders(p *wire.Problem, set func(name, value string)) {
	if p.Status == http.StatusUnauthorized {
		set("WWW-Authenticate", `Bearer realm="holdfast"`)
	}
	if p.RetryAfter > 0 {
		set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
}
