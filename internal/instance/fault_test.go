package instance_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"holdfast/internal/housetest"
	"holdfast/internal/instance"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/store"
)

// The process of this test starts itself again as a writer, kills it in the middle of its work and
// looks what is left: every write that was acknowledged, nothing half, and a log that verifies.

// child is what the writer is told.
type child struct {
	Config store.Config
	Org    isms.ID
	Run    int
}

const childVar = "HOLDFAST_FAULT_CHILD"

// writes is the child: sixteen writers that say each acknowledged id on standard output.
func writes(raw string) {
	var c child
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		panic(err)
	}
	c.Config.Clock = isms.SystemClock{}
	in, err := instance.Open(ctx, instance.Config{Config: c.Config})
	if err != nil {
		panic(err)
	}
	log, err := in.Organisation(ctx, c.Org)
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	for w := range 16 {
		go func() {
			for i := 0; ; i++ {
				id := isms.ID(fmt.Sprintf("tst_%05d_%02d_%08d", c.Run, w, i))
				err := log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
					tx.Append("test.written", id, 1, []byte(`{"half":1}`))
					tx.Append("test.written", id, 2, []byte(`{"half":2}`))
					return tx.UseFile(ctx, string(id), id, 1)
				})
				mu.Lock()
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(3)
				}
				_, _ = os.Stdout.WriteString(string(id) + "\n")
				mu.Unlock()
			}
		}()
	}
	select {}
}

func rounds(t *testing.T, usual int) int {
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_FAULT_ROUNDS")); err == nil {
		return n
	}
	if testing.Short() {
		return 3
	}
	return usual
}

func TestKilledInTheMiddleNothingAcknowledgedIsLost(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		cfg.Clock = isms.SystemClock{}
		in, err := instance.Open(ctx, instance.Config{Config: cfg})
		must(t, err)
		o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE"})
		must(t, err)
		must(t, in.Close())
		acknowledged := map[string]bool{}
		n := rounds(t, 60)
		for run := range n {
			for _, id := range kill(t, cfg, o.ID, run) {
				acknowledged[id] = true
			}
			if run%10 == 9 || run == n-1 {
				lookAfter(t, cfg, o.ID, acknowledged)
			}
		}
		if len(acknowledged) < n {
			t.Fatalf("only %d writes were acknowledged in %d runs", len(acknowledged), n)
		}
		t.Logf("killed %d times, %d acknowledged writes, none lost", n, len(acknowledged))
	})
}

// kill runs a writer, kills it at a random moment and returns what it had acknowledged.
func kill(t *testing.T, cfg store.Config, org isms.ID, run int) (ids []string) {
	t.Helper()
	cfg.Clock = nil
	raw, err := json.Marshal(child{Config: cfg, Org: org, Run: run})
	must(t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVar+"="+string(raw))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	var die <-chan time.Time
	got := make(chan string)
	go func() {
		for lines.Scan() {
			got <- lines.Text()
		}
		close(got)
	}()
	for {
		select {
		case id, ok := <-got:
			if !ok {
				_ = cmd.Wait() // killed: its state says so
				return ids
			}
			if len(id) == len("tst_00000_00_00000000") {
				ids = append(ids, id)
			}
			if die == nil { // it writes: from now on it may die at any moment
				die = time.After(time.Duration(rand.IntN(60_000)) * time.Microsecond)
			}
		case <-die:
			must(t, cmd.Process.Kill())
			die = make(chan time.Time)
		}
	}
}

func lookAfter(t *testing.T, cfg store.Config, org isms.ID, acknowledged map[string]bool) {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{Config: cfg})
	must(t, err)
	defer func() { must(t, in.Close()) }()
	log, err := in.Organisation(ctx, org)
	must(t, err)
	rep, err := ledger.Verify(ctx, log.DB, ledger.Trust{})
	must(t, err)
	if !rep.OK {
		t.Fatalf("after kills: %v", rep.Problems)
	}
	halves, used := map[isms.ID]int{}, map[string]bool{}
	must(t, log.Read(ctx, func(tx *store.Tx) error {
		for from := int64(0); ; {
			es, err := ledger.Range(ctx, tx, from, 5000)
			if err != nil || len(es) == 0 {
				if err == nil {
					err = tx.Files(ctx, func(d string, _ int64) error { used[d] = true; return nil })
				}
				return err
			}
			for _, e := range es {
				if e.Kind == "test.written" {
					halves[e.Subject]++
				}
				from = e.Index + 1
			}
		}
	}))
	for id, n := range halves {
		if n != 2 || !used[string(id)] {
			t.Fatalf("%s was kept by half: %d entries, row %v", id, n, used[string(id)])
		}
	}
	for id := range acknowledged {
		if halves[isms.ID(id)] != 2 {
			t.Fatalf("%s was acknowledged and is gone", id)
		}
	}
}

func TestAReplacedDataDirectoryIsNotWrittenTo(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	in := open(t, cfg)
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	path := log.DB.Path()
	b, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path+".restored", b, 0o600))
	must(t, os.Rename(path+".restored", path))
	err = log.Write(ctx, isms.System, func(tx *ledger.Tx) error { tx.Append("test.written", o.ID, 0, []byte(`{}`)); return nil })
	if isms.CodeOf(err) != "store.replaced" {
		t.Fatal(err)
	}
}

