package api

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"net/http"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/store"
	"holdfast/internal/wire"
)

type exceptionList struct {
	Filtered
	State []string `query:"state,explode" nullable:"false" doc:"Any of asked, approved, refused, ended."`
}

func (f exceptionList) where() []equal { return []equal{{"state", f.State}} }

type failureList struct {
	Filtered
	Control isms.ID  `query:"control" maxLength:"64"`
	State   []string `query:"state,explode" nullable:"false"`
}

func (f failureList) where() []equal { return []equal{is("control", f.Control), {"state", f.State}} }

type recordList struct {
	Filtered
	Proof   isms.ID `query:"proof" maxLength:"64"`
	Subject isms.ID `query:"subject" maxLength:"64"`
	Outcome string  `query:"outcome" enum:"done,done_with_finding,could_not"`
}

func (f recordList) where() []equal {
	return []equal{is("proof", f.Proof), is("subject", f.Subject), is("outcome", f.Outcome)}
}

type agentList struct {
	Filtered
	State string `query:"state" enum:"active,revoked"`
}

func (f agentList) where() []equal { return []equal{is("state", f.State)} }

type findingList struct {
	Filtered
	Agent isms.ID `query:"agent" maxLength:"64"`
}

func (f findingList) where() []equal { return []equal{is("agent", f.Agent)} }

// The nouns of failures, exceptions and evidence.
var (
	exceptions = noun[control.Exception, *control.Exception]{"exception", "exceptions", "/exceptions", "exceptions", people.ExceptionRead, control.Exceptions, "asked_by"}
	failures   = noun[control.Failure, *control.Failure]{"failure", "failures", "/failures", "failures", people.FailureRead, control.Failures, ownerOf("control_failure", "control")}
	records    = noun[evidence.Record, *evidence.Record]{"evidence-record", "evidence-records", "/evidence", "evidence", people.EvidenceRead, evidence.Records, "by_account"}
	agents     = noun[evidence.Agent, *evidence.Agent]{"agent", "agents", "/agents", "agents", people.AgentRead, evidence.Agents, nobody}
	findings   = noun[evidence.Finding, *evidence.Finding]{"agent-finding", "agent-findings", "/agent-findings", "agents", people.AgentRead, evidence.Findings, nobody}
)

func (d *door) evidenceOperations() {
	listAndGet[exceptionList](d, exceptions, "Approved, always-ending permissions for proofs or subjects not to hold.")
	listAndGet[failureList](d, failures, "Episodes in which a control did not hold, worked through in five steps.")
	listAndGet[recordList](d, records, "Duties done, sealed by a person.")
	listAndGet[agentList](d, agents, "Lookers whose batches are taken.")
	listAndGet[findingList](d, findings, "What was wrong with what an agent sent.")

	handle(d, exceptions.creates("", "ask-exception", people.ExceptionRequest, "Ask for an exception", "It always ends; another person decides."), d.askException)
	handle(d, exceptions.act1("/{id}/decisions", "decide-exception", people.ExceptionApprove, "Approve or refuse an exception", "By another person than who asked."), d.decideException)
	handle(d, exceptions.act1("/{id}/endings", "end-exception", people.ExceptionRequest, "End an exception before its time", ""), d.endException)
	handle(d, failures.act1("/{id}/steps", "take-failure-step", people.FailureWork, "Take the next step of a failure", "Steps come in their order, each with its proof."), d.takeStep)
	handle(d, failures.act1("/{id}/watches", "watch-failure", people.FailureWork, "Begin the last step of a failure", "If the control holds all the time, the failure closes by itself."), d.watch)
	handle(d, records.creates("", "seal-evidence", people.EvidenceSeal, "Seal that a duty was done", "Or that it could not be done. Needs a fresh second factor."), d.seal)
	upload := records.act1("/files", "upload-file", people.DutyDo, "Keep a file for evidence", "The answer names it; sealing then refers to it.")
	upload.limit = fileLimit
	handle(d, upload, d.upload)
	handle(d, agents.creates("", "enrol-agent", people.AgentEnrol, "Enrol an agent", "With its public key."), d.enrol)
	handle(d, agents.act1("/{id}/revocations", "revoke-agent", people.AgentEnrol, "Revoke an agent", "What it sends from now on is refused."), d.revokeAgent)
	handle(d, spec{
		id: "report-batch", method: http.MethodPost, path: "/agents/batches/{organisation}", tag: "agents", act: open, limit: batchLimit,
		title: "Hand in a batch of observations", about: "The batch is signed by an enrolled agent; that is its credential. Once answered it is durable.",
	}, d.report)
	handle(d, spec{
		id: "get-document-statement", method: http.MethodGet, path: "/organisations/{organisation}/documents/{id}/statement", tag: "verdicts", act: string(people.PolicyRead),
		title: "Get the Statement of a document", about: "Its clauses in the order of the text with their verdicts.",
	}, d.statement)
	handle(d, spec{
		id: "get-document-tally", method: http.MethodGet, path: "/organisations/{organisation}/documents/{id}/tally", tag: "verdicts", act: string(people.PolicyRead),
		title: "Count the verdicts on a document's clauses", about: "Clauses that nothing was ever bound to are not counted.",
	}, d.tally)
	handle(d, controls.act1("/looks", "look-now", people.ProofEdit, "Look at what is due at once", ""), d.lookNow)
}

