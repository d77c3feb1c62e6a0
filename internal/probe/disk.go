package probe

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/internal/isms"
)

// hostDisk is the check "host.disk_encryption": does every way from the file system
// that holds the data down to the hardware pass through an encrypted layer?
type hostDisk struct {
	clock isms.Clock
	m     Machine
}

func (hostDisk) Key() string { return "host.disk_encryption" }

// device is one line of lsblk.
type device struct {
	Name     string   `json:"name"`
	Path     string   `json:"path"`
	Type     string   `json:"type"`
	Numbers  string   `json:"maj:min"`
	Children []device `json:"children"`
}

// Look takes the parameter path, whose disk is looked at; else Machine.DataPath; else /.
// It yields: disk.path, disk.source, disk.filesystem, disk.chains (from hardware to file
// system), disk.encrypted.
func (p hostDisk) Look(ctx context.Context, s Subject, params Params) Observation {
	l := start(p.clock, p.Key(), s)
	path := params["path"]
	if path == "" {
		path = p.m.DataPath
	}
	if path == "" {
		path = "/"
	}
	l.Facts.text("disk.path", path)
	source, numbers, err := p.mount(ctx, l, path)
	if err != nil {
		return l.fail(err)
	}
	args := []string{"-J", "-o", "NAME,PATH,TYPE,MAJ:MIN"}
	if p.m.Root != "" {
		args = append(args, "--sysroot", p.m.Root)
	}
	out, errOut, err := l.run(ctx, p.m, "lsblk", args...)
	if err != nil {
		return l.fail(err)
	}
	var all struct {
		Devices []device `json:"blockdevices"`
	}
	if l.Exit != 0 || json.Unmarshal(out, &all) != nil {
		return l.fail(couldNot(ErrMalformed, "lsblk", errors.New(clip(string(errOut), 200))))
	}
	var chains [][]device
	for _, d := range all.Devices {
		chains = append(chains, d.chains(source, numbers, nil)...)
	}
	if len(chains) == 0 {
		return l.fail(couldNot(ErrUnclear, path, errors.New(source+" is on no block device that lsblk knows")))
	}
	encrypted := true
	var shown []string
	for _, c := range chains {
		words := make([]string, len(c))
		for i, d := range c {
			words[i] = d.Name + " " + d.Type
		}
		shown = append(shown, strings.Join(words, " > "))
		encrypted = encrypted && slices.ContainsFunc(c, func(d device) bool { return d.Type == "crypt" })
	}
	l.Facts.list("disk.chains", shown)
	l.Facts.bool("disk.encrypted", encrypted)
	return l.done()
}

// mount finds the device that holds path.
func (p hostDisk) mount(ctx context.Context, l *look, path string) (source, numbers string, err error) {
	args := []string{"-J", "-o", "SOURCE,FSTYPE,MAJ:MIN", "-T", path}
	if p.m.Root != "" {
		args = append(args, "-F", filepath.Join(p.m.Root, "proc/self/mountinfo"))
	}
	out, errOut, err := l.run(ctx, p.m, "findmnt", args...)
	if err != nil {
		return "", "", err
	}
	var found struct {
		Filesystems []struct {
			Source  string `json:"source"`
			Type    string `json:"fstype"`
			Numbers string `json:"maj:min"`
		} `json:"filesystems"`
	}
	if l.Exit != 0 || json.Unmarshal(out, &found) != nil || len(found.Filesystems) == 0 {
		return "", "", couldNot(ErrUnreadable, path, errors.New(clip(string(errOut), 200)))
	}
	f := found.Filesystems[len(found.Filesystems)-1] // the last one mounted lies on top
	source, _, _ = strings.Cut(f.Source, "[")        // a btrfs subvolume
	l.Facts.text("disk.source", source)
	l.Facts.text("disk.filesystem", f.Type)
	return source, f.Numbers, nil
}

// chains lists the ways from d to the device with the given path or numbers.
func (d device) chains(path, numbers string, above []device) [][]device {
	here := append(slices.Clone(above), d)
	if d.Path == path || d.Numbers == numbers {
		return [][]device{here}
	}
	var out [][]device
	for _, c := range d.Children {
		out = append(out, c.chains(path, numbers, here)...)
	}
	return out
}

func judgeDisk(f Facts, _ Params, no *refusals) {
	path, _ := f.Text("disk.path")
	no.mustBe(f, "disk.encrypted", true, "probe.disk_plain", "path", path)
}
