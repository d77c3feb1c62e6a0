package main

import (
	"cmp"
	"context"
	"slices"

	rooms "holdfast/internal/control"
	"holdfast/internal/evidence"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/keep"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// instanceTables and organisationTables are the records whose rows are compared with the ledger.
func instanceTables() []register.Verified {
	return []register.Verified{instance.Organisations, people.Accounts, people.Memberships, people.Tokens, people.Invitations, keep.Backups, keep.Drills}
}

func organisationTables() []register.Verified {
	return slices.Concat(policy.Tables(), evidence.Tables(), rooms.Tables())
}

// on verifies a whole installation: its own log and each organisation's, with rows, files and pages.
func (c *verifyCmd) on(ctx context.Context, a *app, e *env) error {
	all := []finding{}
	rep, err := c.log(ctx, e, a.in.Log, instanceTables(), nil)
	switch {
	case slices.Contains(broken, isms.CodeOf(err)):
		all = append(all, unreadable(string(a.in.Store.Name), cmp.Or(a.in.Log.DB.Path(), "database"), err))
	case err != nil:
		return err
	default:
		all = append(all, finding{Name: string(a.in.Store.Name), Report: rep})
	}
	orgs, err := a.in.List(ctx)
	if err != nil {
		return err
	}
	for _, o := range orgs {
		log, err := a.in.Organisation(ctx, o.ID)
		if err != nil {
			all = append(all, unreadable(string(o.ID), "database", err))
			continue
		}
		witnessed, err := witnessed(ctx, a.in, o.ID)
		if err != nil {
			return err
		}
		rep, err := c.log(ctx, e, log, organisationTables(), witnessed)
		switch {
		case slices.Contains(broken, isms.CodeOf(err)):
			all = append(all, unreadable(string(o.ID), cmp.Or(log.DB.Path(), "database"), err))
		case err != nil:
			return err
		default:
			all = append(all, finding{Name: string(o.ID), Report: rep})
		}
	}
	return c.print(e, all)
}

// unreadable is what is found where something is too broken to be read to its end.
func unreadable(name, place string, err error) finding {
	rep := &ledger.Report{Signer: ledger.SignerUnknown, Problems: []ledger.Problem{}}
	rep.Wrong(place, -1, isms.Because("verify.cannot_open", "cause", err.Error()))
	return finding{Name: name, Report: rep}
}

// witnessed are the heads of an organisation that the instance's log noted down.
func witnessed(ctx context.Context, in *instance.Instance, org isms.ID) (out []ledger.Seen, err error) {
	err = in.Log.Read(ctx, func(tx *store.Tx) error {
		out, err = instance.Witnessed(ctx, tx, org)
		return err
	})
	return out, err
}

// log verifies one log and everything beside it. Heads that the instance noted must be there,
// but they lie on the same disk: they make nobody vouch for the signer.
func (c *verifyCmd) log(ctx context.Context, e *env, l *ledger.Log, tables []register.Verified, witnessed []ledger.Seen) (*ledger.Report, error) {
	memory, err := c.memory()
	if err != nil {
		return nil, err
	}
	trust := ledger.Trust{Keys: c.Keys, Seen: witnessed, Progress: e.progress()}
	recalled := false
	if memory != nil {
		var gens []ledger.Generation
		if err := l.Read(ctx, func(tx *store.Tx) (err error) { gens, err = ledger.Generations(ctx, tx); return err }); err != nil {
			return nil, err
		}
		for _, g := range gens {
			seen, _, ok, err := memory.Recall(g.Origin)
			if err != nil {
				return nil, err
			}
			if ok {
				trust.Seen, recalled = append(trust.Seen, seen), true
			}
		}
	}
	rep, err := ledger.Verify(ctx, l.DB, trust)
	if err != nil {
		return nil, err
	}
	if rep.Signer == ledger.SignerRemembered && !recalled {
		rep.Signer = ledger.SignerUnknown
	}
	if err := l.Read(ctx, func(tx *store.Tx) error { return register.Verify(ctx, tx, rep, tables...) }); err != nil {
		return nil, err
	}
	if err := register.Files(ctx, l.DB, rep); err != nil {
		return nil, err
	}
	if err := l.DB.QuickCheck(ctx); err != nil {
		if isms.CodeOf(err) != "store.damaged" {
			return nil, err
		}
		place := "database"
		if l.DB.Path() != "" {
			place = l.DB.Path()
		}
		rep.Wrong(place, -1, isms.Because("verify.pages_damaged", "cause", err.Error()))
	}
	if rep.OK && memory != nil {
		return rep, memory.Remember([]byte(rep.Checkpoint), rep.VerifierKey)
	}
	return rep, nil
}