func TestATornPageIsFound(t *testing.T) {
	cfg := housetest.Config(t, store.SQLite)
	in := open(t, cfg)
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	for range 400 {
		must(t, log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			tx.Append("test.written", isms.NewID("tst", tx.At), 1, []byte(`{"words":"enough to fill some pages with entries"}`))
			return nil
		}))
	}
	path := log.DB.Path()
	must(t, in.Close())
	good, err := os.ReadFile(path)
	must(t, err)
	found, whole := 0, rows(t, cfg, o.ID)
	for page := 1; (page+1)*4096 <= len(good); page += max(1, len(good)/4096/12) {
		bad := append([]byte(nil), good...)
		copy(bad[page*4096+2048:(page+1)*4096], make([]byte, 2048)) // the second half never reached the disk
		must(t, os.WriteFile(path, bad, 0o600))
		if damaged(t, cfg, o.ID) {
			found++
		} else if rows(t, cfg, o.ID) != whole { // half a page may be empty: then nothing was lost
			t.Errorf("page %d torn and nobody noticed", page)
		}
	}
	must(t, os.WriteFile(path, good, 0o600))
	if damaged(t, cfg, o.ID) || found == 0 {
		t.Errorf("%d torn pages found; the good file: damaged=%v", found, damaged(t, cfg, o.ID))
	}
}

// rows is a digest over every row of an organisation.
func rows(t *testing.T, cfg store.Config, org isms.ID) string {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{Config: cfg})
	must(t, err)
	defer in.Close()
	log, err := in.Organisation(ctx, org)
	must(t, err)
	h := sha256.New()
	must(t, log.Read(ctx, func(tx *store.Tx) error { _, err := tx.Dump(ctx, h); return err }))
	return hex.EncodeToString(h.Sum(nil))
}

func damaged(t *testing.T, cfg store.Config, org isms.ID) bool {
	t.Helper()
	in, err := instance.Open(ctx, instance.Config{Config: cfg})
	must(t, err)
	defer in.Close()
	log, err := in.Organisation(ctx, org)
	if err != nil {
		return true
	}
	if err := log.DB.QuickCheck(ctx); err != nil {
		return true
	}
	rep, err := ledger.Verify(ctx, log.DB, ledger.Trust{})
	return err != nil || !rep.OK
}

func TestAFullDiskLosesNothing(t *testing.T) {
	small := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", small).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED LOUDLY: a small disk cannot be mounted here, run as root: %v %s", err, out)
	}
	t.Cleanup(func() { must(t, exec.Command("umount", "-l", small).Run()) })
	cfg := housetest.Config(t, store.SQLite)
	cfg.Dir = filepath.Join(small, "data")
	in, err := instance.Open(ctx, instance.Config{Config: cfg})
	must(t, err)
	o, err := in.Create(ctx, isms.System, instance.NewOrganisation{Name: "SAMPLE"})
	must(t, err)
	log, err := in.Organisation(ctx, o.ID)
	must(t, err)
	kept := int64(0)
	var full error
	for full == nil && kept < 100_000 {
		full = log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			tx.Append("test.written", isms.NewID("tst", tx.At), 1, append([]byte(`{"words":"`), append(make64k(), '"', '}')...))
			return nil
		})
		if full == nil {
			kept++
		}
	}
	if code := isms.CodeOf(full); code != "store.disk_full" && code != "store.disk_error" {
		t.Fatalf("a full disk says %v", full)
	}
	if log.Head().Size != kept {
		t.Errorf("%d writes were acknowledged, the head says %d", kept, log.Head().Size)
	}
	rep, err := ledger.Verify(ctx, log.DB, ledger.Trust{})
	must(t, err)
	if !rep.OK || rep.Counts.Entries != kept {
		t.Errorf("%d of %d entries verify: %v", rep.Counts.Entries, kept, rep.Problems)
	}
	_ = in.Close() // it cannot note the last heads on a full disk; that is the point
}

func make64k() []byte {
	b := make([]byte, 32<<10)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

func TestTheDatabaseGoneForAWhile(t *testing.T) {
	cfg := housetest.Config(t, store.Postgres)
	relay := newRelay(t, &cfg)
	in := open(t, cfg)
	write := func() error {
		return in.Log.Write(ctx, isms.System, func(tx *ledger.Tx) error {
			tx.Append("test.written", isms.NewID("tst", tx.At), 1, []byte(`{}`))
			return nil
		})
	}
	must(t, write())
	before := in.Log.Head().Size
	relay.cut()
	if err := write(); isms.KindOf(err) != isms.Unavailable {
		t.Fatalf("without a database: %v", err)
	}
	relay.mend()
	for try := 0; ; try++ {
		err := write()
		if err == nil {
			break
		}
		if isms.KindOf(err) != isms.Unavailable || try > 20 {
			t.Fatalf("after it came back: %v", err)
		}
	}
	rep, err := ledger.Verify(ctx, in.Log.DB, ledger.Trust{})
	must(t, err)
	if !rep.OK || in.Log.Head().Size < before+1 {
		t.Errorf("after the gap: %d entries, %v", in.Log.Head().Size, rep.Problems)
	}
}
