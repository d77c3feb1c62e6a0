package api_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The examples of docs/api.md do what the page says.
func TestTheExamplesOfTheManualRun(t *testing.T) {
	b, err := os.ReadFile("../../docs/api.md")
	must(t, err)
	examples := regexp.MustCompile("(?s)```http\n(.*?)```").FindAllStringSubmatch(string(b), -1)
	if len(examples) < 10 {
		t.Fatalf("only %d examples found", len(examples))
	}
	eachEngineOnce(t, func(h *house) {
		h.session("security_officer")
		names := map[string]string{"organisation": string(h.mine.ID)}
		for _, e := range examples {
			h.example(e[1], names)
		}
	})
}

// example runs one example: a request, then "=> status name…" where names are fields of the answer
// that later examples use.
func (h *house) example(text string, names map[string]string) {
	h.Helper()
	request, want, ok := strings.Cut(text, "=> ")
	if !ok {
		h.Fatalf("no expectation in %s", text)
	}
	for name, value := range names {
		request = strings.ReplaceAll(request, "{"+name+"}", value)
	}
	head, body, _ := strings.Cut(request, "\n\n")
	lines := bufio.NewScanner(strings.NewReader(head))
	lines.Scan()
	method, path, _ := strings.Cut(lines.Text(), " ")
	req, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	must(h, err)
	req.Header.Set("Authorization", "Bearer "+h.secret("security_officer!"))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		req.Header.Set(name, value)
	}
	r := h.do(req)
	expect := strings.Fields(want)
	if status, err := strconv.Atoi(expect[0]); err != nil || r.StatusCode != status {
		h.Fatalf("%s %s: %d instead of %s: %s", method, path, r.StatusCode, expect[0], r.body)
	}
	if err := h.document().check(r); err != nil {
		h.Error(err)
	}
	for _, name := range expect[1:] {
		var fields map[string]any
		must(h, json.Unmarshal(r.body, &fields))
		value, _ := fields[name].(string)
		if value == "" {
			h.Fatalf("no %s in %s", name, r.body)
		}
		names[name] = value
	}
}