const (
	fileLimit  = 32 << 20
	batchLimit = 8 << 20
)

func (d *door) askException(ctx context.Context, c *call, in *inBody[wire.ExceptionNew]) (*Made[control.Exception], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	b := in.Body
	e, err := o.Control.Ask(ctx, c.actor, control.Exception{Proofs: b.Proofs, Subjects: b.Subjects, Reason: b.Reason, Instead: b.Instead, From: instant(b.From), Until: instant(b.Until)})
	if err != nil {
		return nil, err
	}
	return exceptions.made(c, e), nil
}

func (d *door) decideException(ctx context.Context, c *call, in *inActOn[wire.Decision]) (*One[control.Exception], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Control.Decide(ctx, c.actor, in.ID, in.Body.Yes, in.Body.Answer); err != nil {
		return nil, err
	}
	return exceptions.shown(ctx, c, in.ID)
}

func (d *door) endException(ctx context.Context, c *call, in *inActOn[wire.Why]) (*One[control.Exception], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Control.End(ctx, c.actor, in.ID, in.Body.Reason); err != nil {
		return nil, err
	}
	return exceptions.shown(ctx, c, in.ID)
}

func (d *door) takeStep(ctx context.Context, c *call, in *inActOn[wire.StepNew]) (*One[control.Failure], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	s := control.Step{State: control.FailureState(in.Body.State), Note: in.Body.Note, Category: in.Body.Category}
	for _, m := range in.Body.Measures {
		s.Measures = append(s.Measures, control.Measure{What: m.What, Owner: m.Owner, Due: m.Due})
	}
	if _, err := o.Control.Take(ctx, c.actor, in.ID, s); err != nil {
		return nil, err
	}
	return failures.shown(ctx, c, in.ID)
}

func (d *door) watch(ctx context.Context, c *call, in *inActOn[wire.WatchNew]) (*One[control.Failure], error) {
	every, err := period(in.Body.Every)
	if err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := o.Control.Watch(ctx, c.actor, in.ID, instant(in.Body.Until), every); err != nil {
		return nil, err
	}
	return failures.shown(ctx, c, in.ID)
}

func (d *door) seal(ctx context.Context, c *call, in *inBody[wire.RecordNew]) (*Made[evidence.Record], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	b := in.Body
	rec := evidence.Record{Proof: b.Proof, Subject: b.Subject, Outcome: evidence.Outcome(b.Outcome), Note: b.Note, Occurred: instant(b.Occurred)}
	for _, f := range b.Files {
		rec.Files = append(rec.Files, evidence.File{Digest: f.Digest, Name: f.Name, Size: f.Size})
	}
	if rec, err = o.Evidence.Seal(ctx, c.actor, rec); err != nil {
		return nil, err
	}
	return records.made(c, rec), nil
}

