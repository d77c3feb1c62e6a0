package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast/internal/bundle"
	"holdfast/internal/isms"
	"holdfast/internal/ledger"
)

type verifyCmd struct {
	place
	Target   string   `arg:"" optional:"" help:"A data directory, a bundle, a directory of published tiles, or the http(s) address of one of the last two. Without it the installation that --data and --database name."`
	JSON     bool     `help:"Print what was found as JSON."`
	Key      []string `type:"existingfile" placeholder:"FILE" help:"File with a verifier key got from somebody else than the log itself. May be given several times."`
	Remember bool     `default:"true" negatable:"" help:"Compare with the heads seen here before, and remember the new ones in the user's configuration directory."`

	Keys []string `kong:"-"` // what the files hold
}

// Help says what the exit codes mean here.
func (verifyCmd) Help() string {
	return `Exit codes: 0 everything is as the ledger says; 1 something is wrong, and file, entry and reason are named; 2 could not look.

Without a known key and without a head remembered from before, the answer is "consistent, signer unknown": whoever has data and key can sign a rewritten log.`
}

// finding is what was found about one log or bundle.
type finding struct {
	Name   string         `json:"name"`
	Report *ledger.Report `json:"report"`
	Bundle *bundle.Result `json:"bundle,omitempty"`
}

// Run verifies. Whatever keeps it from looking is exit code 2.
func (c *verifyCmd) Run(ctx context.Context, e *env) error {
	err := c.verify(ctx, e)
	var x exit
	if err == nil || errors.As(err, &x) {
		return err
	}
	if slices.Contains(broken, isms.CodeOf(err)) {
		return c.print(e, []finding{unreadable(c.Data, "database", err)})
	}
	e.code(err)
	return exit(exitCouldNot)
}

// broken are the errors that say that what is there is wrong, not that it could not be looked at.
var broken = []string{"store.damaged", "ledger.edge_incomplete", "ledger.tile_damaged"}

func (c *verifyCmd) verify(ctx context.Context, e *env) error {
	for _, file := range c.Key {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		c.Keys = append(c.Keys, strings.TrimSpace(string(b)))
	}
	if strings.Contains(c.Target, "://") {
		return c.fetched(ctx, e)
	}
	if c.Target == "" {
		return c.installation(ctx, e)
	}
	info, err := os.Stat(c.Target)
	if err != nil {
		return isms.Errorf(isms.Unavailable, "verify.no_target", "target", c.Target).Because(err)
	}
	if !info.IsDir() {
		raw, err := os.ReadFile(c.Target)
		if err != nil {
			return err
		}
		return c.bundle(e, c.Target, raw)
	}
	if _, err := os.Stat(filepath.Join(c.Target, "checkpoint")); err == nil {
		return c.tiles(ctx, e, func(_ context.Context, path string) ([]byte, error) {
			return os.ReadFile(filepath.Join(c.Target, filepath.FromSlash(path)))
		})
	}
	if c.Data, err = filepath.Abs(c.Target); err != nil {
		return err
	}
	return c.installation(ctx, e)
}

// installation verifies a data directory or database, in its running server if there is one.
func (c *verifyCmd) installation(ctx context.Context, e *env) error {
	if c.Database == "" {
		if _, err := os.Stat(filepath.Join(c.Data, "instance.json")); err != nil { // opening would found a new one
			return isms.Errorf(isms.Unavailable, "verify.no_target", "target", c.Data).Because(err)
		}
	}
	return e.perform(ctx, c)
}

// bundle verifies a bundle.
func (c *verifyCmd) bundle(e *env, name string, raw []byte) error {
	trust := ledger.Trust{Keys: c.Keys}
	memory, err := c.memory()
	if err != nil {
		return err
	}
	if memory != nil {
		for _, origin := range bundle.Origins(raw) {
			seen, _, ok, err := memory.Recall(origin)
			if err != nil {
				return err
			}
			if ok {
				trust.Seen = append(trust.Seen, seen)
			}
		}
	}
	res, err := bundle.Verify(raw, trust)
	if err != nil {
		return err
	}
	return c.print(e, []finding{{Name: name, Report: res.Report, Bundle: res}})
}

