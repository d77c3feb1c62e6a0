package probe

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/internal/isms"
)

// own runs a real program of the operator's.
func own(t *testing.T, script string) Observation {
	t.Helper()
	file := filepath.Join(t.TempDir(), "probe.sh")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return lookAt(t, ownProgram{config().Clock, Machine{Programs: map[string]string{"ups": file}}}, hostSubject(t), Params{"program": "ups"})
}

func TestAProgramOfTheOperators(t *testing.T) {
	o := own(t, `echo '{"facts":[{"name":"ups.charge","type":"int","value":"98","unit":"%"},{"name":"ups.lines","type":"list","values":["a","b"]}]}'`)
	good(t, o, Params{"condition": `facts["ups.charge"] >= 90 && "a" in facts["ups.lines"]`})
	bad(t, o, Params{"condition": `facts["ups.charge"] > 99`}, "probe.expression_false")
	bad(t, o, nil, "probe.param_invalid") // nothing says what is good
	bad(t, o, Params{"condition": `facts["ups.load"] < 50`}, "probe.expression_failed")
	if o.Exit != 0 || o.Digest == "" {
		t.Errorf("%+v", o)
	}
}

func TestProgramsThatSawNothing(t *testing.T) {
	blind(t, own(t, "echo no battery >&2; exit 3"), ErrUnreadable)
	blind(t, own(t, "echo sunny"), ErrMalformed)
	blind(t, own(t, `echo '{"facts":[]}'`), ErrMalformed)
	blind(t, own(t, `echo '{"facts":[{"name":"a","type":"int","value":"1"},{"name":"a","type":"int","value":"2"}]}'`), ErrMalformed)
	blind(t, own(t, `echo '{"facts":[{"name":"a","type":"int","value":"01"}]}'`), ErrMalformed)
	blind(t, own(t, `echo '{"facts":[{"name":"a","type":"bool","value":"yes"}]}'`), ErrMalformed)
	blind(t, own(t, `echo '{"facts":[{"name":"A","type":"text","value":"x"}]}'`), ErrMalformed)
	blind(t, own(t, `echo '{"facts":[{"name":"a","type":"text","value":"x"}],"verdict":"holding"}'`), ErrMalformed)
	blind(t, own(t, "exec cat /dev/zero"), ErrTooLarge)
	blind(t, own(t, `dd if=/dev/zero of=/dev/null bs=700M count=1 && echo '{"facts":[{"name":"a","type":"int","value":"1"}]}'`), ErrUnreadable)
	unnamed := lookAt(t, ownProgram{config().Clock, Machine{}}, hostSubject(t), Params{"program": "/bin/sh"})
	blind(t, unnamed, ErrParam)
}

func TestProgramsThatDoNotEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "probe.sh")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nsleep 100 & sleep 100\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	o := ownProgram{config().Clock, Machine{Programs: map[string]string{"x": file}}}.Look(ctx, hostSubject(t), Params{"program": "x"})
	blind(t, o, ErrTimeout)
	if time.Since(began) > 10*time.Second {
		t.Error("it was waited for")
	}
}

func TestConditionsOfTheOrganisation(t *testing.T) {
	o := sampleObservation(1)
	good(t, o, Params{"builtin": "off", "condition": `facts["clock.stratum"] <= 3 && facts["clock.offset"] > -0.001 && facts["clock.service"].startsWith("chro")`})
	good(t, o, Params{"condition": `facts["clock.synchronised"]`})
	bad(t, o, Params{"condition": `facts["clock.stratum"] < 3`}, "probe.expression_false")
	bad(t, o, Params{"condition": `true`, "max_offset": "0.000001"}, "probe.clock_offset") // the built-in condition still counts
	good(t, o, Params{"builtin": "off", "condition": `true`, "max_offset": "0.000001"})
	bad(t, o, Params{"builtin": "off", "max_offset": "0.000001"}, "probe.clock_offset") // it cannot be switched off for nothing
	bad(t, o, Params{"condition": `params["most"] == "4"`, "most": "3"}, "probe.expression_false")
	bad(t, o, Params{"condition": `facts["clock.service"]`}, "probe.expression_failed")
	deep := strings.Repeat("[1,2,3,4,5,6,7,8,9,10].all(x, ", 6) + "true" + strings.Repeat(")", 6)
	bad(t, o, Params{"condition": strings.ReplaceAll(deep, "x,", "x,")}, "probe.expression_failed") // costs too much
	for _, wrong := range []string{`1 + 1`, `facts[`, `unknown == 1`, `"a"`, strings.Repeat("true && ", 1000) + "true"} {
		if err := CheckExpression(wrong); isms.CodeOf(err) != "probe.expression_invalid" {
			t.Errorf("%.40s: %v", wrong, err)
		}
	}
	if err := CheckExpression(`size(facts) > 0`); err != nil {
		t.Error(err)
	}
}

func FuzzExpression(f *testing.F) {
	f.Add(`facts["clock.stratum"] <= 3`)
	f.Add(`facts.exists(k, k.startsWith("clock"))`)
	f.Fuzz(func(t *testing.T, text string) {
		o := sampleObservation(1)
		ok, why := Judge(o.Check, o.Facts, Params{"condition": text, "builtin": "off"})
		if ok != (len(why) == 0) {
			t.Fatal("good with reasons, or bad without")
		}
		if text != "" && CheckExpression(text) != nil && ok {
			t.Fatal("a wrong condition is good")
		}
	})
}

func FuzzReadFacts(f *testing.F) {
	f.Add([]byte(`{"facts":[{"name":"ups.charge","type":"int","value":"98","unit":"%"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := readFacts(b)
		if err != nil {
			return
		}
		o := Observation{Check: "own.program", Facts: facts}
		if text, err := o.Canonical(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	})
}

func BenchmarkCondition(b *testing.B) {
	o := sampleObservation(1)
	b.ReportAllocs()
	for b.Loop() {
		if ok, _ := Judge(o.Check, o.Facts, Params{"builtin": "off", "condition": `facts["clock.stratum"] <= 3`}); !ok {
			b.Fatal("is bad")
		}
	}
}
