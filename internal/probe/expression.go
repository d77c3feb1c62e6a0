package probe

import (
	"context"
	"errors"
	"strconv"
	"time"

	"cel.dev/cel-go/cel"

	"holdfast/internal/isms"
)

// An organisation's own condition is an expression in CEL over the same facts that the
// built-in condition sees:
//
//	facts["ssh.maxauthtries"] == "3" && size(facts["listeners.open"]) < 4
//
// Facts are bool, int, double (for decimals), string, timestamp or a list of strings;
// params are strings. CEL has no loops and no side effects; its cost is bounded besides.
const (
	maxExpression = 4096    // bytes
	maxCost       = 200_000 // CEL's unit, about one for each step
	maxJudging    = time.Second
)

// CheckExpression tells what is wrong with an organisation's own condition, so that it
// can be refused when it is written and not when it is first needed.
func CheckExpression(text string) error {
	_, err := compileExpression(text)
	return err
}

func compileExpression(text string) (cel.Program, error) {
	bad := func(err error) error {
		return isms.Errorf(isms.Invalid, "probe.expression_invalid", "why", clip(err.Error(), 500)).At("condition")
	}
	if len(text) > maxExpression {
		return nil, bad(errors.New("longer than 4096 bytes"))
	}
	env, err := cel.NewEnv(
		cel.Variable("facts", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("params", cel.MapType(cel.StringType, cel.StringType)),
	)
	if err != nil {
		return nil, bad(err)
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, bad(issues.Err())
	}
	if t := ast.OutputType(); t != cel.BoolType && t != cel.DynType {
		return nil, bad(errors.New("says " + t.String() + " instead of true or false"))
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(100))
	if err != nil {
		return nil, bad(err)
	}
	return program, nil
}

// judgeExpression refuses unless the expression is true. One that cannot be worked out,
// because a fact is missing or it costs too much, is not true.
func judgeExpression(text string, f Facts, p Params, no *refusals) {
	program, err := compileExpression(text)
	if err != nil {
		no.add("probe.expression_failed", "why", clip(err.Error(), 300))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxJudging)
	defer cancel()
	out, _, err := program.ContextEval(ctx, map[string]any{"facts": f.values(), "params": map[string]string(p)})
	if err != nil {
		no.add("probe.expression_failed", "why", clip(err.Error(), 300))
		return
	}
	switch out.Value() {
	case true:
	case false:
		no.add("probe.expression_false", "condition", clip(text, 300))
	default:
		no.add("probe.expression_failed", "why", "neither true nor false")
	}
}

// values are the facts as CEL sees them. One that does not read as its type says is left out.
func (f Facts) values() map[string]any {
	out := make(map[string]any, len(f))
	for _, x := range f {
		switch x.Type {
		case TextFact:
			out[x.Name] = x.Value
		case BoolFact:
			out[x.Name] = x.Value == "true"
		case IntFact:
			if n, ok := f.Int(x.Name); ok {
				out[x.Name] = n
			}
		case DecimalFact:
			if n, err := strconv.ParseFloat(x.Value, 64); err == nil {
				out[x.Name] = n // for comparing in an expression only; the fact stays exact
			}
		case TimeFact:
			if at, ok := f.Time(x.Name); ok {
				out[x.Name] = at.Time()
			}
		case ListFact:
			out[x.Name] = x.Values
		}
	}
	return out
}