// tiles verifies what a log publishes.
func (c *verifyCmd) tiles(ctx context.Context, e *env, fetch func(context.Context, string) ([]byte, error)) error {
	trust := ledger.Trust{Keys: c.Keys, Progress: e.progress()}
	memory, err := c.memory()
	if err != nil {
		return err
	}
	msg, err := fetch(ctx, "checkpoint")
	if err != nil {
		return isms.Errorf(isms.Unavailable, "verify.no_target", "target", c.Target).Because(err)
	}
	origin, _, _ := strings.Cut(string(msg), "\n")
	if memory != nil {
		seen, vkey, ok, err := memory.Recall(origin)
		if err != nil {
			return err
		}
		if ok {
			trust.Seen = []ledger.Seen{seen}
			if len(trust.Keys) == 0 {
				trust.Keys = []string{vkey}
			}
		}
	}
	rep, err := ledger.VerifyPublic(ctx, fetch, trust)
	if err != nil {
		return isms.Errorf(isms.Unavailable, "verify.could_not_read").Because(err)
	}
	if len(c.Keys) == 0 && rep.Signer == ledger.SignerKnown { // only the key that was remembered
		rep.Signer = ledger.SignerRemembered
	}
	if rep.OK && memory != nil && rep.VerifierKey != "" {
		if err := memory.Remember([]byte(rep.Checkpoint), rep.VerifierKey); err != nil {
			return err
		}
	}
	return c.print(e, []finding{{Name: origin, Report: rep}})
}

// memory is what was seen before, nil if it is not wanted.
func (c *verifyCmd) memory() (*ledger.Memory, error) {
	if !c.Remember {
		return nil, nil
	}
	m, err := ledger.DefaultMemory()
	return &m, err
}

const maxFetched = 256 << 20

// fetched verifies a bundle or published tiles at an address.
func (c *verifyCmd) fetched(ctx context.Context, e *env) error {
	client := &http.Client{Timeout: 2 * time.Minute}
	get := func(ctx context.Context, url string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answered %s", url, res.Status)
		}
		return io.ReadAll(io.LimitReader(res.Body, maxFetched))
	}
	base := strings.TrimSuffix(c.Target, "/")
	if raw, err := get(ctx, c.Target); err == nil && bytes.HasPrefix(raw, []byte(`{"bundle":`)) {
		return c.bundle(e, c.Target, raw)
	}
	return c.tiles(ctx, e, func(ctx context.Context, path string) ([]byte, error) { return get(ctx, base+"/"+path) })
}

// progress tells of long work, at most once a second.
func (e *env) progress() func(done, total int64) {
	last := time.Now()
	return func(done, total int64) {
		if time.Since(last) > time.Second {
			last = time.Now()
			e.tell("verify.entries", done, total)
		}
	}
}

// print says what was found, for people or as JSON.
func (c *verifyCmd) print(e *env, all []finding) error {
	good := true
	for _, f := range all {
		good = good && f.Report.OK
	}
	if c.JSON {
		if err := e.json(struct {
			OK    bool      `json:"ok"`
			Found []finding `json:"found"`
		}{good, all}); err != nil {
			return err
		}
	} else {
		for _, f := range all {
			e.say(f)
		}
	}
	if !good {
		return exit(exitNotGood)
	}
	return nil
}

// say writes one finding for people.
func (e *env) say(f finding) {
	r, t := f.Report, e.words.T
	if r.OK {
		fmt.Fprintf(e.out, "%s: %s\n", f.Name, t("verify.signer."+string(r.Signer)))
	} else {
		fmt.Fprintf(e.out, "%s: %s\n", f.Name, t("verify.wrong"))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(e.out, "  %s", p.Place)
		if p.Entry >= 0 {
			fmt.Fprintf(e.out, ", %s", t("verify.entry", "n", fmt.Sprint(p.Entry)))
		}
		if p.Subject != "" {
			fmt.Fprintf(e.out, ", %s", p.Subject)
		}
		fmt.Fprintf(e.out, ": %s [%s]\n", e.words.Reason(p.Reason), p.Code)
	}
	if r.More > 0 {
		fmt.Fprintln(e.out, " ", t("verify.more", "number", fmt.Sprint(r.More)))
	}
	if b := f.Bundle; b != nil && r.OK {
		fmt.Fprintln(e.out, " ", t("verify.verdict", "words", b.Words, "at", b.At.String(), "verdict", e.words.Verdict(b.Verdict)))
	}
	k := r.Counts
	fmt.Fprintln(e.out, " ", t("verify.counts", "entries", fmt.Sprint(k.Entries), "rows", fmt.Sprint(k.Rows), "files", fmt.Sprint(k.Files), "accesses", fmt.Sprint(k.Accesses)))
}
