package verdict

import "holdfast/internal/isms"

// wake says when pair k changes by passing of time (zero: never) and keeps the queue in
// order. It is a binary heap whose entries know their place, so that a look moves its
// pair instead of leaving an outdated entry behind.
func (v *view) wake(k int32, until isms.Instant) {
	p := &v.pairs[k]
	was := p.until
	p.until = until
	switch {
	case was == until:
	case was == 0:
		p.queued = int32(len(v.queue))
		v.queue = append(v.queue, k)
		v.up(p.queued)
	case until == 0:
		i, last := p.queued, int32(len(v.queue)-1)
		v.swap(i, last)
		v.queue = v.queue[:last]
		if i < last {
			v.down(i)
			v.up(i)
		}
	default:
		v.down(p.queued)
		v.up(p.queued)
	}
}

func (v *view) before(i, j int32) bool { return v.pairs[v.queue[i]].until < v.pairs[v.queue[j]].until }

func (v *view) swap(i, j int32) {
	v.queue[i], v.queue[j] = v.queue[j], v.queue[i]
	v.pairs[v.queue[i]].queued, v.pairs[v.queue[j]].queued = i, j
}

func (v *view) up(i int32) {
	for i > 0 && v.before(i, (i-1)/2) {
		v.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (v *view) down(i int32) {
	n := int32(len(v.queue))
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < n; c++ {
			if v.before(c, least) {
				least = c
			}
		}
		if least == i {
			return
		}
		v.swap(i, least)
		i = least
	}
}
