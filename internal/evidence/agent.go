package evidence

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// Agent is a looker whose batches are taken.
type Agent struct {
	register.Row
	Name      string `json:"name"`
	PublicKey string `json:"public_key"` // Ed25519, hex
	State     string `json:"state"`      // active or revoked
}

// States of an agent.
const (
	Active  = "active"
	Revoked = "revoked"
)

// Agents is the register of agents.
var Agents = register.Declare("evidence_agent", AgentPrefix, func(a *Agent) []register.Column {
	return []register.Column{register.Text("name", &a.Name), register.Text("public_key", &a.PublicKey), register.State("state", &a.State)}
})

// BuiltIn is the name of the agent inside the server.
const BuiltIn = "holdfast"

// Enrol makes an agent with its public key. Errors: evidence.key_malformed, evidence.name_missing.
func (r *Room) Enrol(ctx context.Context, actor isms.Actor, name string, key ed25519.PublicKey) (Agent, error) {
	a := Agent{Name: strings.TrimSpace(name), PublicKey: hex.EncodeToString(key), State: Active}
	if err := r.allow(actor, people.AgentEnrol, people.Record{}); err != nil {
		return a, err
	}
	if len(key) != ed25519.PublicKeySize {
		return a, isms.Errorf(isms.Invalid, "evidence.key_malformed").At("public_key")
	}
	if a.Name == "" || a.Name == BuiltIn {
		return a, isms.Errorf(isms.Invalid, "evidence.name_missing").At("name")
	}
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		a.Row = register.Row{}
		return Agents.Add(ctx, tx, "agent.enrolled", &a)
	})
	return a, err
}

// Revoke ends an agent: what it sends from now on is refused.
func (r *Room) Revoke(ctx context.Context, actor isms.Actor, agent isms.ID) error {
	if err := r.allow(actor, people.AgentEnrol, people.Record{}); err != nil {
		return err
	}
	return r.Log.Write(ctx, actor, func(tx *ledger.Tx) error {
		a, err := Agents.Get(ctx, tx.Tx, agent)
		if err != nil {
			return err
		}
		a.State = Revoked
		return Agents.Revise(ctx, tx, "agent.revoked", &a)
	})
}

// builtIn returns the server's own agent and its key. The key is derived from the
// organisation's data key, so nothing secret is kept; when that key is rotated, the agent's
// public key is revised.
func (r *Room) builtIn(ctx context.Context) (Agent, ed25519.PrivateKey, error) {
	key := ed25519.NewKeyFromSeed(r.Log.DB.Secret("built-in agent"))
	public := hex.EncodeToString(key.Public().(ed25519.PublicKey))
	a, err := r.findBuiltIn(ctx)
	if err != nil || a.PublicKey == public {
		return a, key, err
	}
	err = r.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		as, err := Agents.Where(ctx, tx.Tx, `name = $2`, 1, BuiltIn)
		if err != nil {
			return err
		}
		if len(as) == 0 {
			a = Agent{Name: BuiltIn, PublicKey: public, State: Active}
			return Agents.Add(ctx, tx, "agent.enrolled", &a)
		}
		if a = as[0]; a.PublicKey == public {
			return nil
		}
		a.PublicKey = public
		return Agents.Revise(ctx, tx, "agent.key_changed", &a)
	})
	return a, key, err
}

func (r *Room) findBuiltIn(ctx context.Context) (a Agent, err error) {
	err = r.Log.Read(ctx, func(tx *store.Tx) error {
		as, err := Agents.Where(ctx, tx, `name = $2`, 1, BuiltIn)
		if len(as) > 0 {
			a = as[0]
		}
		return err
	})
	return a, err
}

// Finding says what is wrong with what an agent sent. The batch concerned was not taken.
type Finding struct {
	register.Row
	Agent    isms.ID      `json:"agent"`
	Epoch    int64        `json:"epoch"`
	Sequence int64        `json:"sequence"`
	Digest   string       `json:"digest"` // SHA-256 of the batch, hex
	Because  isms.Reason  `json:"because"`
	Found    isms.Instant `json:"found"`
}

// Findings is the register of findings about agents.
var Findings = register.Declare("evidence_finding", FindingPrefix, func(f *Finding) []register.Column {
	return []register.Column{
		register.Ref("agent", &f.Agent), register.Int("epoch", &f.Epoch), register.Int("sequence", &f.Sequence), register.Text("digest", &f.Digest),
		register.JSON("because", &f.Because), register.Instant("found", &f.Found),
	}
})
