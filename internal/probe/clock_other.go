//go:build !linux

package probe

// kernelClock has no portable form.
func kernelClock(*Facts) error { return &CouldNot{Code: ErrUnsupported, What: "adjtimex"} }
