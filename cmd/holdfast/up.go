package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/crypto/acme/autocert"

	"holdfast/internal/isms"
)

// upCmd starts the server. Its fields are the operator's manual of settings.
type upCmd struct {
	place
	Listen  string          `default:"localhost:8700" env:"HOLDFAST_LISTEN" help:"Address and port. Plain HTTP is spoken on loopback only."`
	Config  kong.ConfigFlag `placeholder:"FILE" help:"Settings as JSON, named as these flags; flags and environment go before it."`
	TLSCert string          `name:"tls-cert" type:"path" placeholder:"FILE" help:"Certificate chain (PEM)."`
	TLSKey  string          `name:"tls-key" type:"path" placeholder:"FILE" help:"Private key (PEM)."`
	ACME    []string        `name:"acme" placeholder:"DOMAIN" help:"Get certificates for these names from Let's Encrypt (needs port 443 reachable from the Internet)."`
	Behind  []netip.Prefix  `name:"behind-proxy" placeholder:"NET" help:"Plain HTTP behind a reverse proxy that speaks TLS: trust forwarded headers from these addresses only."`
	Anchor  string          `placeholder:"DIR|URL" help:"Keep every ledger's checkpoints and erasures there too, outside the data: only heads kept elsewhere show a rewritten history."`
	Backups string          `type:"path" placeholder:"DIR" help:"Take a backup into this directory every day and try a restore of it."`
	Host    []string        `name:"host" placeholder:"NAME" help:"Names under which browsers reach this server, besides the address listened on."`
}

// Run serves until a signal comes.
func (c *upCmd) Run(ctx context.Context, e *env) error {
	started := time.Now()
	listeners, err := c.listen(ctx)
	if err != nil {
		return err
	}
	c.Origins = []string{c.address()}
	a, err := openApp(ctx, c.place, true)
	if err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	handler, err := a.handler(c)
	if err == nil {
		err = a.start(ctx, c)
	}
	if err != nil {
		return errors.Join(err, closeAll(listeners), a.close())
	}
	ctl, err := serveControl(ctx, c.place, a)
	if err != nil {
		return errors.Join(err, closeAll(listeners), a.close())
	}
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- srv.Serve(l) }()
	}
	if err := c.greet(ctx, e, a, started); err != nil {
		return errors.Join(err, srv.Close(), ctl.close(), a.close())
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(e.err, e.words.T("up.stopping"))
	case err = <-failed:
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return errors.Join(err, srv.Shutdown(ending), ctl.close(), a.close())
}

// greet says where the data lies, where the page is and, on a new installation, how to begin.
func (c *upCmd) greet(ctx context.Context, e *env, a *app, started time.Time) error {
	state := "up.existing"
	if a.in.Store.New {
		state = "up.new"
	}
	fmt.Fprintln(e.out, e.words.T("up.data", "dir", a.in.Store.Dir, "state", e.words.T(state)))
	fmt.Fprintln(e.out, e.words.T("up.key", "file", a.in.Store.KeyFile()))
	fmt.Fprintln(e.out, e.words.T("up.ready", "address", c.address(), "ms", fmt.Sprint(time.Since(started).Milliseconds())))
	return a.offerSetUp(ctx, e, c.address())
}

// address is how a browser reaches the server.
func (c *upCmd) address() string {
	scheme := "http"
	if c.secure() {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return scheme + "://" + c.Listen
	}
	if len(c.Host) > 0 {
		host = c.Host[0]
	} else if len(c.ACME) > 0 {
		host = c.ACME[0]
	}
	if scheme == "https" && (port == "443" || len(c.Behind) > 0) {
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// secure tells whether browsers reach the server by TLS.
func (c *upCmd) secure() bool { return c.TLSCert != "" || len(c.ACME) > 0 || len(c.Behind) > 0 }

// listen opens the addresses: for localhost both families. Anything but loopback needs TLS.
func (c *upCmd) listen(ctx context.Context) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, isms.Errorf(isms.Invalid, "up.address_malformed", "address", c.Listen).Because(err)
	}
	conf, err := c.tls()
	if err != nil {
		return nil, err
	}
	hosts := []string{host}
	if host == "localhost" {
		hosts = []string{"127.0.0.1", "::1"}
	}
	if conf == nil && len(c.Behind) == 0 && !loopback(hosts) {
		return nil, isms.Errorf(isms.Invalid, "up.plain_outside", "address", c.Listen)
	}
	var out []net.Listener
	var lc net.ListenConfig
	for _, h := range hosts {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(h, port))
		if err != nil && h == "::1" && len(out) > 0 {
			continue // no IPv6 on this machine
		}
		if err != nil {
			return nil, errors.Join(isms.Errorf(isms.Unavailable, "up.address_taken", "address", c.Listen).Because(err), closeAll(out))
		}
		if port == "0" {
			port = fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
			c.Listen = net.JoinHostPort(host, port)
		}
		if conf != nil {
			l = tls.NewListener(l, conf)
		}
		out = append(out, l)
	}
	return out, nil
}

func (c *upCmd) tls() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	switch {
	case c.TLSCert != "" && c.TLSKey != "":
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, isms.Errorf(isms.Invalid, "up.certificate_unusable", "file", c.TLSCert).Because(err)
		}
		conf.Certificates = []tls.Certificate{pair}
		return conf, nil
	case c.TLSCert != "" || c.TLSKey != "":
		return nil, isms.Errorf(isms.Invalid, "up.certificate_half")
	case len(c.ACME) > 0:
		m := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(c.ACME...), Cache: autocert.DirCache(filepath.Join(c.Data, "acme"))}
		acme := m.TLSConfig()
		acme.MinVersion = tls.VersionTLS12
		return acme, nil
	}
	return nil, nil
}

func loopback(hosts []string) bool {
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip == nil || !ip.IsLoopback() {
			return false
		}
	}
	return true
}

// hosts are the names that the Host header may have.
func (c *upCmd) hosts() []string {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return c.Host
	}
	out := append([]string{}, c.Host...)
	out = append(out, c.ACME...)
	for _, h := range []string{host, "localhost", "127.0.0.1", "::1"} {
		out = append(out, net.JoinHostPort(h, port))
	}
	for _, h := range append(append([]string{}, c.Host...), c.ACME...) {
		if !strings.Contains(h, ":") {
			out = append(out, net.JoinHostPort(h, port))
		}
	}
	return out
}

func closeAll(ls []net.Listener) error {
	var errs []error
	for _, l := range ls {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// terminal tells whether a person reads what is printed.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
