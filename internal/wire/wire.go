// Package wire holds the JSON shapes that Holdfast speaks with programs: the API's answers and
// questions and what agents send. Shapes change by addition only. Times are RFC 3339 in UTC,
// days are YYYY-MM-DD, periods ISO 8601; bytes are base64. The tags doc, example, enum and
// pattern become the OpenAPI document.
//
// Floor 0. It imports isms and nothing else of ours.
package wire

import (
	"time"

	"holdfast/internal/isms"
)

// Page is one page of a list. Next is the cursor of the following page and absent on the last.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false" doc:"At most limit records."`
	Next  string `json:"next,omitempty" doc:"Opaque cursor: give it as the parameter after to get the next page. All pages of a list show the same moment."`
}

// Time converts a moment; the zero instant is the zero time, which optional fields leave out.
func Time(i isms.Instant) time.Time {
	if i == 0 {
		return time.Time{}
	}
	return i.Time()
}

// Organisation is one company.
type Organisation struct {
	ID       isms.ID  `json:"id" example:"org_01jcf1q6zvf8tr0000000000aa"`
	Revision int64    `json:"rev" minimum:"1" doc:"Revision of the record; its ETag."`
	Name     string   `json:"name"`
	State    string   `json:"state" enum:"active,closed"`
	Zone     string   `json:"zone" doc:"IANA time zone in which its days begin." example:"Europe/Ljubljana"`
	Language string   `json:"language" enum:"en,de,sl" doc:"Language of what it writes."`
	Domains  []string `json:"domains" nullable:"false" doc:"Mail and web domains that are its own."`
}

// OrganisationNew is what a new organisation needs.
type OrganisationNew struct {
	Name     string   `json:"name" minLength:"1" maxLength:"200"`
	Zone     string   `json:"zone,omitempty" maxLength:"64" doc:"IANA time zone; UTC if absent."`
	Language string   `json:"language,omitempty" enum:"en,de,sl" doc:"English if absent."`
	Domains  []string `json:"domains,omitempty" nullable:"false" maxItems:"100" doc:"Mail and web domains that are its own."`
}

// OrganisationChange changes what it names and leaves the rest.
type OrganisationChange struct {
	Name     *string   `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Zone     *string   `json:"zone,omitempty" maxLength:"64"`
	Language *string   `json:"language,omitempty" enum:"en,de,sl"`
	Domains  *[]string `json:"domains,omitempty" nullable:"false" maxItems:"100"`
}

// Self says who is asking.
type Self struct {
	Account  isms.ID     `json:"account,omitempty" doc:"The person behind the token or session."`
	Means    isms.Means  `json:"means" enum:"session,token"`
	Via      isms.ID     `json:"via,omitempty" doc:"The token or session."`
	Place    isms.ID     `json:"place,omitempty" doc:"Where it holds: an organisation, or the instance."`
	Roles    []isms.Role `json:"roles" nullable:"false" doc:"What the person is there."`
	Scopes   []string    `json:"scopes" nullable:"false" doc:"What a token is limited to: acts, read or write."`
	Instance isms.ID     `json:"instance"`
	Version  string      `json:"version" doc:"Of Holdfast."`
}
