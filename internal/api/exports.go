package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"holdfast/internal/bundle"
	"holdfast/internal/isms"
	"holdfast/internal/keep"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/store"
)

func (d *door) exportOperations() {
	export := clauseTexts.act1("/{id}/bundle", "export-bundle", people.LedgerExport, "Export the bundle that proves a verdict",
		"One file: whoever has it derives the verdict again with holdfast verify, offline. The export stands in the access log.")
	export.method, export.produce = http.MethodGet, "application/octet-stream"
	handle(d, export, d.bundle)
	for _, b := range []struct{ id, path, title string }{
		{"list-backups", "/instance/backups", "List the backups that were taken"}, {"list-restore-drills", "/instance/restore-drills", "List the restores that were tried"},
	} {
		s := spec{id: b.id, method: http.MethodGet, path: b.path, tag: "backups", act: string(people.BackupRun), title: b.title}
		if b.id == "list-backups" {
			handle(d, s, d.listBackups)
			continue
		}
		handle(d, s, d.listDrills)
	}
}

// accessOperations list who read what: at an organisation, and on the instance.
func (d *door) accessOperations(p placed) {
	handle(d, p.spec(http.MethodGet, "list", "accesses", "/access-log", "ledger", people.AccessLogRead, "List the access log", "Sign-ins, exports, use of tokens, reading of restricted records; newest first."), d.listAccesses)
}

func (d *door) bundle(ctx context.Context, c *call, in *struct {
	Target
	AsOf asOf `query:"as_of" doc:"The moment of the verdict; now if absent."`
}) (*Raw, error) {
	if _, err := clauseTexts.get(ctx, c, in.ID, asOf{}); err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(o.Record.Zone)
	if err != nil {
		return nil, err
	}
	at := d.Instance.Clock.Now()
	if in.AsOf.set {
		at = min(at, in.AsOf.instant)
	}
	b, err := bundle.Build(ctx, c.log, in.ID, at, zone)
	if err != nil {
		return nil, err
	}
	if err := c.log.Access(ctx, c.actor, "bundle.export", in.ID, ""); err != nil {
		return nil, err
	}
	c.huma.SetHeader("Content-Disposition", `attachment; filename="`+string(in.ID)+`.holdfast-bundle"`)
	return &Raw{EntryIndex: c.now(), Body: b}, nil
}

type accessList struct {
	Paging
	Actor  string    `query:"actor" maxLength:"64"`
	Act    string    `query:"act" maxLength:"64"`
	Object isms.ID   `query:"object" maxLength:"64"`
	From   time.Time `query:"from"`
	Until  time.Time `query:"until" doc:"Not including this moment."`
}

func (d *door) listAccesses(ctx context.Context, c *call, in *accessList) (*Many[ledger.Access], error) {
	f := ledger.AccessFilter{Actor: in.Actor, Act: in.Act, Object: in.Object, From: instant(in.From), Until: instant(in.Until)}
	key := func(a ledger.Access) []string { return []string{strconv.FormatInt(a.N, 10)} }
	same := func(a ledger.Access) ledger.Access { return a }
	return list(ctx, c, Listing{Limit: in.Limit, After: in.After}, key, same, func(tx *store.Tx, after []string, limit int) (out []ledger.Access, err error) {
		if after != nil {
			if f.Before, err = strconv.ParseInt(after[0], 10, 64); err != nil {
				return nil, err
			}
			if f.Before == 0 { // the first access of all was the last of the page before
				return nil, nil
			}
		}
		return ledger.Accesses(ctx, tx, f, limit)
	})
}

func (d *door) listBackups(ctx context.Context, c *call, in *Listing) (*Many[keep.Backup], error) {
	return list(ctx, c, *in, func(b keep.Backup) []string { return []string{string(b.ID)} }, func(b keep.Backup) keep.Backup { return b },
		func(tx *store.Tx, after []string, limit int) ([]keep.Backup, error) {
			return keep.Backups.Where(ctx, tx, `id > $2`, limit, first(after))
		})
}

func (d *door) listDrills(ctx context.Context, c *call, in *Listing) (*Many[keep.Drill], error) {
	return list(ctx, c, *in, func(b keep.Drill) []string { return []string{string(b.ID)} }, func(b keep.Drill) keep.Drill { return b },
		func(tx *store.Tx, after []string, limit int) ([]keep.Drill, error) {
			return keep.Drills.Where(ctx, tx, `id > $2`, limit, first(after))
		})
}
