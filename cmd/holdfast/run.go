package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
)

// Exit codes of every command.
const (
	exitDone     = 0
	exitNotGood  = 1 // done and the answer is no, or not done
	exitCouldNot = 2 // could not look, or was called wrongly
)

// env is what commands write to.
type env struct {
	out, err io.Writer
	words    *lang.Printer
}

// exit is an error that carries its own exit code; nothing more is printed for it.
type exit int

// Error names the code.
func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func run(ctx context.Context, args []string, out, errw io.Writer) int {
	e := &env{out: out, err: errw, words: lang.In(lang.Negotiate("", isms.Language(firstTwo(os.Getenv("LANG")))), nil)}
	var c cli
	code := -1
	p, err := kong.New(&c, kong.Name("holdfast"), kong.Writers(out, errw), kong.UsageOnError(),
		kong.Description("Runs a company's information security management system and proves it.\n\nExit codes: 0 done; 1 not done, or the answer is no; 2 could not look, or called wrongly."),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(e), kong.Exit(func(n int) { code = n; panic(exit(n)) }))
	if err != nil {
		fmt.Fprintln(errw, "holdfast:", err)
		return exitCouldNot
	}
	parsed, err := parse(p, args)
	if code >= 0 { // help or version was asked for
		return code
	}
	if err != nil {
		fmt.Fprintln(errw, "holdfast:", err)
		return exitCouldNot
	}
	return e.code(parsed.Run())
}

// parse keeps kong's exits from ending the process.
func parse(p *kong.Kong, args []string) (k *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			if x, ok := r.(exit); ok {
				err = x
				return
			}
			panic(r)
		}
	}()
	return p.Parse(args)
}

// code prints an error in the user's language and turns it into an exit code.
func (e *env) code(err error) int {
	var x exit
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &x):
		return int(x)
	}
	fmt.Fprintln(e.err, "holdfast:", e.words.Error(err))
	var ours *isms.Error
	if !errors.As(err, &ours) || ours.Kind == isms.Internal || ours.Err != nil {
		fmt.Fprintln(e.err, "  ", err)
	}
	switch isms.KindOf(err) {
	case isms.Unavailable, isms.Internal:
		return exitCouldNot
	}
	return exitNotGood
}

func firstTwo(s string) string {
	if len(s) < 2 {
		return s
	}
	return s[:2]
}

type versionCmd struct{}

// Run prints version and commit.
func (versionCmd) Run(e *env) error {
	fmt.Fprintln(e.out, "holdfast", version())
	return nil
}

// release is set when a release is built.
var release = "dev"

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return release + " " + s.Value[:12]
			}
		}
	}
	return release
}
