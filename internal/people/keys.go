package people

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// keys derives a key for each purpose from the room's own random key. That one is sealed under
// the database's key, so that a rotation of the database's key rewrites one row.
type keys struct{ root store.Key }

const (
	keyName    = "people"
	sealedName = "people key"
)

func openKeys(ctx context.Context, log *ledger.Log) (keys, error) {
	seal := store.Key(log.DB.Secret(keyName))
	fresh := store.NewKey()
	var sealed []byte
	err := log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO people_key (name, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			keyName, seal.Seal(fresh[:], sealedName)); err != nil {
			return err
		}
		return tx.Row(ctx, []any{&sealed}, `SELECT sealed FROM people_key WHERE name = $1`, keyName)
	})
	if err != nil {
		return keys{}, fmt.Errorf("key of people: %w", err)
	}
	b, err := seal.Open(sealed, sealedName)
	if err != nil || len(b) != len(fresh) {
		return keys{}, isms.Errorf(isms.Internal, "people.key_unreadable").Because(err)
	}
	return keys{root: store.Key(b)}, nil
}

// Reseal moves the room's key from one key of the database to another, within the transaction
// that rotates it. Both are what store.DB.Secret gives for a purpose before and afterwards.
func Reseal(ctx context.Context, tx *ledger.Tx, before, after func(purpose string) []byte) error {
	var sealed []byte
	if err := tx.Row(ctx, []any{&sealed}, `SELECT sealed FROM people_key WHERE name = $1`, keyName); err != nil {
		return fmt.Errorf("key of people: %w", err)
	}
	b, err := store.Key(before(keyName)).Open(sealed, sealedName)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE people_key SET sealed = $1 WHERE name = $2`, store.Key(after(keyName)).Seal(b, sealedName), keyName)
	return err
}

func (k keys) of(purpose string) store.Key { return store.Key(k.mac("key", purpose)) }

// mac is a keyed digest over parts, each behind its length.
func (k keys) mac(purpose string, parts ...string) []byte {
	m := hmac.New(sha256.New, k.root[:])
	for _, p := range append([]string{purpose}, parts...) {
		fmt.Fprintf(m, "%d:%s", len(p), p)
	}
	return m.Sum(nil)
}

// hexMAC is mac as the databases keep it.
func (k keys) hexMAC(purpose string, parts ...string) string {
	return hex.EncodeToString(k.mac(purpose, parts...))
}

// newSecret draws 256 bits; only the hash is kept.
func newSecret(prefix string) (token, hash string) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		panic("people: no randomness: " + err.Error())
	}
	token = prefix + base64.RawURLEncoding.EncodeToString(b)
	return token, hashOf(token)
}

// hashOf is what is kept of a secret that is long enough to be beyond guessing.
func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

const typed = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford: no letter that looks like another

// newTyped draws a code of n characters, five bits each, in groups of five, for typing.
func newTyped(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic("people: no randomness: " + err.Error())
	}
	var out strings.Builder
	for i, c := range b {
		if i > 0 && i%5 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(typed[c&31])
	}
	return out.String()
}

// readTyped undoes what people do to a code when they type it.
func readTyped(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == ' ' || r == '\t' || r == '\n' || r == '\r':
			return -1
		case r == 'o' || r == 'O':
			return '0'
		case r == 'i' || r == 'I' || r == 'l' || r == 'L':
			return '1'
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
