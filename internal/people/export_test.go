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
