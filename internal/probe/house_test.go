package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"holdfast/internal/isms"
)

// loopback lets probes reach servers that the tests start.
func loopback() Guard {
	return Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, Timeout: 2 * time.Second}
}

func config() Config { return Config{Clock: isms.SystemClock{}, Guard: loopback()} }

// program finds a real program; the test fails with the package's name if it is missing.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	packages, err := os.ReadFile("testdata/packages.txt")
	if err != nil || !slices.Contains(bytesLines(packages), pkg) {
		t.Fatalf("%s is not named in testdata/packages.txt", pkg)
	}
	path, err := findProgram(name)
	if err != nil {
		t.Fatalf("this test needs the Debian package %s: %v", pkg, err)
	}
	return path
}

func bytesLines(b []byte) []string {
	var out []string
	for _, l := range bytes.Split(b, []byte("\n")) {
		out = append(out, string(l))
	}
	return out
}

// daemon runs a program until the test ends.
func daemon(t *testing.T, path string, args ...string) *exec.Cmd {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), said.String())
		}
	})
	return cmd
}

// await asks again until it is so, or fails the test after ten seconds. It waits for
// programs that are not ours and give no signal.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	end := time.NewTimer(10 * time.Second)
	defer end.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatal("waited in vain: ", what)
		}
	}
}

// port finds a free port for a program that cannot find one itself.
func port(t *testing.T, network string) string {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return strconv.Itoa(c.LocalAddr().(*net.UDPAddr).Port)
	}
	c, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return strconv.Itoa(c.Addr().(*net.TCPAddr).Port)
}

// look runs a probe and checks what every observation must be.
func lookAt(t *testing.T, p Probe, s Subject, params Params) Observation {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o := p.Look(ctx, s, params)
	if o.Check != p.Key() || o.Subject != s || o.Occurred == 0 || o.Took <= 0 || o.Source == "" {
		t.Errorf("incomplete observation: %+v", o)
	}
	if !slices.IsSortedFunc(o.Facts, func(a, b Fact) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) }) {
		t.Errorf("facts are not sorted: %+v", o.Facts)
	}
	if _, err := json.Marshal(o); err != nil {
		t.Error(err)
	}
	return o
}

// good, bad and blind say how a look must come out.
func good(t *testing.T, o Observation, params Params) {
	t.Helper()
	if o.Error != nil {
		t.Fatalf("could not look: %+v", o.Error)
	}
	if ok, why := Judge(o.Check, o.Facts, params); !ok {
		t.Fatalf("is refused: %+v\n%+v", why, o.Facts)
	}
}

func bad(t *testing.T, o Observation, params Params, code string) {
	t.Helper()
	if o.Error != nil {
		t.Fatalf("could not look: %+v", o.Error)
	}
	ok, why := Judge(o.Check, o.Facts, params)
	if ok || !slices.ContainsFunc(why, func(r isms.Reason) bool { return r.Code == code }) {
		t.Fatalf("is %v for %+v, want %s\n%+v", ok, why, code, o.Facts)
	}
}

func blind(t *testing.T, o Observation, code string) {
	t.Helper()
	if o.Error == nil || o.Error.Code != code {
		t.Fatalf("error is %+v, want %s; facts %+v", o.Error, code, o.Facts)
	}
}

func hostSubject(t *testing.T) Subject {
	t.Helper()
	s, err := HostSubject("")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
