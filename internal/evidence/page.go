package evidence

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"holdfast/internal/isms"
	"holdfast/internal/verdict"
)

// A look page holds the looks of one proof on one subject in the order in which they were
// recorded. Looks are many and alike, so they are written as differences to the one before:
// a look that says the same as the last takes some fifteen bytes.

// pageSize is from how many looks on the next one begins a new page.
const pageSize = 64

var outcomes = []verdict.Outcome{verdict.Positive, verdict.Negative, verdict.Error}

// details are what of a look seldom changes.
type details struct {
	Measures []verdict.Measure `json:"m,omitempty"`
	Reasons  []isms.Reason     `json:"r,omitempty"`
}

// encodePage writes looks; proof and subject stand beside the page.
func encodePage(looks []verdict.Look) ([]byte, error) {
	b := make([]byte, 0, 32+20*len(looks))
	var prev verdict.Look
	var said []byte
	for _, l := range looks {
		o := slices.Index(outcomes, l.Outcome)
		if o < 0 {
			return nil, fmt.Errorf("look page: outcome %q", l.Outcome)
		}
		b = binary.AppendVarint(b, l.Ref.Entry-prev.Ref.Entry)
		b = binary.AppendVarint(b, int64(l.Ref.Item))
		b = binary.AppendVarint(b, int64(l.Recorded-prev.Recorded))
		b = binary.AppendVarint(b, int64(l.Recorded-l.Received))
		b = binary.AppendVarint(b, int64(l.Received-l.Observed))
		var now []byte
		if len(l.Measures)+len(l.Reasons) > 0 {
			var err error
			if now, err = json.Marshal(details{l.Measures, l.Reasons}); err != nil {
				return nil, fmt.Errorf("look page: %w", err)
			}
		}
		if string(now) == string(said) {
			b = append(b, byte(o))
		} else {
			b = append(b, byte(o)|sayAnew)
			b = binary.AppendUvarint(b, uint64(len(now)))
			b = append(b, now...)
			said = now
		}
		prev = l
	}
	return b, nil
}

// sayAnew marks a look whose details follow because they differ from the last one's.
const sayAnew = 0x80

// decodePage reads what encodePage wrote.
func decodePage(b []byte, proof, subject isms.ID) ([]verdict.Look, error) {
	var out []verdict.Look
	var prev verdict.Look
	var said details
	r := pageReader{b: b}
	for len(r.b) > 0 && r.err == nil {
		l := verdict.Look{Proof: proof, Subject: subject}
		l.Ref.Entry = prev.Ref.Entry + r.varint()
		l.Ref.Item = int(r.varint())
		l.Recorded = prev.Recorded + isms.Instant(r.varint())
		l.Received = l.Recorded - isms.Instant(r.varint())
		l.Observed = l.Received - isms.Instant(r.varint())
		flags := r.byte()
		if flags&sayAnew != 0 {
			said = details{}
			if d := r.bytes(); len(d) > 0 && r.err == nil {
				r.err = json.Unmarshal(d, &said)
			}
		}
		if o := int(flags &^ sayAnew); o < len(outcomes) {
			l.Outcome = outcomes[o]
		} else {
			r.bad()
		}
		l.Measures, l.Reasons = said.Measures, said.Reasons
		out = append(out, l)
		prev = l
	}
	if r.err != nil {
		return nil, fmt.Errorf("look page of %s on %s: %w", proof, subject, r.err)
	}
	return out, nil
}

type pageReader struct {
	b   []byte
	err error
}

func (r *pageReader) bad() {
	if r.err == nil {
		r.err = isms.Errorf(isms.Internal, "evidence.page_damaged")
	}
	r.b = nil
}

func (r *pageReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *pageReader) byte() byte {
	if len(r.b) == 0 {
		r.bad()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *pageReader) bytes() []byte {
	n, k := binary.Uvarint(r.b)
	if k <= 0 || n > uint64(len(r.b)-k) {
		r.bad()
		return nil
	}
	d := r.b[k : k+int(n)]
	r.b = r.b[k+int(n):]
	return d
}

// counting reduces looks to those that a verdict can rest on: the latest that could look
// (several if they are of one moment), the latest that could not, and where none could, the
// first that could not. A new page begins with them.
func counting(looks []verdict.Look) []verdict.Look {
	var best, firstError, lastError int = -1, -1, -1
	for i := range looks {
		l := &looks[i]
		if l.Outcome == verdict.Error {
			if firstError < 0 || age(l) < age(&looks[firstError]) {
				firstError = i
			}
			if lastError < 0 || age(l) >= age(&looks[lastError]) {
				lastError = i
			}
		} else if best < 0 || age(l) >= age(&looks[best]) {
			best = i
		}
	}
	var out []verdict.Look
	for i := range looks {
		l := &looks[i]
		switch {
		case i == lastError, best < 0 && i == firstError:
		case best >= 0 && l.Outcome != verdict.Error && age(l) == age(&looks[best]):
		default:
			continue
		}
		out = append(out, *l)
	}
	return out
}

// age is the moment that a look's age counts from, as package verdict counts it: the earliest
// of its times.
func age(l *verdict.Look) isms.Instant {
	if l.Received == 0 {
		return min(l.Observed, l.Recorded)
	}
	return min(l.Observed, l.Received, l.Recorded)
}
