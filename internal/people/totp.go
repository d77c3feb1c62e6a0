package people

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // RFC 6238: what every authenticator speaks
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"

	"holdfast/internal/isms"
)

const (
	totpStep   = 30 // seconds
	totpDigits = 6
	totpSkew   = 1 // steps that a clock may be off, either way
	seedBytes  = 20
)

// TOTPKey is what a person gives to their authenticator, once.
type TOTPKey struct {
	Secret string `json:"secret"` // base 32, for typing
	URI    string `json:"uri"`    // otpauth, for a QR code
}

func newSeed() []byte {
	b := make([]byte, seedBytes)
	if _, err := rand.Read(b); err != nil {
		panic("people: no randomness: " + err.Error())
	}
	return b
}

func totpKey(seed []byte, issuer, account string) TOTPKey {
	s := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed)
	q := url.Values{"secret": {s}, "issuer": {issuer}, "digits": {"6"}, "period": {"30"}, "algorithm": {"SHA1"}}
	return TOTPKey{Secret: s, URI: "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")}
}

// totpCode is the code of one step (RFC 4226 section 5.3).
func totpCode(seed []byte, step int64) string {
	m := hmac.New(sha1.New, seed)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(step))
	m.Write(b[:])
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// totpAt finds the step whose code was given, among those around now and after the last one used
// (RFC 6238 section 5.2: a code is taken once); zero if there is none.
func totpAt(seed []byte, code string, now isms.Instant, last int64) int64 {
	found := int64(0)
	present := int64(now) / 1_000_000 / totpStep
	for step := present - totpSkew; step <= present+totpSkew; step++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(seed, step)), []byte(code)) == 1 && step > last {
			found = step
		}
	}
	return found
}
