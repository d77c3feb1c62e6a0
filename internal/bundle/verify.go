package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/policy"
	"holdfast/internal/probe"
	"holdfast/internal/register"
	"holdfast/internal/verdict"
)

// Result is what a bundle proves.
type Result struct {
	Report  *ledger.Report `json:"report"`
	About   isms.ID        `json:"about"`
	Words   string         `json:"words"` // of the clause
	At      isms.Instant   `json:"at"`
	Verdict isms.Verdict   `json:"verdict"` // derived again, not as claimed
	Derived verdict.Result `json:"derived"`
}

// maxBundle bounds what is read.
const maxBundle = 256 << 20

// Verify checks a bundle without anything but what the verifier trusts. An error means that it
// could not look: a bundle of a newer format or newer rules (verify.rules_newer). What it saw
// wrong stands in the report.
func Verify(raw []byte, trust ledger.Trust) (*Result, error) {
	rep := &ledger.Report{OK: true, Signer: ledger.SignerUnknown, Problems: []ledger.Problem{}}
	res := &Result{Report: rep, Verdict: isms.Unproven}
	v := checking{rep: rep, at: map[int64]*ledger.Entry{}}
	if len(raw) > maxBundle {
		return res, isms.Errorf(isms.Invalid, "verify.bundle_too_large")
	}
	c, body, seal, err := parse(raw)
	if c.Version > Version || c.Rules > verdict.Version {
		return res, isms.Errorf(isms.Unavailable, "verify.rules_newer")
	}
	if err != nil {
		v.wrong(-1, "verify.bundle_malformed", "cause", err.Error())
		return res, nil
	}
	v.c, res.About, res.At = &c, c.About, c.At
	v.trees(trust, body, seal)
	for i := range c.Entries {
		v.entry(&c.Entries[i])
	}
	for i := range c.Looks {
		v.look(&c.Looks[i])
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || c.Zone == "Local" {
		v.wrong(-1, "verify.bundle_malformed", "cause", "zone "+c.Zone)
		return res, nil
	}
	in := control.Rebuild(v.rec, c.At, zone)
	in.Version = c.Rules
	canonical, err := in.Canonical()
	if err != nil || !bytes.Equal(canonical, c.Input) {
		v.wrong(-1, "verify.input_differs")
	}
	res.Derived = verdict.Derive(in)
	res.Verdict, res.Words = res.Derived.Verdict, v.rec.ClauseText.Text
	if res.Verdict != c.Verdict {
		v.wrong(-1, "verify.verdict_differs", "claimed", string(c.Verdict), "derived", string(res.Verdict))
	}
	if !rep.OK {
		rep.Signer = ledger.SignerUnknown
	}
	return res, nil
}

// checking is a bundle under verification.
type checking struct {
	rep   *ledger.Report
	c     *content
	heads []ledger.Checkpoint
	rec   control.Records
	agent []evidence.Agent
	at    map[int64]*ledger.Entry
}

func (v *checking) wrong(idx int64, code string, kv ...string) {
	v.rep.Wrong("bundle", idx, isms.Because(code, kv...))
}

// trees opens the checkpoints and the seal, and says how far their signer can be believed.
func (v *checking) trees(trust ledger.Trust, body []byte, seal string) {
	v.heads = make([]ledger.Checkpoint, len(v.c.Trees))
	for i, t := range v.c.Trees {
		var err error
		if v.heads[i], err = ledger.OpenCheckpoint([]byte(t.Checkpoint), t.VKey); err != nil || t.Start < 0 {
			v.wrong(-1, "verify.checkpoint_changed", "generation", strconv.Itoa(i+1), "size", "")
		}
		for _, s := range trust.Seen {
			if s.Origin != v.heads[i].Origin || err != nil {
				continue
			}
			switch {
			case s.Size == v.heads[i].Size && s.Root != v.heads[i].Root:
				v.wrong(-1, "verify.history_rewritten", "origin", s.Origin, "size", strconv.FormatInt(s.Size, 10))
			case s.Size == v.heads[i].Size:
				v.rep.Signer = ledger.SignerRemembered
			}
		}
	}
	v.rep.Count(func(c *ledger.Counts) { c.Generations, c.Checkpoints = int64(len(v.heads)), int64(len(v.heads)) })
	if len(v.c.Trees) == 0 {
		v.wrong(-1, "verify.bundle_malformed", "cause", "no tree")
		return
	}
	last := v.c.Trees[len(v.c.Trees)-1]
	v.rep.Checkpoint, v.rep.VerifierKey = last.Checkpoint, last.VKey
	lines, err := ledger.OpenText([]byte(seal), last.VKey, SealKind)
	if err != nil || len(lines) != 1 || lines[0] != digest(body) {
		v.wrong(-1, "verify.bundle_seal")
	}
	if len(trust.Keys) == 0 {
		return
	}
	for i, t := range v.c.Trees {
		if !slices.Contains(trust.Keys, t.VKey) {
			v.rep.Wrong("generation", -1, isms.Because("verify.signer_other", "generation", strconv.Itoa(i+1)))
			return
		}
	}
	v.rep.Signer = ledger.SignerKnown
}

// entry checks an entry's place in its tree and reads its record.
func (v *checking) entry(x *entry) {
	e := &ledger.Entry{Index: x.Index, At: x.At, Kind: x.Kind, Subject: x.Subject, Rev: x.Rev, Actor: x.Actor, Means: x.Means,
		HeaderSalt: x.HeaderSalt, PayloadSalt: x.PayloadSalt, Payload: []byte(x.Payload)}
	v.rep.Count(func(c *ledger.Counts) { c.Entries++ })
	if err := v.proven(x, e); err != nil {
		v.wrong(x.Index, "verify.entry_unproven", "cause", err.Error())
		return
	}
	if e.At > v.c.At || v.at[e.Index] != nil {
		v.wrong(x.Index, "verify.entry_unproven", "cause", "after the moment that is asked about, or twice")
		return
	}
	v.at[e.Index] = e
	if err := v.read(e); err != nil {
		v.wrong(x.Index, "verify.entry_meaningless", "cause", err.Error())
	}
}

func (v *checking) proven(x *entry, e *ledger.Entry) error {
	if x.Tree < 0 || x.Tree >= len(v.heads) || len(x.HeaderSalt) != ledger.SaltSize || len(x.PayloadSalt) != ledger.SaltSize {
		return fmt.Errorf("malformed")
	}
	e.Recommit()
	path := make(tlog.RecordProof, len(x.Path))
	for i, h := range x.Path {
		if len(h) != sha256.Size {
			return fmt.Errorf("malformed")
		}
		path[i] = tlog.Hash(h)
	}
	head := v.heads[x.Tree]
	return tlog.CheckRecord(path, head.Size, head.Root, x.Index-v.c.Trees[x.Tree].Start, tlog.RecordHash(e.Leaf()))
}

// read takes up the record that an entry wrote.
func (v *checking) read(e *ledger.Entry) (err error) {
	switch e.Subject.Prefix() {
	case isms.ClauseTextPrefix:
		if v.rec.ClauseText, err = policy.ClauseTexts.Parse(e); err != nil {
			return err
		}
		if ct := v.rec.ClauseText; ct.ID != v.c.About || policy.Hash(ct.Text) != ct.Hash {
			return fmt.Errorf("the words are not those of the clause text")
		}
	case isms.BindingPrefix:
		v.rec.Bindings, err = taken(v.rec.Bindings)(control.Bindings.Parse(e))
	case isms.ProofPrefix:
		v.rec.Proofs, err = taken(v.rec.Proofs)(control.Proofs.Parse(e))
	case isms.ScopePrefix:
		v.rec.Scopes, err = taken(v.rec.Scopes)(control.Scopes.Parse(e))
	case isms.SubjectPrefix:
		v.rec.Subjects, err = taken(v.rec.Subjects)(control.Subjects.Parse(e))
	case isms.ExceptionPrefix:
		v.rec.Exceptions, err = taken(v.rec.Exceptions)(control.Exceptions.Parse(e))
	case evidence.AgentPrefix:
		v.agent, err = taken(v.agent)(evidence.Agents.Parse(e))
	case isms.EvidencePrefix:
		var rec evidence.Record
		if rec, err = evidence.Records.Parse(e); err == nil {
			v.rec.Looks = append(v.rec.Looks, rec.Look())
		}
	case isms.BatchPrefix: // read with its looks
	default:
		err = fmt.Errorf("%s belongs to no verdict", e.Subject)
	}
	return err
}

func taken[T any](list []T) func(T, error) ([]T, error) {
	return func(x T, err error) ([]T, error) {
		if err != nil {
			return list, err
		}
		return append(list, x), nil
	}
}

// look checks that an agent saw what it is said to have seen, and judges it again.
func (v *checking) look(x *look) {
	if err := v.seen(x); err != nil {
		v.wrong(x.Entry, "verify.look_unproven", "cause", err.Error())
	}
}

func (v *checking) seen(x *look) error {
	e := v.at[x.Entry]
	if e == nil || e.Kind != evidence.BatchReceived {
		return fmt.Errorf("entry %d took no batch", x.Entry)
	}
	var t evidence.Taken
	if err := json.Unmarshal(e.Payload, &t, json.RejectUnknownMembers(true)); err != nil {
		return err
	}
	h := x.Batch.Header
	if h.Root != t.Root || h.Agent != t.Agent || h.Epoch != t.Epoch || h.Sequence != t.Sequence || h.Count != t.Items {
		return fmt.Errorf("the observation is of another batch")
	}
	agent := before(v.agent, t.Agent, x.Entry)
	plan := before(v.rec.Proofs, x.Proof, x.Entry)
	subject := before(v.rec.Subjects, x.Subject, x.Entry)
	if agent == nil || plan == nil || subject == nil {
		return fmt.Errorf("agent, proof or subject of the look is not in the bundle")
	}
	key, err := hex.DecodeString(agent.PublicKey)
	if err != nil {
		return err
	}
	o, err := probe.CheckProof(ed25519.PublicKey(key), x.Batch)
	if err != nil {
		return err
	}
	a, ok := control.Answers(plan, subject, &o)
	if !ok {
		return fmt.Errorf("the observation is about something else")
	}
	v.rec.Looks = append(v.rec.Looks, a.Look(&o, t.Received, e.At, verdict.Ref{Entry: x.Entry, Item: x.Batch.Index}))
	return nil
}

// before is the newest revision of a record that an entry found there.
func before[T any, P interface {
	*T
	Record() *register.Row
}](all []T, id isms.ID, entry int64) *T {
	var best *T
	for i := range all {
		r := P(&all[i]).Record()
		if r.ID == id && r.From < entry && (best == nil || P(best).Record().From < r.From) {
			best = &all[i]
		}
	}
	return best
}

// Origins are the origins that a bundle's checkpoints name, for a verifier to recall what it
// saw of them. Nothing of it is checked yet.
func Origins(raw []byte) []string {
	c, _, _, err := parse(raw)
	if err != nil {
		return nil
	}
	var out []string
	for _, t := range c.Trees {
		origin, _, _ := strings.Cut(t.Checkpoint, "\n")
		out = append(out, origin)
	}
	return out
}
