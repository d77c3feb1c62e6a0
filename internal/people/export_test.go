package people

// CheapHashes makes hashing fast for tests; one test hashes at the real cost.
func CheapHashes() (restore func()) {
	real := today
	today = cost{64, 1, 1}
	return func() { today = real }
}
