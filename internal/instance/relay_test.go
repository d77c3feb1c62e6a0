package instance_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"holdfast/internal/store"
)

// relay stands between us and PostgreSQL and can be cut.
type relay struct {
	l      net.Listener
	target string

	mu   sync.Mutex // guards open and off
	open map[net.Conn]bool
	off  bool
}

// newRelay puts a relay into the configuration's way.
func newRelay(t *testing.T, cfg *store.Config) *relay {
	t.Helper()
	u, err := url.Parse(cfg.Postgres)
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &relay{l: l, target: u.Host, open: map[net.Conn]bool{}}
	u.Host = l.Addr().String()
	cfg.Postgres = u.String()
	go r.serve()
	t.Cleanup(func() { _ = l.Close() })
	return r
}

func (r *relay) serve() {
	for {
		c, err := r.l.Accept()
		if err != nil {
			return
		}
		go r.pass(c)
	}
}

func (r *relay) pass(c net.Conn) {
	defer c.Close()
	r.mu.Lock()
	if r.off {
		r.mu.Unlock()
		return
	}
	r.mu.Unlock()
	s, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer s.Close()
	r.mu.Lock()
	r.open[c], r.open[s] = true, true
	r.mu.Unlock()
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(s, c); done <- struct{}{} }()
	go func() { _, _ = io.Copy(c, s); done <- struct{}{} }()
	<-done
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off = true
	for c := range r.open {
		_ = c.Close()
		delete(r.open, c)
	}
}

func (r *relay) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off = false
}
