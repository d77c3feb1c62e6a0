package probe

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"holdfast/internal/isms"
)

// ownProgram is the check "own.program": a program of the operator's that looks, and
// prints what it saw as JSON:
//
//	{"facts": [{"name": "ups.charge", "type": "int", "value": "98", "unit": "%"}]}
//
// It yields facts like any probe; whether they are good, the parameter condition says.
type ownProgram struct {
	clock isms.Clock
	m     Machine
}

func (ownProgram) Key() string { return "own.program" }

const (
	maxProgram       = 30 * time.Second
	maxProgramOutput = 256 << 10 // bytes
	maxProgramMemory = 512 << 20 // bytes of address space
	maxFacts         = 200
)

// Look takes the parameter program, a name in Machine.Programs. The program gets no
// arguments, no input and an empty environment; what it prints to its error output is
// kept for the operator if it fails.
func (p ownProgram) Look(ctx context.Context, s Subject, params Params) Observation {
	l := start(p.clock, p.Key(), s)
	name := params["program"]
	path, ok := p.m.Programs[name]
	if !ok || !filepath.IsAbs(path) {
		return l.fail(couldNot(ErrParam, "program", errors.New("the operator has named no program "+strconv.Quote(name))))
	}
	l.Source = path
	out, err := l.program(ctx, path)
	if err != nil {
		return l.fail(err)
	}
	l.raw(out)
	facts, err := readFacts(out)
	if err != nil {
		return l.fail(couldNot(ErrMalformed, path, err))
	}
	l.Facts = facts
	return l.done()
}

// program runs the operator's program within its limits.
func (l *look) program(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, maxProgram)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	stdout, stderr := &bounded{max: maxProgramOutput}, &bounded{max: 4 << 10, drop: true}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := limited(cmd); err != nil {
		var c *CouldNot
		if errors.As(err, &c) {
			return nil, c
		}
		return nil, couldNot(ErrUnreadable, path, err)
	}
	err := cmd.Wait()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, couldNot(ErrTimeout, path, ctx.Err())
	case stdout.over:
		return nil, couldNot(ErrTooLarge, path, nil)
	case errors.As(err, &ended):
		l.Exit = ended.ExitCode()
		return nil, couldNot(ErrUnreadable, path, errors.New(strings.TrimSpace(err.Error()+" "+clip(stderr.b.String(), 300))))
	case err != nil:
		return nil, couldNot(ErrUnreadable, path, err)
	}
	l.Exit = 0
	return stdout.b.Bytes(), nil
}

// factName is the form of a fact's name.
var factName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`)

// readFacts reads and checks a program's facts. Anything doubtful is refused as a whole:
// half of what somebody meant to say is another saying.
func readFacts(out []byte) (Facts, error) {
	var said struct {
		Facts []Fact `json:"facts"`
	}
	if err := json.Unmarshal(out, &said, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	if len(said.Facts) == 0 || len(said.Facts) > maxFacts {
		return nil, errors.New("no facts, or too many")
	}
	facts, seen := Facts{}, map[string]bool{}
	for _, f := range said.Facts {
		if seen[f.Name] || len(f.Name) > 64 || !factName.MatchString(f.Name) {
			return nil, errors.New("fact with a wrong or repeated name: " + strconv.Quote(clip(f.Name, 64)))
		}
		seen[f.Name] = true
		if !f.reads() {
			return nil, errors.New("fact " + f.Name + " is not as its type says")
		}
		if f.Type == ListFact {
			facts.list(f.Name, f.Values)
		} else {
			facts = append(facts, f)
		}
	}
	facts.sort()
	return facts, nil
}

// reads tells whether a fact's value is one of its type.
func (f Fact) reads() bool {
	if (f.Type == ListFact) != (f.Value == "") && f.Type != TextFact || f.Type != ListFact && f.Values != nil || len(f.Value) > maxText || len(f.Unit) > 32 {
		return false
	}
	switch f.Type {
	case TextFact, ListFact:
		return true
	case BoolFact:
		return f.Value == "true" || f.Value == "false"
	case IntFact, TimeFact:
		n, err := strconv.ParseInt(f.Value, 10, 64)
		return err == nil && strconv.FormatInt(n, 10) == f.Value
	case DecimalFact:
		plain, ok := plainDecimal(f.Value)
		return ok && plain == f.Value
	}
	return false
}

// judgeProgram has no condition of its own: without the parameter condition nothing says
// what is good.
func judgeProgram(_ Facts, p Params, no *refusals) {
	if p["condition"] == "" {
		no.add("probe.param_invalid", "what", "condition", "right", "", "grant", "")
	}
}
