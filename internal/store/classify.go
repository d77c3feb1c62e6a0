package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"

	"holdfast/internal/isms"
)

// classify turns an engine's error into one of ours, once; the cause stays wrapped.
func classify(err error) error {
	if err == nil || errors.Is(err, sql.ErrTxDone) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var ours *isms.Error
	if errors.As(err, &ours) {
		return err
	}
	kind, code := isms.Internal, ""
	var pg *pgconn.PgError
	var lite *sqlite3.Error
	switch {
	case errors.As(err, &pg):
		kind, code = ofPostgres(pg)
	case errors.As(err, &lite) && lite.ExtendedCode() == sqlite3.IOERR_DATA: // a page's checksum is wrong
		kind, code = isms.Internal, "store.damaged"
	case errors.As(err, &lite):
		kind, code = ofSQLite(lite.Code())
	default:
		var code sqlite3.ErrorCode
		var xcode sqlite3.ExtendedErrorCode
		if errors.As(err, &xcode) {
			if xcode == sqlite3.IOERR_DATA {
				return isms.Errorf(isms.Internal, "store.damaged").Because(err)
			}
			return wrap(ofSQLiteErr(xcode.Code()))(err)
		}
		if errors.As(err, &code) {
			return wrap(ofSQLiteErr(code))(err)
		}
		var op *net.OpError
		var conn *pgconn.ConnectError
		if errors.As(err, &op) || errors.As(err, &conn) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
			errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "conn closed") {
			return isms.Errorf(isms.Unavailable, "store.database_gone").Because(err)
		}
		return err
	}
	if code == "" {
		return err
	}
	return isms.Errorf(kind, code).Because(err)
}

func wrap(kind isms.Kind, code string) func(error) error {
	return func(err error) error {
		if code == "" {
			return err
		}
		return isms.Errorf(kind, code).Because(err)
	}
}

func ofSQLiteErr(c sqlite3.ErrorCode) (isms.Kind, string) { return ofSQLite(c) }

func ofSQLite(c sqlite3.ErrorCode) (isms.Kind, string) {
	switch c {
	case sqlite3.BUSY, sqlite3.LOCKED:
		return isms.Unavailable, "store.busy"
	case sqlite3.FULL:
		return isms.Unavailable, "store.disk_full"
	case sqlite3.READONLY, sqlite3.PERM, sqlite3.CANTOPEN:
		return isms.Unavailable, "store.read_only"
	case sqlite3.CORRUPT, sqlite3.NOTADB:
		return isms.Internal, "store.damaged"
	case sqlite3.IOERR:
		return isms.Unavailable, "store.disk_error"
	case sqlite3.CONSTRAINT:
		return isms.Conflict, "store.constraint"
	}
	return isms.Internal, ""
}

func ofPostgres(pg *pgconn.PgError) (isms.Kind, string) {
	switch {
	case pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03":
		return isms.Unavailable, "store.busy"
	case pg.Code == "53100":
		return isms.Unavailable, "store.disk_full"
	case pg.Code == "25006":
		return isms.Unavailable, "store.read_only"
	case strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53"):
		return isms.Unavailable, "store.database_gone"
	case strings.HasPrefix(pg.Code, "XX"):
		return isms.Internal, "store.damaged"
	case strings.HasPrefix(pg.Code, "23"):
		return isms.Conflict, "store.constraint"
	case pg.Code == "22021": // a zero byte, or no UTF-8: no text that can be kept
		return isms.Invalid, "field.not_utf8"
	}
	return isms.Internal, ""
}
