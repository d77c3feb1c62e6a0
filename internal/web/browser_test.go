package web

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"holdfast/internal/isms"
	"holdfast/internal/lang"
	"holdfast/internal/web/sample"
)

//go:embed testdata/axe-4.14.1.min.js
var axe string

// TestGallery serves every sample page until interrupted, for looking at them:
// HOLDFAST_GALLERY=localhost:8701 go test ./internal/web -run TestGallery -timeout 0
func TestGallery(t *testing.T) {
	addr := os.Getenv("HOLDFAST_GALLERY")
	if addr == "" {
		t.Skip("the gallery is served only when HOLDFAST_GALLERY names an address")
	}
	s := galleryAt(t, addr)
	for _, p := range sample.Pages() {
		t.Log("http://" + addr + "/" + p.Name)
	}
	t.Fatal(http.ListenAndServe(addr, s))
}

// galleryAt is the house under another address, always signed in where a page needs it.
func galleryAt(t testing.TB, addr string) http.Handler {
	s := house(t)
	s.config.Hosts = append(s.config.Hosts, addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		for _, p := range sample.Pages() {
			if p.Name == name && !p.Out {
				asMojca(r)
			}
		}
		if l := r.URL.Query().Get("language"); l != "" {
			r.AddCookie(&http.Cookie{Name: s.cookieName(languageCookie), Value: l})
		}
		s.ServeHTTP(w, r)
	})
}

// browser starts Chromium on a fresh profile and the gallery beside it.
func browser(t *testing.T) (context.Context, string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium on this machine: install the package chromium (./test does)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
	srv := &http.Server{Handler: galleryAt(t, addr), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.UserDataDir(t.TempDir()))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser to go, so that its profile can be removed
		stopTab()
	})
	if err := chromedp.Run(ctx, network.Enable()); err != nil {
		t.Fatal(err)
	}
	return ctx, "http://" + addr
}

// finding is what axe-core reports.
type finding struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML   string   `json:"html"`
		Target []string `json:"target"`
	} `json:"nodes"`
}

// TestPagesAreAccessible runs axe-core on every page in light and dark and in every
// language, and looks for content wider than a phone of 320 pixels.
func TestPagesAreAccessible(t *testing.T) {
	ctx, base := browser(t)
	var complaints []string
	chromedp.ListenTarget(ctx, func(ev any) {
		if e, ok := ev.(*runtime.EventConsoleAPICalled); ok && e.Type == runtime.APITypeError {
			complaints = append(complaints, fmt.Sprint(e.Args[0].Value))
		}
	})
	only := strings.Fields(os.Getenv("HOLDFAST_PAGE"))
	for n, p := range sample.Pages() {
		if len(only) > 0 && !contains(only, p.Name) {
			continue
		}
		for i, l := range lang.Languages {
			themes := []string{"light", "dark"}
			if i > 0 {
				themes = themes[i%2 : i%2+1] // colours do not depend on the language
			}
			if testing.Short() { // every page once, languages and themes in turn
				if n%len(lang.Languages) != i {
					continue
				}
				themes = []string{[]string{"light", "dark"}[n%2]}
			}
			for _, theme := range themes {
				url := fmt.Sprintf("%s/%s?theme=%s&language=%s", base, p.Name, theme, l)
				look(t, ctx, url, l)
			}
		}
	}
	for _, c := range complaints {
		t.Errorf("the console says: %s", c)
	}
}

func look(t *testing.T, ctx context.Context, url string, l isms.Language) {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 60*time.Second)
	defer stop()
	var raw string
	var wide []string
	err := chromedp.Run(ctx,
		chromedp.EmulateViewport(1280, 900),
		chromedp.Navigate(url),
		chromedp.Evaluate(axe+";0", nil),
		chromedp.Evaluate(`axe.run(document,{resultTypes:["violations"]}).then(r=>JSON.stringify(r.violations))`, &raw,
			func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		chromedp.EmulateViewport(320, 700),
		chromedp.Evaluate(overflowing, &wide),
	)
	if err != nil {
		t.Errorf("%s: %v", url, err)
		return
	}
	var findings []finding
	if err := json.Unmarshal([]byte(raw), &findings); err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		for _, n := range f.Nodes {
			t.Errorf("%s: %s: %s\n\t%s", url, f.ID, f.Help, n.HTML)
		}
	}
	for _, w := range wide {
		t.Errorf("%s: wider than 320 pixels in %s: %s", url, l, w)
	}
}

// overflowing names what sticks out of a page of 320 pixels and cannot be scrolled to.
const overflowing = `(() => {
  const out = [];
  if (document.documentElement.scrollWidth > 320) {
    for (const e of document.querySelectorAll("body *")) {
      const r = e.getBoundingClientRect();
      if (r.right > 321 && r.width > 0 && !e.closest(".chips, .cmd, .scroll, svg, .vh, [hidden]")) out.push(e.tagName + "." + e.className + " to " + Math.round(r.right));
    }
    if (!out.length) out.push("the page itself, " + document.documentElement.scrollWidth);
  }
  return out.slice(0, 6);
})()`

// TestPictures writes a picture of every page to the folder HOLDFAST_PICTURES.
func TestPictures(t *testing.T) {
	dir := os.Getenv("HOLDFAST_PICTURES")
	if dir == "" {
		t.Skip("pictures are made only when HOLDFAST_PICTURES names a folder")
	}
	ctx, base := browser(t)
	only := strings.Fields(os.Getenv("HOLDFAST_PAGE"))
	for _, p := range sample.Pages() {
		if len(only) > 0 && !contains(only, p.Name) {
			continue
		}
		for _, shot := range []struct {
			name, theme, language string
			width                 int64
		}{{"light", "light", "en", 1440}, {"dark", "dark", "de", 1440}, {"phone", "light", "sl", 390}} {
			var png []byte
			err := chromedp.Run(ctx, chromedp.EmulateViewport(shot.width, 900), chromedp.Navigate(fmt.Sprintf("%s/%s?theme=%s&language=%s", base, p.Name, shot.theme, shot.language)),
				chromedp.Evaluate(`document.fonts.ready.then(()=>0)`, nil, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
				chromedp.FullScreenshot(&png, 100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, p.Name+"-"+shot.name+".png"), png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
