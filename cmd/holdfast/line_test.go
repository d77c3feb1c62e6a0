package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"holdfast/internal/bundle"
	"holdfast/internal/housetest"
	"holdfast/internal/ledger"
	"holdfast/internal/reading"
	"holdfast/internal/store"
)

// TestMain lets the test binary be the child that reads foreign files, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == reading.WorkerCommand {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	housetest.Main(m)
}

// visitor drives the pages as a browser without script does.
type visitor struct {
	t    *testing.T
	http *http.Client
	base string
}

var titles = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)

func (v *visitor) get(path string) (string, string) {
	v.t.Helper()
	return v.answer(v.http.Get(v.base + path))
}

func (v *visitor) post(path string, kv ...string) (string, string) {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		form.Add(kv[i], kv[i+1])
	}
	return v.answer(v.http.PostForm(v.base+path, form))
}

// answer returns where the visitor ended and what stands there; anything but success fails.
func (v *visitor) answer(r *http.Response, err error) (string, string) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if r.StatusCode != 200 {
		v.t.Fatalf("%s %s: %d %s", r.Request.Method, r.Request.URL.Path, r.StatusCode, titles.FindString(string(b))+problems(string(b)))
	}
	return r.Request.URL.Path, string(b)
}

var problemText = regexp.MustCompile(`(?s)class="(?:msg|problem|err)[^"]*"[^>]*>(.*?)</`)

func problems(page string) string {
	var out []string
	for _, m := range problemText.FindAllStringSubmatch(page, -1) {
		out = append(out, strings.TrimSpace(m[1]))
	}
	return strings.Join(out, "; ")
}

func (v *visitor) upload(path, name, text string, kv ...string) (string, string) {
	v.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(kv); i += 2 {
		_ = w.WriteField(kv[i], kv[i+1])
	}
	f, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err != nil || w.Close() != nil {
		v.t.Fatal(err)
	}
	return v.answer(v.http.Post(v.base+path, w.FormDataContentType(), &b))
}

