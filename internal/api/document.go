package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/isms"
)

// config is the frame of the OpenAPI document.
func (d *door) config() huma.Config {
	version := d.Version
	if version == "" {
		version = "0"
	}
	format := huma.Format{Marshal: write, Unmarshal: read}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Holdfast", Version: version,
				Description: "What a company promises, and whether it holds. The pages can do nothing that these operations cannot; the right of an operation stands in x-holdfast-act.",
				License:     &huma.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: d.Address + Prefix, Description: "This installation"}},
			Tags:    tags,
			Components: &huma.Components{
				Schemas: schemas(),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "A token that a person made for a program. It has scopes and always ends."},
				},
			},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{d.translate},
	}
}

// tags group the operations.
var tags = []*huma.Tag{
	{Name: "self", Description: "The API itself and who is asking."},
	{Name: "sessions", Description: "Signing in without a browser, second factors, one-time links."},
	{Name: "organisations", Description: "Companies of this installation."},
	{Name: "people", Description: "Accounts, memberships, invitations."},
	{Name: "tokens", Description: "Tokens of the API: with scopes, networks and an end."},
	{Name: "documents", Description: "Policies and other texts: versions, clauses, their words and their reading."},
	{Name: "controls", Description: "Controls, their proofs, and the bindings of clauses to them."},
	{Name: "subjects", Description: "What proofs are about, and which lists are complete."},
	{Name: "verdicts", Description: "Whether what is promised holds: now, at any past moment, day by day."},
	{Name: "exceptions", Description: "Permissions not to hold, approved by a second person and always ending."},
	{Name: "failures", Description: "Episodes in which a control did not hold."},
	{Name: "evidence", Description: "Duties done and sealed, with their files."},
	{Name: "agents", Description: "Lookers, and the batches that they sign."},
	{Name: "backups", Description: "Backups of the installation, and the restores that prove them."},
	{Name: "ledger", Description: "The append-only log under everything, its checkpoints and proofs."},
}

// moment is how an Instant looks from outside: RFC 3339, or null where it is unset.
type moment struct{}

// Schema describes a moment.
func (moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// duration is how a Period looks from outside: ISO 8601, empty where it is unset.
type duration struct{}

// Schema describes a duration.
func (duration) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Examples: []any{"P3M"}}
}

// schemas names the shapes of rooms after their room, so that a text of policy and a Text differ.
func schemas() huma.Registry {
	qualified := regexp.MustCompile(`holdfast/internal/(\w+)\.(\w)`)
	namer := func(t reflect.Type, hint string) string {
		name := t.Name()
		if name == "" {
			return huma.DefaultSchemaNamer(t, hint)
		}
		if room := path.Base(t.PkgPath()); !plainRooms[room] && !strings.Contains(name, "[") {
			name = strings.ToUpper(room[:1]) + room[1:] + name
		}
		name = qualified.ReplaceAllStringFunc(name, func(s string) string {
			m := qualified.FindStringSubmatch(s)
			if plainRooms[m[1]] {
				return m[2]
			}
			return strings.ToUpper(m[1][:1]) + m[1][1:] + m[2]
		})
		return strings.NewReplacer("[", "", "]", "", "*", "", ",", "").Replace(name)
	}
	r := huma.NewMapRegistry("#/components/schemas/", namer)
	r.RegisterTypeAlias(reflect.TypeFor[isms.Instant](), reflect.TypeFor[moment]())
	r.RegisterTypeAlias(reflect.TypeFor[isms.Period](), reflect.TypeFor[duration]())
	return r
}

// plainRooms are the packages whose shapes need no prefix.
var plainRooms = map[string]bool{"wire": true, "api": true, "isms": true, "time": true, "v2": true}

// moments writes instants as RFC 3339.
var moments = json.WithMarshalers(json.MarshalToFunc(func(e *jsontext.Encoder, i isms.Instant) error {
	if i == 0 || i == isms.Forever {
		return e.WriteToken(jsontext.Null)
	}
	return e.WriteToken(jsontext.String(i.Time().Format(time.RFC3339Nano)))
}))

func write(w io.Writer, v any) error {
	return json.MarshalWrite(w, v, json.Deterministic(true), moments)
}

// read refuses names that stand twice, what is no UTF-8, and the character zero.
func read(b []byte, v any) error {
	if bytes.Contains(b, []byte(`\u0000`)) {
		if err := noZero(b); err != nil {
			return err
		}
	}
	return json.Unmarshal(b, v)
}

func noZero(b []byte) error {
	for d := jsontext.NewDecoder(bytes.NewReader(b)); ; {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if t.Kind() == '"' && strings.IndexByte(t.String(), 0) >= 0 {
			return errors.New("a text holds the character zero")
		}
	}
}

// finishDocument takes out what no answer uses and serves the document.
func (d *door) finishDocument() {
	doc := d.huma.OpenAPI()
	schemas := doc.Components.Schemas.Map()
	delete(schemas, "ErrorModel") // huma's own errors become problems on their way out
	delete(schemas, "ErrorDetail")
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Put, item.Delete} {
			if op != nil && slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "If-None-Match" }) {
				op.Responses["304"] = &huma.Response{Description: "You have it already."}
			}
		}
	}
	asJSON, err := json.Marshal(doc, json.Deterministic(true))
	if err == nil {
		err = (*jsontext.Value)(&asJSON).Canonicalize()
	}
	if err != nil {
		panic("api: OpenAPI document: " + err.Error()) // made of constant tables; a test makes it
	}
	asYAML, err := doc.YAML()
	if err != nil {
		panic("api: OpenAPI document: " + err.Error())
	}
	d.static("/openapi.json", "application/openapi+json", asJSON)
	d.static("/openapi.yaml", "application/openapi+yaml", asYAML)
}

func (d *door) static(path, contentType string, b []byte) {
	d.mux.HandleFunc("GET "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		if _, err := w.Write(b); err != nil {
			d.Log.DebugContext(r.Context(), "api: write document", "err", err)
		}
	})
}
