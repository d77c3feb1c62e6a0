package people

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// cost is what one hash takes (RFC 9106). It is stored with each hash, so that it can grow.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// today is what new hashes take: 19 MiB, two passes, one thread.
var today = cost{19 * 1024, 2, 1}

const (
	scheme     = "$argon2id+hmac$v=19$" // argon2id under a key that is not in the database's rows
	hashBytes  = 32
	saltBytes  = 16
	maxWaiting = 64 // more than that at once are sent away
)

// hasher hashes passwords, a few at a time: each takes memory that we do not have without end.
type hasher struct {
	key     store.Key
	slots   chan struct{}
	waiting atomic.Int64
	nobody  string // a hash of nothing, so that an unknown name takes as long as a wrong password
}

func newHasher(parallel int, key store.Key) *hasher {
	h := &hasher{key: key, slots: make(chan struct{}, parallel)}
	h.nobody = encode(today, make([]byte, saltBytes), make([]byte, hashBytes))
	return h
}

func (h *hasher) enter(ctx context.Context) error {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return isms.Errorf(isms.TooMany, "sign_in.busy", "retry_after", "1")
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// make hashes a password at today's cost.
func (h *hasher) make(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	sum, err := h.sum(ctx, today, salt, password)
	if err != nil {
		return "", err
	}
	return encode(today, salt, sum), nil
}

// fits tells whether a password has the given hash, and whether that cost less than today's.
func (h *hasher) fits(ctx context.Context, password, stored string) (ok, old bool, err error) {
	c, salt, want, err := decode(stored)
	if err != nil {
		return false, false, err
	}
	got, err := h.sum(ctx, c, salt, password)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, c != today, nil
}

func (h *hasher) sum(ctx context.Context, c cost, salt []byte, password string) ([]byte, error) {
	if err := h.enter(ctx); err != nil {
		return nil, err
	}
	defer func() { <-h.slots }()
	m := hmac.New(sha256.New, h.key[:])
	m.Write(argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, hashBytes))
	return m.Sum(nil), nil
}

func encode(c cost, salt, sum []byte) string {
	e := base64.RawStdEncoding
	return fmt.Sprintf("%sm=%d,t=%d,p=%d$%s$%s", scheme, c.memory, c.passes, c.threads, e.EncodeToString(salt), e.EncodeToString(sum))
}

func decode(s string) (c cost, salt, sum []byte, err error) {
	bad := isms.Errorf(isms.Internal, "people.hash_unreadable")
	parts := strings.Split(strings.TrimPrefix(s, scheme), "$")
	if !strings.HasPrefix(s, scheme) || len(parts) != 3 {
		return c, nil, nil, bad
	}
	if n, err := fmt.Sscanf(parts[0], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); n != 3 || err != nil {
		return c, nil, nil, bad.Because(err)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[1]); err != nil {
		return c, nil, nil, bad.Because(err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[2]); err != nil || len(sum) != hashBytes {
		return c, nil, nil, bad.Because(err)
	}
	if c.memory == 0 || c.memory > 1<<20 || c.passes == 0 || c.passes > 16 || c.threads == 0 {
		return c, nil, nil, bad
	}
	return c, salt, sum, nil
}
