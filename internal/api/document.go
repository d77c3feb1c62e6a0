package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
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
	{Name: "ledger", Description: "The append-only log under everything, its checkpoints and proofs."},
}

func write(w io.Writer, v any) error { return json.MarshalWrite(w, v, json.Deterministic(true)) }

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