func (d *door) upload(ctx context.Context, c *call, in *struct {
	Name    string `query:"name" required:"true" minLength:"1" maxLength:"200"`
	RawBody []byte `contentType:"application/octet-stream"`
}) (*One[wire.File], error) {
	digest, size, err := c.log.DB.PutFile(ctx, bytes.NewReader(in.RawBody))
	if err != nil {
		return nil, err
	}
	c.now()
	return one(c, wire.File{Digest: digest, Name: in.Name, Size: size}, 1, ""), nil
}

func (d *door) enrol(ctx context.Context, c *call, in *inBody[wire.AgentNew]) (*Made[evidence.Agent], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	a, err := o.Evidence.Enrol(ctx, c.actor, in.Body.Name, ed25519.PublicKey(in.Body.PublicKey))
	if err != nil {
		return nil, err
	}
	return agents.made(c, a), nil
}

func (d *door) revokeAgent(ctx context.Context, c *call, in *Target) (*One[evidence.Agent], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Evidence.Revoke(ctx, c.actor, in.ID); err != nil {
		return nil, err
	}
	return agents.shown(ctx, c, in.ID)
}

func (d *door) report(ctx context.Context, c *call, in *struct {
	RawBody []byte `contentType:"application/octet-stream"`
}) (*One[wire.Receipt], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := o.Evidence.Receive(ctx, in.RawBody)
	if err != nil {
		return nil, err
	}
	c.now()
	return one(c, wire.Receipt{Batch: r.Batch, Entry: r.Entry, Duplicate: r.Duplicate}, 1, ""), nil
}

func (d *door) lookNow(ctx context.Context, c *call, _ *struct{}) (*One[wire.Done], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.LookNow(ctx); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) tally(ctx context.Context, c *call, in *inRecord) (*One[wire.Tally], error) {
	var out wire.Tally
	err := c.view(ctx, in.AsOf, func(tx *store.Tx) error {
		if _, err := policy.Documents.Get(ctx, tx, in.ID); err != nil {
			return err
		}
		n, err := control.Tally(ctx, tx, in.ID)
		out = wire.Tally{Failing: n[isms.Failing], Stale: n[isms.Stale], Unproven: n[isms.Unproven], Excepted: n[isms.Excepted], Holding: n[isms.Holding]}
		return err
	})
	if err != nil {
		return nil, err
	}
	return one(c, out, 1, ""), nil
}

// sentence is a clause text with the verdict on its clause.
type sentence struct {
	policy.ClauseText
	verdict control.Verdict
}

func (s sentence) wire() wire.Statement {
	v := s.verdict.Verdict
	if v == "" {
		v = isms.Unproven
	}
	return wire.Statement{Clause: s.Clause, Words: s.ID, Number: s.Number, Text: s.Text, Kind: s.Kind, Theme: s.Theme, Verdict: v, Since: wire.Time(s.verdict.Since)}
}

func (d *door) statement(ctx context.Context, c *call, in *struct {
	Target
	Listing
	Theme string `query:"theme" maxLength:"64"`
}) (*Many[wire.Statement], error) {
	next := ""
	return list(ctx, c, in.Listing, func(s sentence) []string { return []string{next} }, sentence.wire,
		func(tx *store.Tx, after []string, limit int) ([]sentence, error) {
			doc, err := policy.Documents.Get(ctx, tx, in.ID)
			if err != nil {
				return nil, err
			}
			t, err := policy.Source(ctx, tx, doc.Standing)
			if err != nil {
				return nil, err
			}
			cs, cursor, err := policy.ClausesOf(ctx, tx, t.ID, policy.Filter{Theme: in.Theme, Normative: true}, first(after), limit-1)
			if err != nil {
				return nil, err
			}
			return d.judged(ctx, tx, cs, cursor, &next)
		})
}

// judged joins clause texts with their verdicts; where there is a next page it adds one more
// sentence, which says so and is not shown.
func (d *door) judged(ctx context.Context, tx *store.Tx, cs []policy.ClauseText, cursor string, next *string) ([]sentence, error) {
	ids := make([]isms.ID, 0, len(cs))
	for _, t := range cs {
		ids = append(ids, t.Clause)
	}
	vs, err := control.VerdictsOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]sentence, 0, len(cs)+1)
	for _, t := range cs {
		out = append(out, sentence{t, vs[t.Clause]})
	}
	if *next = cursor; cursor != "" {
		out = append(out, sentence{})
	}
	return out, nil
}
