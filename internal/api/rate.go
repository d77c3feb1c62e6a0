package api

import (
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"holdfast/internal/isms"
)

// maxRates bounds how many callers are remembered; the quiet ones are forgotten first.
const maxRates = 20_000

// rates counts the requests of each caller.
type rates struct {
	perMin int

	mu sync.Mutex // guards of
	of map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

func newRates(perMin int) *rates { return &rates{perMin: perMin, of: map[string]*bucket{}} }

// take counts one request and says in headers what is left (draft-ietf-httpapi-ratelimit-headers).
func (r *rates) take(key string, set func(name, value string)) error {
	now := time.Now()
	b := r.bucket(key, now)
	ok := b.AllowN(now, 1)
	left := max(0, math.Floor(b.TokensAt(now)))
	each := 60 / float64(r.perMin)
	set("RateLimit-Policy", fmt.Sprintf(`"caller";q=%d;w=60`, r.perMin))
	set("RateLimit", fmt.Sprintf(`"caller";r=%.0f;t=%.0f`, left, math.Ceil((float64(r.perMin)-left)*each)))
	if !ok {
		wait := strconv.Itoa(int(math.Ceil(each)))
		return isms.Errorf(isms.TooMany, "api.too_many", "n", wait, "retry_after", wait)
	}
	return nil
}

func (r *rates) bucket(key string, now time.Time) *bucket {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.of[key]
	if b == nil {
		if len(r.of) >= maxRates {
			r.forget(now)
		}
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(float64(r.perMin)/60), r.perMin)}
		r.of[key] = b
	}
	b.used = now
	return b
}

// forget drops callers whose bucket is full again, and everybody if all are busy.
func (r *rates) forget(now time.Time) {
	for key, b := range r.of {
		if now.Sub(b.used) > time.Minute {
			delete(r.of, key)
		}
	}
	if len(r.of) >= maxRates {
		clear(r.of)
	}
}
