// Command verify checks what Holdfast hands out, without a line of Holdfast's code: a bundle,
// or a directory of published tiles (C2SP tlog-tiles). It needs nothing but Go's standard
// library, so that it can be read in one sitting. It proves that the entries and observations
// of a bundle stand in the signed log; the verdict it repeats as claimed: "holdfast verify"
// derives it again. Exit codes: 0 right, 1 wrong, 2 could not look.
//
//	verify [-key FILE] BUNDLE|DIRECTORY
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

type hash = [32]byte

func leaf(b []byte) hash     { return sha256.Sum256(append([]byte{0}, b...)) } // RFC 6962
func node(l, r hash) hash    { return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...)) }
func sum(b ...[]byte) []byte { h := sha256.Sum256(bytes.Join(b, nil)); return h[:] }

// must ends in exit code 1, as what it checks is wrong.
func must(ok bool, what string, args ...any) {
	if !ok {
		fmt.Printf("WRONG: "+what+"\n", args...)
		os.Exit(1)
	}
}

func b64(s string) []byte {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	must(err == nil, "base64 %q", s)
	return b
}
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	must(err == nil && hex.EncodeToString(b) == s, "hex %q", s)
	return b
}

// open checks a signed note (C2SP signed-note) of one signature and returns its lines.
func open(note, vkey string) []string {
	name, rest, _ := strings.Cut(vkey, "+")
	id, key, _ := strings.Cut(rest, "+")
	k := b64(key)
	must(len(k) == 33 && k[0] == 1 && hex.EncodeToString(sum([]byte(name+"\n"), k)[:4]) == id, "verifier key %q", vkey)
	text, line, _ := strings.Cut(note, "\n\n")
	text += "\n"
	sig, ok := strings.CutPrefix(line, "— "+name+" ")
	must(ok && strings.HasSuffix(sig, "\n"), "note is not signed by %s", name)
	s := b64(strings.TrimSuffix(sig, "\n"))
	must(len(s) == 68 && hex.EncodeToString(s[:4]) == id && ed25519.Verify(k[1:], []byte(text), s[4:]), "signature by %s", name)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// head reads size and root of a checkpoint (C2SP tlog-checkpoint).
func head(lines []string) (int64, hash) {
	must(len(lines) == 3, "checkpoint has %d lines", len(lines))
	n, err := strconv.ParseInt(lines[1], 10, 64)
	root := b64(lines[2])
	must(err == nil && n >= 0 && strconv.FormatInt(n, 10) == lines[1] && len(root) == 32, "checkpoint %q", lines)
	return n, hash(root)
}

// included checks an audit path (RFC 9162, 2.1.3.2).
func included(index, size int64, h hash, path [][]byte, root hash) bool {
	if index < 0 || index >= size {
		return false
	}
	fn, sn := index, size-1
	for _, p := range path {
		if sn == 0 || len(p) != 32 {
			return false
		}
		if fn&1 == 1 || fn == sn {
			for h = node(hash(p), h); fn&1 == 0 && fn != 0; fn, sn = fn>>1, sn>>1 {
			}
		} else {
			h = node(h, hash(p))
		}
		fn, sn = fn>>1, sn>>1
	}
	return sn == 0 && h == root
}

type bundle struct {
	About, Verdict, Zone string
	At                   int64
	Entries              []struct {
		Actor, Kind, Means, Payload, Subject string
		At, Index, Rev                       int64
		HeaderSalt                           []byte `json:"header_salt"`
		PayloadSalt                          []byte `json:"payload_salt"`
		Path                                 [][]byte
		Tree                                 int
	}
	Looks []struct {
		Entry int64
		Batch struct {
			Header                       json.RawMessage
			Index                        int64
			Observation, Salt, Signature string
			Path                         []string
		}
	}
	Trees []struct {
		Checkpoint, VKey string
		Start            int64
	}
}

func text(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(e.Encode(s) == nil, "text %q", s)
	return strings.TrimSuffix(b.String(), "\n")
}

func checkBundle(raw []byte, key string) {
	var f struct {
		Bundle json.RawMessage
		Seal   string
	}
	must(json.Unmarshal(raw, &f) == nil, "the file is no bundle")
	must(string(raw) == `{"bundle":`+string(f.Bundle)+`,"seal":`+text(f.Seal)+"}\n", "the file is not in the one form of a bundle")
	var b bundle
	must(json.Unmarshal(f.Bundle, &b) == nil && len(b.Trees) > 0, "the bundle cannot be read")
	last := b.Trees[len(b.Trees)-1].VKey
	must(key == "" || key == last, "signed by %s, not by the given key", last)
	seal := open(f.Seal, last)
	must(len(seal) == 2 && seal[0] == "holdfast-bundle/1" && seal[1] == base64.StdEncoding.EncodeToString(sum(f.Bundle)), "the seal is over other bytes")
	payloads, agents := map[int64]string{}, map[string]map[string]bool{}
	for _, e := range b.Entries {
		must(e.Tree >= 0 && e.Tree < len(b.Trees) && len(e.HeaderSalt) == 16 && len(e.PayloadSalt) == 16, "entry %d is malformed", e.Index)
		header := fmt.Sprintf(`{"actor":%s,"at":%d,"kind":%s,"means":%s,"rev":%d,"subject":%s}`, text(e.Actor), e.At, text(e.Kind), text(e.Means), e.Rev, text(e.Subject))
		l := bytes.Join([][]byte{{1}, sum([]byte("h"), e.HeaderSalt, []byte(header)), sum([]byte("p"), e.PayloadSalt, []byte(e.Payload))}, nil)
		t := b.Trees[e.Tree]
		size, root := head(open(t.Checkpoint, t.VKey))
		must(included(e.Index-t.Start, size, leaf(l), e.Path, root), "entry %d is not in the log", e.Index)
		payloads[e.Index] = e.Payload
		var agent struct {
			PublicKey string `json:"public_key"`
		}
		if json.Unmarshal([]byte(e.Payload), &agent) == nil && agent.PublicKey != "" {
			if agents[e.Subject] == nil {
				agents[e.Subject] = map[string]bool{}
			}
			agents[e.Subject][agent.PublicKey] = true
		}
	}
	for _, l := range b.Looks {
		var h, taken struct {
			Agent, Root string
			Count       int64
		}
		must(json.Unmarshal(l.Batch.Header, &h) == nil && json.Unmarshal([]byte(payloads[l.Entry]), &taken) == nil && h.Agent == taken.Agent && h.Root == taken.Root, "a look is not of the batch of entry %d", l.Entry)
		signed := false
		for key := range agents[h.Agent] {
			signed = signed || ed25519.Verify(unhex(key), append([]byte("holdfast-batch/1\n"), l.Batch.Header...), unhex(l.Batch.Signature))
		}
		must(signed, "the batch of entry %d is not signed by its agent", l.Entry)
		var path [][]byte
		for _, p := range l.Batch.Path {
			path = append(path, unhex(p))
		}
		o := leaf(append([]byte{1}, sum([]byte("o"), unhex(l.Batch.Salt), []byte(l.Batch.Observation))...))
		must(included(l.Batch.Index, h.Count, o, path, hash(unhex(h.Root))), "an observation is not in the batch of entry %d", l.Entry)
	}
	fmt.Printf("consistent: %d entries and %d observations stand in the log of %s\nclaimed verdict on %s at %d: %s\n", len(b.Entries), len(b.Looks), strings.SplitN(last, "+", 2)[0], b.About, b.At, b.Verdict)
}

// tilePath is the path of tile n with w hashes (C2SP tlog-tiles).
func tilePath(level string, n int64, w int) string {
	p := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		p = fmt.Sprintf("x%03d/%s", n%1000, p)
	}
	if w < 256 {
		p += ".p/" + strconv.Itoa(w)
	}
	return "tile/" + level + "/" + p
}

