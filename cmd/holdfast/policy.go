package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/reading"
)

// policyCmd gathers what the command line does with policies.
type policyCmd struct {
	Read policyReadCmd `cmd:"" help:"Take policies apart into clauses."`
}

// policyReadCmd prints one JSON object a line per file, or a readable list.
type policyReadCmd struct {
	Format string   `enum:"json,text" default:"json" help:"json (one object a line) or text."`
	Lang   string   `enum:"auto,en,de,sl" default:"auto" help:"Language of the text."`
	Files  []string `arg:"" name:"file" help:"Policies: text, Markdown, HTML, Word, OpenDocument or PDF."`

	// propose fills the controls of a reading; nil leaves them empty.
	propose func(*reading.Reading) error
}

// Run reads every file; it goes on after a file that cannot be read and returns
// the first error at the end.
func (c *policyReadCmd) Run() error {
	c.propose = func(r *reading.Reading) error { proposeControls(r, nil); return nil }
	return c.run(context.Background(), os.Stdout, os.Stderr)
}

func (c *policyReadCmd) run(ctx context.Context, out, warn io.Writer) error {
	var first error
	for _, file := range c.Files {
		r, err := c.read(ctx, file)
		if err == nil && c.propose != nil {
			err = c.propose(r)
		}
		if err == nil {
			err = c.print(out, r)
		}
		if err != nil {
			fmt.Fprintf(warn, "%s: %v\n", file, err)
			if first == nil {
				first = err
			}
			continue
		}
		for _, w := range r.Warnings {
			fmt.Fprintf(warn, "%s: warning: %s\n", file, w.Code)
		}
	}
	return first
}

func (c *policyReadCmd) read(ctx context.Context, file string) (*reading.Reading, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, isms.Errorf(isms.NotFound, "reading.no_file", "file", file).Because(err)
	}
	defer f.Close()
	opt := reading.Options{}
	if c.Lang != "auto" && c.Lang != "" {
		opt.Language = isms.Language(c.Lang)
	}
	data, err := io.ReadAll(io.LimitReader(f, reading.DefaultMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return reading.ReadAny(ctx, file, data, opt)
}

// readWorkerCmd is the child process that reads foreign files; hidden from the help.
type readWorkerCmd struct{}

// Run reads one file from standard input and prints what was found.
func (readWorkerCmd) Run() error {
	return reading.Work(context.Background(), os.Stdin, os.Stdout)
}

func (c *policyReadCmd) print(out io.Writer, r *reading.Reading) error {
	if c.Format != "text" {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	fmt.Fprintf(out, "%s (%s) %s %s %s\n", r.File, r.Language, r.Title, r.Version.Label, r.Version.Date)
	for _, cl := range r.Clauses {
		binds := " "
		if cl.Normative {
			binds = "§"
		}
		times := strings.TrimSpace(cl.Cadence + " " + prefixed("by ", cl.Deadline) + prefixed(" keep ", cl.Retention))
		fmt.Fprintf(out, "%4d %s %-8s %-22s %-10s %s\n", cl.Line, binds, cl.Kind, cl.Theme, times, strings.TrimSpace(cl.Number+" "+cl.Text))
	}
	for _, o := range r.Omitted {
		fmt.Fprintf(out, "%4d - %s: %s\n", o.Line, strings.TrimPrefix(o.Because.Code, "reading.omitted."), o.Text)
	}
	return nil
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
