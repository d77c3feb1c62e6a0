package probe

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files below a new directory that stands for another machine's root.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	plant(t, root, files)
	return root
}

func plant(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func symlink(t *testing.T, to, from string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(from), 0o755); err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(filepath.Dir(from), to)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(rel, from); err != nil {
		t.Fatal(err)
	}
}

// blockDevice describes a device as the kernel's sysfs does; under is what it lies on.
type blockDevice struct{ name, numbers, disk, mapper, uuid string }

// sysfs describes a machine to the real lsblk and findmnt.
func sysfs(t *testing.T, devices []blockDevice, on map[string][]string, mounted string) string {
	t.Helper()
	root := tree(t, map[string]string{"proc/self/mountinfo": mounted})
	place := map[string]string{}
	for _, d := range devices {
		dir := filepath.Join(root, "sys/devices/x/block", d.disk, d.name)
		place[d.name] = dir
		major, minor, _ := strings.Cut(d.numbers, ":")
		plant(t, dir, map[string]string{"dev": d.numbers + "\n", "size": "2048\n", "ro": "0\n", "removable": "0\n", "hidden": "0\n", "holders/.keep": "", "slaves/.keep": "",
			"uevent": fmt.Sprintf("MAJOR=%s\nMINOR=%s\nDEVNAME=%s\n", major, minor, d.name)})
		plant(t, root, map[string]string{"dev/" + d.name: ""})
		if d.disk != "" {
			plant(t, dir, map[string]string{"partition": "1\n"})
		} else {
			symlink(t, dir, filepath.Join(root, "sys/block", d.name))
		}
		if d.mapper != "" {
			plant(t, dir, map[string]string{"dm/name": d.mapper + "\n", "dm/uuid": d.uuid + "\n"})
		}
		symlink(t, dir, filepath.Join(root, "sys/dev/block", d.numbers))
	}
	for _, d := range devices {
		os.Remove(filepath.Join(place[d.name], "holders/.keep"))
		os.Remove(filepath.Join(place[d.name], "slaves/.keep"))
		for _, below := range on[d.name] {
			symlink(t, place[d.name], filepath.Join(place[below], "holders", d.name))
			symlink(t, place[below], filepath.Join(place[d.name], "slaves", below))
		}
	}
	return root
}

func lookDisk(t *testing.T, root string, params Params) Observation {
	t.Helper()
	program(t, "lsblk", "util-linux")
	return lookAt(t, hostDisk{config().Clock, Machine{Root: root}}, hostSubject(t), params)
}

func TestDiskWithAnEncryptedLayer(t *testing.T) {
	root := sysfs(t, []blockDevice{
		{name: "sda", numbers: "8:0"},
		{name: "sda1", numbers: "8:1", disk: "sda"},
		{name: "sda2", numbers: "8:2", disk: "sda"},
		{name: "dm-0", numbers: "253:0", mapper: "luks-data", uuid: "CRYPT-LUKS2-0123456789abcdef-luks-data"},
		{name: "dm-1", numbers: "253:1", mapper: "vg-root", uuid: "LVM-abcdef"},
	}, map[string][]string{"dm-0": {"sda2"}, "dm-1": {"dm-0"}},
		"1 0 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n2 1 8:1 / /boot rw - ext4 /dev/sda1 rw\n")
	good(t, lookDisk(t, root, nil), nil)
	o := lookDisk(t, root, Params{"path": "/boot"})
	bad(t, o, nil, "probe.disk_plain")
	if chains, _ := o.Facts.List("disk.chains"); len(chains) != 1 || chains[0] != "sda disk > sda1 part" {
		t.Errorf("chains %v", chains)
	}
}

// A mirror of which one half is not encrypted is not encrypted.
func TestDiskEncryptedOnOneSideOnly(t *testing.T) {
	root := sysfs(t, []blockDevice{
		{name: "sda", numbers: "8:0"}, {name: "sdb", numbers: "8:16"},
		{name: "dm-0", numbers: "253:0", mapper: "luks-a", uuid: "CRYPT-LUKS2-0123456789abcdef-luks-a"},
		{name: "dm-1", numbers: "253:1", mapper: "vg-data", uuid: "LVM-abcdef"},
	}, map[string][]string{"dm-0": {"sda"}, "dm-1": {"dm-0", "sdb"}}, "1 0 253:1 / / rw - ext4 /dev/mapper/vg-data rw\n")
	o := lookDisk(t, root, nil)
	bad(t, o, nil, "probe.disk_plain")
	if chains, _ := o.Facts.List("disk.chains"); len(chains) != 2 {
		t.Errorf("chains %v", chains)
	}
}

func TestDiskThatCannotBeSeen(t *testing.T) {
	blind(t, lookDisk(t, sysfs(t, []blockDevice{{name: "sda", numbers: "8:0"}}, nil, "1 0 0:50 / / rw - nfs4 files.example:/data rw\n"), nil), ErrUnclear)
	blind(t, lookDisk(t, tree(t, map[string]string{"proc/self/mountinfo": ""}), nil), ErrUnreadable)
}

func TestDiskOfThisHostIsSeenOrSaidNotTo(t *testing.T) {
	o := lookDisk(t, "", nil)
	encrypted, ok := o.Facts.Bool("disk.encrypted")
	if o.Error == nil && !ok {
		t.Fatalf("neither a fact nor an error: %+v", o)
	}
	if good, _ := Judge(o.Check, o.Facts, nil); good != encrypted {
		t.Errorf("encrypted is %v, judged %v", encrypted, good)
	}
}