// fold is the root over hashes (RFC 6962, 2.1).
func fold(hs []hash) hash {
	if len(hs) == 1 {
		return hs[0]
	}
	k := 1
	for k*2 < len(hs) {
		k *= 2
	}
	return node(fold(hs[:k]), fold(hs[k:]))
}

func checkTiles(dir, key string) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(err == nil, "%s: %v", name, err)
		return b
	}
	note := string(read("checkpoint"))
	lines := strings.Split(strings.SplitN(note, "\n\n", 2)[0], "\n")
	if key != "" {
		lines = open(note, key)
	}
	size, root := head(lines)
	var level []hash
	for n := int64(0); n*256 < size; n++ {
		w := int(min(256, size-n*256))
		b := read(tilePath("entries", n, w))
		for range w {
			must(len(b) >= 2 && len(b) >= 2+int(b[0])<<8+int(b[1]), "bundle %d of leaves is cut short", n)
			k := 2 + int(b[0])<<8 + int(b[1])
			level, b = append(level, leaf(b[2:k])), b[k:]
		}
		must(len(b) == 0, "bundle %d of leaves is too long", n)
	}
	must(size == 0 && root == sha256.Sum256(nil) || size > 0 && fold(level) == root, "the root over the leaves is not the checkpoint's")
	for l := 0; len(level) > 0; l++ {
		var up []hash
		for n := 0; n*256 < len(level); n++ {
			hs := level[n*256 : min(len(level), n*256+256)]
			var want []byte
			for _, h := range hs {
				want = append(want, h[:]...)
			}
			name := tilePath(strconv.Itoa(l), int64(n), len(hs))
			must(bytes.Equal(read(name), want), "%s", name)
			if len(hs) == 256 {
				up = append(up, fold(hs))
			}
		}
		level = up
	}
	fmt.Printf("consistent: %d leaves of %s, signer %s\n", size, lines[0], map[bool]string{true: "known", false: "unknown"}[key != ""])
}

func main() {
	keyFile := flag.String("key", "", "file with the log's verifier key, got from elsewhere")
	flag.Parse()
	info, err := os.Stat(flag.Arg(0))
	var key []byte
	if err == nil && *keyFile != "" {
		key, err = os.ReadFile(*keyFile)
	}
	var raw []byte
	if err == nil && !info.IsDir() {
		raw, err = os.ReadFile(flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "could not look:", err)
		os.Exit(2)
	}
	if info.IsDir() {
		checkTiles(flag.Arg(0), strings.TrimSpace(string(key)))
		return
	}
	checkBundle(raw, strings.TrimSpace(string(key)))
}
