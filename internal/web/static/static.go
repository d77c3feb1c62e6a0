// Package static holds what pages load: the stylesheet, fonts, the icon and three
// small scripts, embedded and served under an address that changes with their
// content, so that browsers may keep them for ever. Text is compressed once, when
// the server starts.
//
// Floor 4, part of web.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed css/*.css fonts/*.woff2 favicon.svg setup.js passkey.js htmx-4.0.1.min.js
var embedded embed.FS

// Names of the files as pages ask for them. Licences of the fonts and of htmx lie
// beside them in the source.
const (
	Stylesheet = "app.css"
	Icon       = "favicon.svg"
	UIFont     = "fonts/inter-eu.woff2"
	ClauseFont = "fonts/clause-serif-eu.woff2"
	HTMX       = "htmx-4.0.1.min.js"
	SetUp      = "setup.js"
	Passkey    = "passkey.js"
)

// types are the media types by file ending; nothing else is served.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

// Files are the embedded files, ready to be served.
type Files struct {
	prefix string
	files  map[string]file
}

type file struct {
	kind       string
	plain      []byte
	compressed []byte // nil if it would not be smaller
}

// Load reads and compresses the files and computes the address they are served
// under from all of their bytes.
func Load() (*Files, error) {
	f := &Files{files: make(map[string]file)}
	var sheet bytes.Buffer
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		if strings.HasPrefix(name, "css/") { // one stylesheet, in the order of the names
			sheet.Write(raw)
			return nil
		}
		return f.add(name, raw)
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	if err := f.add(Stylesheet, sheet.Bytes()); err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	f.prefix = "/static/" + f.digest() + "/"
	return f, nil
}

func (f *Files) add(name string, raw []byte) error {
	kind, ok := types[path.Ext(name)]
	if !ok {
		return fmt.Errorf("%s has no known type", name)
	}
	one := file{kind: kind, plain: raw}
	if path.Ext(name) != ".woff2" { // woff2 is compressed in itself
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(raw); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		if b.Len() < len(raw) {
			one.compressed = b.Bytes()
		}
	}
	f.files[name] = one
	return nil
}

func (f *Files) digest() string {
	var names []string
	for n := range f.files {
		names = append(names, n)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, n := range names {
		sum := sha256.Sum256(f.files[n].plain)
		fmt.Fprintf(h, "%s %x\n", n, sum)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// Prefix is the path before every file's name, with a slash at its end.
func (f *Files) Prefix() string { return f.prefix }

// ServeHTTP answers GET and HEAD for a file under the present prefix. An address
// of an older content is not found rather than served with other bytes.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, f.prefix)
	one, found := f.files[name]
	if !ok || !found {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", one.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	body := one.plain
	if one.compressed != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = one.compressed
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the reader may have gone; there is nobody left to tell
}
