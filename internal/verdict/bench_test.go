package verdict

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"holdfast/internal/isms"
)

// big is one control with n subjects, all looked at within the hour.
func big(n int) Input {
	in := tls()
	in.Scopes[0].Subjects, in.Looks = nil, nil
	for i := range n {
		id := isms.ID(fmt.Sprintf("sub_%06d", i))
		seen := noon - isms.Instant(i)*1000
		in.Scopes[0].Subjects = append(in.Scopes[0].Subjects, Subject{ID: id})
		in.Looks = append(in.Looks, Look{Proof: "prf_tls", Subject: id, Outcome: Positive, Observed: seen, Received: seen, Recorded: seen, Ref: Ref{Entry: 1, Item: i}})
	}
	return in
}

func BenchmarkDerive10000Subjects(b *testing.B) {
	in := big(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if Derive(in).Verdict != isms.Holding {
			b.Fatal("does not hold")
		}
	}
}

func BenchmarkNewLive10000Subjects(b *testing.B) {
	in := big(10_000)
	b.ReportAllocs()
	for b.Loop() {
		NewLive(in)
	}
}

// One host of 10,000 reports 500 checks: every one of 500 controls takes a look and says
// its verdict anew. One operation is all 500; the budget is 10 ms.
func BenchmarkLookAt500Controls10000Subjects(b *testing.B) {
	in := big(10_000)
	lives := make([]*Live, 500)
	for i := range lives {
		lives[i] = NewLive(in)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		l := in.Looks[i%len(in.Looks)]
		l.Recorded = noon + isms.Instant(i)
		l.Observed, l.Received = l.Recorded, l.Recorded
		l.Outcome = []Outcome{Positive, Negative}[i%2]
		for _, live := range lives {
			live.Look(l)
		}
	}
	if b.Elapsed()/time.Duration(b.N) > 10*time.Millisecond && b.N > 10 {
		b.Errorf("over the budget of 10 ms")
	}
}

// How much memory a Live takes for each subject; the figure stands in its comment.
func BenchmarkMemoryOfALive(b *testing.B) {
	in := big(10_000)
	var before, after runtime.MemStats
	for range b.N {
		runtime.GC()
		runtime.ReadMemStats(&before)
		live := NewLive(in)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/10_000, "B/subject")
		runtime.KeepAlive(live)
	}
}
