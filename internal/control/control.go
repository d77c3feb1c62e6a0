// Package control keeps what the organisation does so that its clauses are true, and says
// whether they are: controls and their proofs, bindings of clauses to controls, subjects and
// scopes, exceptions, failures, and the verdicts with their history. It owns the words control,
// proof, binding, subject, scope, exception, failure and verdict interval.
//
// Assemble gathers what a verdict rests on, for the present, any past moment and the bundle
// alike; React follows the ledger and writes each change of a verdict as an entry.
//
// Floor 2.
package control

import (
	"context"
	"embed"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/probe"
	"holdfast/internal/register"
	"holdfast/internal/store"
	"holdfast/internal/verdict"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is what this room keeps in an organisation's database.
var Schema = store.Schema{Room: "control", Files: files, Housekeeping: []string{"control_cursor", "control_wake"}}

// Prefixes of ids that only this room makes.
const (
	VerdictPrefix = "vrd"
	DayPrefix     = "day"
)

// Room holds the verbs over one organisation's controls and verdicts.
type Room struct {
	Log *ledger.Log
	// Zone is where the organisation's days begin. Nil: UTC.
	Zone *time.Location
	// Host is the name of the machine that the built-in agent runs on: of subjects that are
	// hosts it looks at that one only.
	Host string

	known atomic.Pointer[plans] // what Judge asked last

	mu     sync.Mutex // one React or SealDays at a time; guards the rest
	cursor int64      // entries before it have been followed; 0: not read yet
	sealed isms.Date  // days before it are sealed
}

// allow asks the decision table whether the actor may do an act on a record of ours.
func (r *Room) allow(actor isms.Actor, act people.Act, rec people.Record) error {
	rec.Place = r.Log.DB.Name
	return people.Allow(actor, act, rec, r.Log.Clock.Now())
}

// allowOf is allow for something of a control, which its owner and deputy may work on.
func (r *Room) allowOf(ctx context.Context, tx *store.Tx, actor isms.Actor, act people.Act, control isms.ID) (Control, error) {
	c, err := Controls.Get(ctx, tx, control)
	if err != nil {
		return c, err
	}
	return c, r.allow(actor, act, people.Record{Owner: c.whose(actor)})
}

// whose is the owner, or the deputy where it is the deputy who acts.
func (c *Control) whose(actor isms.Actor) isms.ID {
	if c.Deputy != "" && c.Deputy == actor.Account {
		return c.Deputy
	}
	return c.Owner
}

func (r *Room) zone() *time.Location {
	if r.Zone == nil {
		return time.UTC
	}
	return r.Zone
}

// States of a control and of a proof.
const (
	Active  = "active"
	Retired = "retired"
)

// Control is what the organisation does so that clauses are true: its own, or adopted from
// the catalogue as a copy of text, parameters and version.
type Control struct {
	register.Row
	Template        string      `json:"template"`         // id in the catalogue; empty: our own
	TemplateVersion int64       `json:"template_version"` // as adopted
	Title           isms.Text   `json:"title"`
	Purpose         isms.Text   `json:"purpose"`
	Themes          []string    `json:"themes"`
	Parameters      []Parameter `json:"parameters"`
	Owner           isms.ID     `json:"owner"`
	Deputy          isms.ID     `json:"deputy"`
	Critical        bool        `json:"critical"` // a failure must be answered within the hour
	State           string      `json:"state"`
}

// Parameter is a figure of a control as the organisation set it.
type Parameter struct {
	Name  string             `json:"name"`
	Kind  verdict.FigureKind `json:"kind"`
	Value string             `json:"value"`
	Ours  bool               `json:"ours"` // our proposal, no figure of a law or a standard
}

// Controls is the register of controls.
var Controls = register.Declare("control", isms.ControlPrefix, func(c *Control) []register.Column {
	return []register.Column{
		register.Text("template", &c.Template), register.Int("template_version", &c.TemplateVersion), register.JSON("title", &c.Title),
		register.JSON("purpose", &c.Purpose), register.JSON("themes", &c.Themes), register.JSON("parameters", &c.Parameters),
		register.Ref("owner", &c.Owner), register.Ref("deputy", &c.Deputy), register.Bool("critical", &c.Critical), register.State("state", &c.State),
	}
})

// Proof is one way in which a control is shown to hold.
type Proof struct {
	register.Row
	Control  isms.ID           `json:"control"`
	Key      string            `json:"key"` // stable within the control
	Kind     verdict.ProofKind `json:"kind"`
	Title    isms.Text         `json:"title"`
	Probe    string            `json:"probe"`  // of a check
	Params   probe.Params      `json:"params"` // of a check
	Rule     string            `json:"rule"`   // of a rule
	Every    isms.Period       `json:"every"`  // how often it is planned
	Window   isms.Period       `json:"window"` // how long a look counts; a check without one: three times Every
	Required bool              `json:"required"`
	Scope    isms.ID           `json:"scope"` // empty: the organisation as a whole (duties and rules)
	Parts    []string          `json:"parts"` // of the sentence; none: all of the binding's
	Figures  []verdict.Figure  `json:"figures"`
	Role     isms.Role         `json:"role"` // who does a duty
	Deputy   isms.Role         `json:"deputy"`
	Recorded isms.Instant      `json:"recorded"`
	State    string            `json:"state"`
}

// Proofs is the register of proofs.
var Proofs = register.Declare("control_proof", isms.ProofPrefix, func(p *Proof) []register.Column {
	return []register.Column{
		register.Ref("control", &p.Control), register.Text("key_name", &p.Key), register.State("kind", &p.Kind), register.JSON("title", &p.Title),
		register.Text("probe", &p.Probe), register.JSON("params", &p.Params), register.Text("rule", &p.Rule), register.Period("every", &p.Every),
		register.Period("window_period", &p.Window), register.Bool("required", &p.Required), register.Ref("scope", &p.Scope), register.JSON("parts", &p.Parts),
		register.JSON("figures", &p.Figures), register.State("role", &p.Role), register.State("deputy", &p.Deputy),
		register.Instant("recorded", &p.Recorded), register.State("state", &p.State),
	}
})

// window is how long a look of the proof counts by plan.
func (p *Proof) window() isms.Period {
	if !p.Window.IsZero() || p.Kind != verdict.CheckProof {
		return p.Window
	}
	e := p.Every
	return isms.Period{Years: 3 * e.Years, Months: 3 * e.Months, Weeks: 3 * e.Weeks, Days: 3 * e.Days, Hours: 3 * e.Hours, Minutes: 3 * e.Minutes, Seconds: 3 * e.Seconds}
}

// BindingState is where a binding stands.
type BindingState string

// The states of a binding. Only a confirmed one counts.
const (
	Proposed  BindingState = "proposed"
	Confirmed BindingState = "confirmed"
	Refused   BindingState = "refused"
	Ended     BindingState = "ended"
)

// Binding ties words of a clause to a control. It goes with the words: a version that says
// the same in the same words keeps it; changed words need a new one.
type Binding struct {
	register.Row
	Document    isms.ID          `json:"document"`
	Clause      isms.ID          `json:"clause"`
	Words       string           `json:"words"`       // hash of the clause text
	ClauseText  isms.ID          `json:"clause_text"` // on which it was made
	Control     isms.ID          `json:"control"`     // empty: a proposal to adopt Template
	Template    string           `json:"template"`
	Parts       []string         `json:"parts"` // of the sentence; none: all of it
	Figures     []verdict.Figure `json:"figures"`
	Score       int64            `json:"score"` // of a proposal, of 1000
	Because     isms.Reason      `json:"because"`
	State       BindingState     `json:"state"`
	Confirmed   isms.Instant     `json:"confirmed"`
	ConfirmedBy isms.ID          `json:"confirmed_by"`
}

// Bindings is the register of bindings.
var Bindings = register.Declare("control_binding", isms.BindingPrefix, func(b *Binding) []register.Column {
	return []register.Column{
		register.Ref("document", &b.Document), register.Ref("clause", &b.Clause), register.Text("words", &b.Words), register.Ref("clause_text", &b.ClauseText),
		register.Ref("control", &b.Control), register.Text("template", &b.Template), register.JSON("parts", &b.Parts), register.JSON("figures", &b.Figures),
		register.Int("score", &b.Score), register.JSON("because", &b.Because), register.State("state", &b.State),
		register.Instant("confirmed", &b.Confirmed), register.Ref("confirmed_by", &b.ConfirmedBy),
	}
})
