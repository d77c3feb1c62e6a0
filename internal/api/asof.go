package api

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/internal/isms"
)

// asOf is the parameter as_of: a moment, or none.
type asOf struct {
	instant isms.Instant
	set     bool
}

// UnmarshalText reads RFC 3339.
func (a *asOf) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return isms.Errorf(isms.Invalid, "field.not_a_time").Because(err)
	}
	// Microseconds since 1970 reach beyond every year that RFC 3339 can write.
	a.instant, a.set = isms.InstantOf(t), true
	return nil
}

// Schema describes the parameter.
func (asOf) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-11-02T09:00:00Z"}}
}
