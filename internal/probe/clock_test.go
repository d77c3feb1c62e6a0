package probe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// chrony starts a real chronyd that leaves this host's clock alone, and returns the
// arguments for chronyc and the port on which it serves time.
func chrony(t *testing.T, config string) (args []string, serves string) {
	t.Helper()
	path := program(t, "chronyd", "chrony")
	dir := t.TempDir()
	serves, command := port(t, "udp"), port(t, "udp")
	text := fmt.Sprintf("%s\nport %s\ncmdport %s\nbindaddress 127.0.0.1\nbindcmdaddress 127.0.0.1\nallow 127.0.0.1\ncmdallow 127.0.0.1\npidfile %s/pid\nbindcmdaddress /\n",
		config, serves, command, dir)
	file := filepath.Join(dir, "chrony.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon(t, path, "-x", "-U", "-d", "-f", file)
	args = []string{"-h", "127.0.0.1", "-p", command}
	await(t, "chronyd answers", func() bool {
		_, _, exit, err := Execute(context.Background(), "chronyc", append(args, "tracking")...)
		return err == nil && exit == 0
	})
	return args, serves
}

func TestClockKeptByARealTimeSource(t *testing.T) {
	_, serves := chrony(t, "local stratum 5")
	args, _ := chrony(t, "server 127.0.0.1 port "+serves+" iburst minpoll -4 maxpoll -4 maxdelay 1")
	p := hostClock{config().Clock, Machine{Chronyc: args}}
	s := hostSubject(t)
	var o Observation
	await(t, "chronyd is synchronised", func() bool {
		o = lookAt(t, p, s, nil)
		yes, _ := o.Facts.Bool("clock.synchronised")
		return yes
	})
	good(t, o, nil)
	good(t, o, Params{"max_offset": "0.5", "source": "127.0.0.1"})
	bad(t, o, Params{"source": "ntp1.example"}, "probe.clock_source")
	bad(t, o, Params{"max_offset": "-1"}, "probe.clock_offset")
	bad(t, o, Params{"max_offset": "a bit"}, "probe.param_invalid")
	if o.Exit != 0 || o.Digest == "" {
		t.Errorf("no exit code or digest: %+v", o)
	}
}

func TestClockKeptOnlyByItself(t *testing.T) {
	args, _ := chrony(t, "local stratum 5")
	o := lookAt(t, hostClock{config().Clock, Machine{Chronyc: args}}, hostSubject(t), nil)
	bad(t, o, nil, "probe.clock_local")
}

func TestClockWithoutAnAnswerFromItsSource(t *testing.T) {
	args, _ := chrony(t, "server 127.0.0.1 port "+port(t, "udp")+" minpoll 0 maxpoll 0")
	o := lookAt(t, hostClock{config().Clock, Machine{Chronyc: args}}, hostSubject(t), nil)
	bad(t, o, nil, "probe.clock_unsynchronised")
}

func TestClockWhoseServiceWasStopped(t *testing.T) {
	program(t, "chronyc", "chrony")
	o := lookAt(t, hostClock{config().Clock, Machine{Chronyc: []string{"-h", "127.0.0.1", "-p", port(t, "udp")}}}, hostSubject(t), nil)
	bad(t, o, nil, "probe.clock_service_silent")
}

// chrony may lie installed beside the service that is really used.
func TestClockKeptByAnotherServiceThanTheInstalledOne(t *testing.T) {
	program(t, "chronyc", "chrony")
	root := tree(t, map[string]string{"proc/7/comm": "systemd-timesyn\n"})
	o := lookAt(t, hostClock{config().Clock, Machine{Root: root, Chronyc: []string{"-h", "127.0.0.1", "-p", port(t, "udp")}}}, hostSubject(t), nil)
	if service, _ := o.Facts.Text("clock.service"); o.Error != nil || service != "systemd-timesyncd" {
		t.Fatalf("%+v %+v", o.Error, o.Facts)
	}
}

func TestClockThatCannotBeRead(t *testing.T) {
	run := func(context.Context, string, ...string) ([]byte, []byte, int, error) {
		return []byte("garbage\n"), nil, 0, nil
	}
	o := lookAt(t, hostClock{config().Clock, Machine{Run: run}}, hostSubject(t), nil)
	blind(t, o, ErrMalformed)
	if ok, _ := Judge("host.clock", Facts{}, nil); ok {
		t.Error("no facts are judged good")
	}
}

func TestClockWithoutAnyTimeProgramIsReadFromTheKernel(t *testing.T) {
	absent := func(_ context.Context, name string, _ ...string) ([]byte, []byte, int, error) {
		return nil, nil, -1, &CouldNot{Code: ErrNotInstalled, What: name}
	}
	o := lookAt(t, hostClock{config().Clock, Machine{Run: absent}}, hostSubject(t), nil)
	if o.Error != nil {
		t.Fatalf("could not look: %+v", o.Error)
	}
	kernel, known := o.Facts.Bool("clock.kernel_synchronised")
	ok, why := Judge("host.clock", o.Facts, Params{"max_offset": "100"})
	if !known || ok != kernel {
		t.Errorf("the kernel says %v, judged %v for %v", kernel, ok, why)
	}
}