// serve runs "holdfast up" in this process until the test ends, and returns its address and set-up token.
func serve(t *testing.T, cfg store.Config) (base, token string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, w := io.Pipe()
	args := []string{"up", "--data", cfg.Dir, "--key-file", cfg.KeyFile, "--listen", "localhost:0"}
	if cfg.Postgres != "" {
		args = append(args, "--database", cfg.Postgres)
	}
	done := make(chan int, 1)
	go func() { done <- run(ctx, args, w, os.Stderr); w.Close() }()
	t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 {
			t.Errorf("up ended with code %d", code)
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if i := strings.Index(lines.Text(), "http://"); i >= 0 {
			base = strings.Fields(lines.Text()[i:])[0]
		}
		if strings.Contains(lines.Text(), "set-up-link") {
			break
		}
		if base != "" && token == "existing" {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	b, err := os.ReadFile(filepath.Join(cfg.Dir, "set-up-link"))
	if err != nil || base == "" {
		t.Fatalf("no set-up link (%v), address %q", err, base)
	}
	_, token, _ = strings.Cut(strings.TrimSpace(string(b)), "#token=")
	return base, token
}

const samplePolicy = `Information security policy (SAMPLE)

1 Time
1.1 The clocks of all servers shall be synchronised with a reference at all times.
1.2 Event logs are reviewed every week.
`

// The thin line: from nothing to a verdict that rests on a real look at this host.
func TestFromNothingToAVerdict(t *testing.T) {
	housetest.EachEngine(t, func(t *testing.T, cfg store.Config) {
		base, token := serve(t, cfg)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		v := &visitor{t: t, base: base, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}

		if at, _ := v.get("/documents"); at != "/setup" {
			t.Fatalf("before set-up a visitor stands at %s", at)
		}
		at, page := v.post("/setup", "token", token, "name", "Ana Novak", "email", "ana@karst.example", "password", "correct horse battery staple 9")
		if at != "/account/totp" {
			t.Fatalf("after set-up the person stands at %s: %s", at, problems(page))
		}
		secret := regexp.MustCompile(`class="secret">([A-Z2-7 ]+)<`).FindStringSubmatch(page)
		if secret == nil {
			t.Fatal("no secret is shown")
		}
		code, err := totp.GenerateCode(strings.ReplaceAll(secret[1], " ", ""), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, page = v.post("/account/totp", "code", code)
		if n := strings.Count(page, "<code>"); n < 10 {
			t.Fatalf("%d recovery codes: %s", n, problems(page))
		}
		at, _ = v.get("/")
		if at != "/organisation" {
			t.Fatalf("without an organisation the person stands at %s", at)
		}
		at, _ = v.post("/organisation", "name", "SAMPLE Karst Metering", "zone", "Europe/Ljubljana", "language", "en", "domains", "karst.example")
		if at != "/" {
			t.Fatalf("after naming the organisation: %s", at)
		}
		at, _ = v.upload("/documents", "policy.txt", samplePolicy, "title", "Information security policy", "kind", "policy", "language", "en")
		doc := strings.TrimSuffix(at, "/reading")
		if !strings.HasPrefix(doc, "/documents/doc_") {
			t.Fatalf("after the import: %s", at)
		}
		v.post(doc+"/adopt", "approver", "Tine Kos, managing director", "approved", "2026-01-15")
		_, page = v.get(doc)
		clause := regexp.MustCompile(`/clauses/cla_[0-9a-z]{26}`).FindString(page)
		if clause == "" {
			t.Fatal("the Statement shows no clause")
		}
		_, page = v.get("/controls/new?clause=" + strings.TrimPrefix(clause, "/clauses/"))
		host := regexp.MustCompile(`<textarea[^>]*name="subjects"[^>]*>([^<]*)<`).FindStringSubmatch(page)
		if host == nil {
			t.Fatal("the form offers no host")
		}
		at, _ = v.post("/controls", "clause", strings.TrimPrefix(clause, "/clauses/"), "title", "Clocks follow one reference", "check", "host.clock", "every", "PT15M", "subjects", host[1], "complete", "yes")
		if at != clause {
			t.Fatalf("after binding: %s", at)
		}
		// A foreign format is read by a child process; the page cannot tell the difference.
		if at, page := v.upload("/documents", "annex.html", "<html><body><h1>Annex (SAMPLE)</h1><p>Backups shall be taken every day.</p></body></html>", "title", "Annex", "kind", "policy", "language", "en"); !strings.HasSuffix(at, "/reading") || !strings.Contains(page, "Backups shall be taken every day.") {
			t.Errorf("the HTML file was not read: %s %s", at, problems(page))
		}
		evidence := awaitLook(t, v, clause)
		_, page = v.get(evidence)
		if !strings.Contains(page, "holdfast/ins_") {
			t.Error("the evidence page shows no checkpoint")
		}
		judged(t, v, clause)
		_, raw := v.get(clause + "/bundle")
		offline(t, []byte(raw))
		for _, path := range []string{"/", "/documents", doc + "/reading", doc, clause, "/controls", "/evidence", "/waiting", "/ledger", "/ledger/0", "/people", "/account", "/tokens", "/settings", doc + "?asof=" + time.Now().Add(24*time.Hour).Format(time.DateOnly)} {
			v.get(path)
		}
	})
}

// awaitLook waits until the built-in agent has looked, and returns the address of what it saw.
func awaitLook(t *testing.T, v *visitor, clause string) string {
	t.Helper()
	look := regexp.MustCompile(`/evidence/\d+/\d+`)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		if _, page := v.get("/evidence"); look.MatchString(page) {
			return look.FindString(page)
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("nobody looked within 30 seconds")
		}
	}
}

// judged waits until the verdict on the clause is an entry of the ledger. Whether the look came before
// the binding or after it decides which of them turned the verdict, so the test asks for neither.
func judged(t *testing.T, v *visitor, clause string) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		if _, page := v.get(clause); regexp.MustCompile(`/ledger/\d+`).MatchString(page) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the clause was not judged within 30 seconds")
		}
	}
}

// offline checks a bundle as somebody else would: it says the same verdict, and any changed byte is noticed.
func offline(t *testing.T, raw []byte) {
	t.Helper()
	res, err := bundle.Verify(raw, ledger.Trust{})
	if err != nil || !res.Report.OK {
		t.Fatalf("the bundle does not verify: %v %v", err, res.Report.Problems)
	}
	if res.Report.Signer != ledger.SignerUnknown {
		t.Errorf("nobody gave a key, and the signer is %s", res.Report.Signer)
	}
	for at := 0; at < len(raw); at += len(raw)/40 + 1 {
		bad := bytes.Clone(raw)
		bad[at] ^= 1
		if res, err := bundle.Verify(bad, ledger.Trust{}); err == nil && res.Report.OK {
			t.Errorf("byte %d of %d was changed and nobody noticed: %q", at, len(raw), raw[max(0, at-20):min(len(raw), at+20)])
		}
	}
}
