package people

import "errors"

var realCost = today

// CheapHashes makes hashing fast for tests; RealHashes undoes it.
func CheapHashes() { today = cost{64, 1, 1} }

// RealHashes hashes at the real cost again.
func RealHashes() { today = realCost }

// What tests look at from outside.
var (
	TOTPCode     = totpCode
	TOTPKeyOf    = totpKey
	TOTPAt       = totpAt
	ParseNetwork = parseNetwork
	ReadTyped    = readTyped
)

// NormalEmail normalises twice and tells whether that changes nothing.
func NormalEmail(s string) error {
	once, err := normalEmail(s)
	if err != nil {
		return nil
	}
	if again, err := normalEmail(once); err != nil || again != once {
		return errors.New(s)
	}
	return nil
}

// DecodeHash reads a stored hash.
func DecodeHash(s string) error { _, _, _, err := decode(s); return err }

// Busy makes the hasher full until the returned function is called.
func (p *People) Busy() (free func()) {
	for range cap(p.hash.slots) {
		p.hash.slots <- struct{}{}
	}
	p.hash.waiting.Add(maxWaiting)
	return func() {
		p.hash.waiting.Add(-maxWaiting)
		for range cap(p.hash.slots) {
			<-p.hash.slots
		}
	}
}
