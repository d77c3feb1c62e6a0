package probe

import (
	"fmt"
	"syscall"
)

// kernelClock reads the kernel's own view: whether somebody disciplines the clock, and
// the greatest error it then has.
func kernelClock(f *Facts) error {
	const unsynchronised = 0x40 // STA_UNSYNC of <sys/timex.h>
	var t syscall.Timex
	if _, err := syscall.Adjtimex(&t); err != nil {
		return couldNot(ErrUnreadable, "adjtimex", err)
	}
	f.bool("clock.kernel_synchronised", t.Status&unsynchronised == 0)
	us := int64(t.Maxerror)
	f.decimal("clock.max_error", fmt.Sprintf("%d.%06d", us/1e6, us%1e6), "s")
	return nil
}
