// Package housetest is the test house: a fresh installation on each engine, a clock that
// moves when told, and PostgreSQL started where none is given. Only tests import it.
package housetest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // administrator's connection

	"holdfast/internal/isms"
	"holdfast/internal/store"
)

// Clock moves only when told.
type Clock struct{ now atomic.Int64 }

// NewClock starts at Monday, 2 November 2026, 09:00 UTC.
func NewClock() *Clock {
	c := &Clock{}
	c.Set(isms.InstantOf(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)))
	return c
}

// Now returns the time it was moved to.
func (c *Clock) Now() isms.Instant { return isms.Instant(c.now.Load()) }

// Set moves the clock, also backwards.
func (c *Clock) Set(i isms.Instant) { c.now.Store(int64(i)) }

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) { c.now.Add(d.Microseconds()) }

// EachEngine runs fn with the configuration of a fresh installation on SQLite and on PostgreSQL.
func EachEngine(t *testing.T, fn func(t *testing.T, cfg store.Config)) {
	t.Helper()
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { fn(t, Config(t, e)) })
	}
}

// Config makes the configuration of a fresh, empty installation.
func Config(t testing.TB, e store.Engine) store.Config {
	t.Helper()
	dir := t.TempDir()
	cfg := store.Config{Dir: filepath.Join(dir, "data"), KeyFile: filepath.Join(dir, "keys", "master.key"), Clock: NewClock()}
	if e == store.Postgres {
		cfg.Postgres = NewDatabase(t)
	}
	return cfg
}

// OpenStore opens an installation that closes with the test.
func OpenStore(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close store:", err)
		}
	})
	return s
}

var (
	server     sync.Once
	serverDSN  string // administrator
	serverErr  error
	serverStop func()
	databases  atomic.Int64
)

// Main runs the tests of a package and stops the PostgreSQL that they started. Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if serverStop != nil {
		serverStop()
	}
	os.Exit(code)
}

// NewDatabase makes a database owned by a role that is no superuser, and returns its connection string.
// HOLDFAST_TEST_POSTGRES names an administrator's connection; without it a private server is started.
func NewDatabase(t testing.TB) string {
	t.Helper()
	server.Do(startServer)
	if serverErr != nil {
		t.Fatal("PostgreSQL for the tests: ", serverErr)
	}
	admin, err := sql.Open("pgx", serverDSN)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("hf_test_%d_%d", os.Getpid(), databases.Add(1))
	for _, text := range []string{
		`CREATE ROLE ` + name + ` LOGIN CREATEROLE NOINHERIT PASSWORD 'test'`,
		`CREATE DATABASE ` + name + ` OWNER ` + name + ` TEMPLATE template0 ENCODING 'UTF8'`,
	} {
		if _, err := admin.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		admin, err := sql.Open("pgx", serverDSN)
		if err == nil {
			defer admin.Close()
			_, err = admin.Exec(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`)
		}
		if err != nil {
			t.Log("drop test database:", err)
		}
	})
	u := mustURL(serverDSN)
	u.User, u.Path = userPassword(name, "test"), "/"+name
	return u.String()
}

// startServer starts a private PostgreSQL on a free port of the loopback interface.
func startServer() {
	if serverDSN = os.Getenv("HOLDFAST_TEST_POSTGRES"); serverDSN != "" {
		return
	}
	serverErr = func() error {
		bin, err := postgresBin()
		if err != nil {
			return err
		}
		dir, err := os.MkdirTemp("", "holdfast-pg-")
		if err != nil {
			return err
		}
		cred, err := credential(dir)
		if err != nil {
			return err
		}
		port, err := freePort()
		if err != nil {
			return err
		}
		data := filepath.Join(dir, "data")
		run := func(name string, args ...string) *exec.Cmd {
			c := exec.Command(filepath.Join(bin, name), args...)
			c.Dir, c.SysProcAttr = dir, &syscall.SysProcAttr{Credential: cred, Pdeathsig: syscall.SIGINT}
			c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
			return c
		}
		if out, err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
			return fmt.Errorf("initdb: %w: %s", err, out)
		}
		srv := run("postgres", "-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-k", dir,
			"-c", "fsync=off", "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "autovacuum=off")
		log, err := os.Create(filepath.Join(os.TempDir(), filepath.Base(dir)+".log"))
		if err != nil {
			return err
		}
		srv.Stdout, srv.Stderr = log, log
		if err := srv.Start(); err != nil {
			return err
		}
		serverStop = func() {
			_ = srv.Process.Signal(syscall.SIGINT)
			_ = srv.Wait()
			_ = os.RemoveAll(dir)
			_ = os.Remove(log.Name())
		}
		serverDSN = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
		return awaitServer(serverDSN)
	}()
}

func awaitServer(dsn string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); ; {
		if err = db.Ping(); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			return fmt.Errorf("server did not answer: %w", err)
		}
	}
}

func postgresBin() (string, error) {
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("no postgres found: install the package postgresql (the test command ./test does)")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// credential gives dir to the user postgres when we are root, who may not run it.
func credential(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
}
