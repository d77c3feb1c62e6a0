package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
)

// Commands on an installation act in the running server if there is one, over a socket that
// only its user can open, and else take the data directory's lock themselves. The act is the
// same code either way.

// act is a command on an installation.
type act interface {
	where() place
	on(ctx context.Context, a *app, e *env) error
}

func (p place) where() place { return p }

const socketName = "control.sock"

func (p place) socket() string { return filepath.Join(p.Data, socketName) }

// ask is what a command sends to the server, and frame what comes back until Exit.
type ask struct {
	Name     string          `json:"name"`
	Act      json.RawMessage `json:"act"`
	Language isms.Language   `json:"language"`
}

type frame struct {
	Out  string `json:"out,omitempty"`
	Err  string `json:"err,omitempty"`
	Exit *int   `json:"exit,omitempty"`
}

// perform runs a command in the running server, or here.
func (e *env) perform(ctx context.Context, c act) error {
	conn, err := net.Dial("unix", c.where().socket())
	if err == nil {
		return e.remote(conn, c)
	}
	a, err := openApp(ctx, c.where(), false)
	if err != nil {
		return err
	}
	return errors.Join(c.on(ctx, a, e), a.close())
}

func (e *env) remote(conn net.Conn, c act) (err error) {
	defer func() { err = errors.Join(err, conn.Close()) }()
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(conn).Encode(ask{nameOf(c), raw, e.words.Language()}); err != nil {
		return isms.Errorf(isms.Unavailable, "control.server_gone").Because(err)
	}
	for d := json.NewDecoder(conn); ; {
		var f frame
		if err := d.Decode(&f); err != nil {
			return isms.Errorf(isms.Unavailable, "control.server_gone").Because(err)
		}
		if _, err := io.WriteString(e.out, f.Out); err != nil {
			return err
		}
		if _, err := io.WriteString(e.err, f.Err); err != nil {
			return err
		}
		if f.Exit != nil {
			if *f.Exit == exitDone {
				return nil
			}
			return exit(*f.Exit)
		}
	}
}

func nameOf(c act) string { return fmt.Sprintf("%T", c) }

// control serves commands on the socket until it is closed.
type control struct {
	listener net.Listener
	app      *app
	busy     sync.WaitGroup
}

// serveControl opens the socket. Only this user may connect.
func serveControl(ctx context.Context, p place, a *app) (*control, error) {
	path := p.socket()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	c := &control{listener: l, app: a}
	c.busy.Add(1)
	go func() {
		defer c.busy.Done()
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			c.busy.Add(1)
			go func() {
				defer c.busy.Done()
				c.serve(ctx, conn)
			}()
		}
	}()
	return c, nil
}

func (c *control) close() error {
	err := c.listener.Close()
	c.busy.Wait()
	return err
}

func (c *control) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	var q ask
	if err := json.NewDecoder(bufio.NewReader(conn)).Decode(&q); err != nil {
		return // the caller went away
	}
	w := &frames{enc: json.NewEncoder(conn)}
	e := &env{out: w.to(func(s string) frame { return frame{Out: s} }), err: w.to(func(s string) frame { return frame{Err: s} }),
		words: lang.In(q.Language, nil)}
	code := e.code(c.run(ctx, q, e))
	w.send(frame{Exit: &code})
}

func (c *control) run(ctx context.Context, q ask, e *env) error {
	for _, a := range acts() {
		if nameOf(a) != q.Name {
			continue
		}
		if err := json.Unmarshal(q.Act, a); err != nil {
			return isms.Errorf(isms.Invalid, "control.other_version").Because(err)
		}
		return a.on(ctx, c.app, e)
	}
	return isms.Errorf(isms.Invalid, "control.other_version").Because(errors.New(q.Name))
}

// frames writes answers; an error means that the caller has gone, which stops nothing.
type frames struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func (w *frames) send(f frame) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enc.Encode(f); err != nil {
		return
	}
}

type frameWriter func(string)

// Write sends b as one frame.
func (f frameWriter) Write(b []byte) (int, error) { f(string(b)); return len(b), nil }

func (w *frames) to(make func(string) frame) io.Writer {
	return frameWriter(func(s string) { w.send(make(s)) })
}
