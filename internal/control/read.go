package control

import (
	"context"

	"holdfast/internal/isms"
	"holdfast/internal/register"
	"holdfast/internal/store"
)

// Tables lists the registers of this room, which holdfast verify compares with the ledger.
func Tables() []register.Verified {
	return []register.Verified{Controls, Proofs, Bindings, Subjects, Scopes, Exceptions, Failures, Verdicts, Days}
}

// List returns up to limit controls after an id, in the order in which they came.
func List(ctx context.Context, tx *store.Tx, after isms.ID, limit int) ([]Control, error) {
	return Controls.Where(ctx, tx, `id > $2 ORDER BY id`, limit, string(after))
}

// ProofsOf returns the active proofs of a control.
func ProofsOf(ctx context.Context, tx *store.Tx, control isms.ID) ([]Proof, error) {
	return Proofs.Where(ctx, tx, `control = $2 AND state = 'active'`, 500, string(control))
}

// ProofsAfter returns up to limit active proofs of all controls after an id; a kind narrows them.
func ProofsAfter(ctx context.Context, tx *store.Tx, kind string, after isms.ID, limit int) ([]Proof, error) {
	return Proofs.Where(ctx, tx, `state = 'active' AND (kind = $2 OR $2 = '') AND id > $3 ORDER BY id`, limit, kind, string(after))
}

// BindingsOf returns the proposed and confirmed bindings of a clause whose words have the hash.
func BindingsOf(ctx context.Context, tx *store.Tx, clause isms.ID, words string) ([]Binding, error) {
	return Bindings.Where(ctx, tx, `clause = $2 AND words = $3 AND state IN ('proposed', 'confirmed') ORDER BY state, score DESC, id`, 200, string(clause), words)
}

// BoundTo returns the confirmed bindings to a control.
func BoundTo(ctx context.Context, tx *store.Tx, control isms.ID) ([]Binding, error) {
	return Bindings.Where(ctx, tx, `control = $2 AND state = 'confirmed' ORDER BY id`, 10_000, string(control))
}

// Proposals returns up to limit proposals of a document that wait for a person, after an id.
func Proposals(ctx context.Context, tx *store.Tx, document, after isms.ID, limit int) ([]Binding, error) {
	return Bindings.Where(ctx, tx, `document = $2 AND state = 'proposed' AND id > $3 ORDER BY id`, limit, string(document), string(after))
}

// SubjectsAfter returns up to limit subjects that are there, after an id; a kind narrows them.
func SubjectsAfter(ctx context.Context, tx *store.Tx, kind string, after isms.ID, limit int) ([]Subject, error) {
	return Subjects.Where(ctx, tx, `retired = 0 AND (kind = $2 OR $2 = '') AND id > $3 ORDER BY id`, limit, kind, string(after))
}

// ScopesAfter returns up to limit scopes after an id.
func ScopesAfter(ctx context.Context, tx *store.Tx, after isms.ID, limit int) ([]Scope, error) {
	return Scopes.Where(ctx, tx, `id > $2 ORDER BY id`, limit, string(after))
}
