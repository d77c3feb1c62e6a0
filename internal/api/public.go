package api

import (
	"net/http"
	"strings"

	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// LogPrefix is where the public parts of the ledgers lie: below the origin of a log, without
// its generation, everything has the layout of C2SP tlog-tiles.
const LogPrefix = "/log/"

// Public serves checkpoints, hash tiles and leaves of every ledger to anybody, under
// LogPrefix and the origin: /log/holdfast/ins_…/org_…/1/checkpoint. Leaves are salted commitments,
// so nothing of the entries shows.
func Public(cfg Config) http.Handler {
	d := newDoor(cfg)
	return d.hosts(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			d.problem(w, r, isms.Errorf(isms.Invalid, "api.method_not_allowed", "method", r.Method))
			return
		}
		if err := d.rates.take(r.RemoteAddr[:strings.LastIndexByte(r.RemoteAddr, ':')+1], w.Header().Set); err != nil {
			d.problem(w, r, err)
			return
		}
		d.publicFile(w, r)
	}))
}

func (d *door) publicFile(w http.ResponseWriter, r *http.Request) {
	l, file, err := d.logOf(r, strings.TrimPrefix(r.URL.Path, LogPrefix))
	var b []byte
	if err == nil {
		err = l.Read(r.Context(), func(tx *store.Tx) (err error) { b, err = ledger.Public(r.Context(), tx, file); return err })
	}
	if err != nil {
		if isms.KindOf(err) != isms.NotFound {
			d.Log.ErrorContext(r.Context(), "public log", "path", r.URL.Path, "err", err)
		}
		d.problem(w, r, err)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Content-Type", "application/octet-stream")
	switch {
	case strings.HasSuffix(file, "/checkpoint"):
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
	default: // tiles of a width never change
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if _, err := w.Write(b); err != nil {
		d.Log.DebugContext(r.Context(), "public log: write", "err", err)
	}
}

// logOf finds the log whose origin begins a path, and what of it is asked for.
func (d *door) logOf(r *http.Request, path string) (*ledger.Log, string, error) {
	missing := isms.Errorf(isms.NotFound, "tile.unknown")
	rest, ok := strings.CutPrefix(path, "holdfast/"+string(d.Instance.Store.Name)+"/")
	if !ok {
		return nil, "", missing
	}
	name, file, _ := strings.Cut(rest, "/")
	if !strings.HasPrefix(name, isms.OrganisationPrefix+"_") {
		return d.Instance.Log, rest, nil
	}
	id := isms.ID(name)
	if !id.Valid(isms.OrganisationPrefix) {
		return nil, "", missing
	}
	// Only what exists is opened.
	err := d.Instance.Log.Read(r.Context(), func(tx *store.Tx) error {
		_, err := instance.Organisations.Get(r.Context(), tx, id)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	l, err := d.Instance.Organisation(r.Context(), id)
	return l, file, err
}
