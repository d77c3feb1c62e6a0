package reading

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"holdfast/internal/isms"
)

// TestMain lets the test binary be its own reader process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == WorkerCommand {
		if err := Work(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func sandboxed(t *testing.T, cache, name string, data []byte) (*Reading, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r, err := ReadSandboxed(t.Context(), self, name, data, Options{CacheDir: cache})
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("%s took %v", name, took)
	}
	return r, err
}

// zeros is an endless stream of one byte.
type zeros struct{ b byte }

func (z zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = z.b
	}
	return len(p), nil
}

func bomb(t *testing.T, part string, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(part)
	if err == nil {
		_, err = io.Copy(w, io.LimitReader(zeros{' '}, size))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHostileFilesEndInAClearError(t *testing.T) {
	scan := fpdf.New("P", "mm", "A4", "")
	scan.AddPage()
	scan.Rect(10, 10, 100, 100, "F")
	var picture bytes.Buffer
	if err := scan.Output(&picture); err != nil {
		t.Fatal(err)
	}
	cache, deep := t.TempDir(), strings.Repeat("<w:p>", 100_000)
	whole := asWord(t, sourceBlocks(t, "testdata/corpus/en-bullets.txt"))
	for _, c := range []struct {
		name string
		data []byte
		code string
	}{
		{"bomb.docx", bomb(t, "word/document.xml", 80<<20), "reading.too_large"},
		{"bomb.odt", bomb(t, "content.xml", 80<<20), "reading.too_large"},
		{"huge.txt", make([]byte, 200<<20), "reading.too_large"},
		{"huge.pdf", append([]byte("%PDF-1.7\n"), make([]byte, 200<<20)...), "reading.too_large"},
		{"deep.docx", wordFile(t, deep), "reading.too_deep"},
		{"deep.odt", zipped(t, map[string]string{"content.xml": strings.Repeat("<a>", 1_000_000)}), "reading.too_deep"},
		{"half.docx", whole[:len(whole)/2], "reading.broken"},
		{"empty.docx", nil, "reading.broken"},
		{"other.docx", zipped(t, map[string]string{"x": "y"}), "reading.broken"},
		{"entity.docx", zipped(t, map[string]string{"word/document.xml": `<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d>&b;</d>`}), "reading.broken"},
		{"junk.pdf", []byte("%PDF-1.7\n" + strings.Repeat("junk ", 1000)), "reading.broken"},
		{"no.pdf", []byte("not a PDF at all"), "reading.broken"},
		{"scan.pdf", picture.Bytes(), "reading.scan"},
		{"old.doc", []byte{0xd0, 0xcf, 0x11, 0xe0}, "reading.format"},
		{"picture.txt", []byte("a\x00b"), "reading.not_text"},
	} {
		_, err := sandboxed(t, cache, c.name, c.data)
		if isms.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
}

func TestDeepHTMLIsRead(t *testing.T) {
	deep := strings.Repeat("<div><ul><li>", 50_000) + "Users must lock their screens."
	r, err := sandboxed(t, "", "deep.html", []byte("<html><body><p>The company shall keep backups of all of its data.</p>"+deep))
	if err != nil || len(r.Clauses) != 2 {
		t.Fatalf("%v %v", r, err)
	}
}

func TestChildReadsWhatWeRead(t *testing.T) {
	blocks := sourceBlocks(t, "testdata/corpus/de-tabelle.md")
	data := asWord(t, blocks)
	got, err := sandboxed(t, "", "a.docx", data)
	if err != nil {
		t.Fatal(err)
	}
	sameClauses(t, "child", readBytes(t, "a.docx", data), got)
}

func TestSlowReadersAreEnded(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSandboxed(ctx, self, "a.txt", []byte("Users must lock their screens."), Options{}); isms.CodeOf(err) != "reading.too_slow" {
		t.Fatalf("%v", err)
	}
	if _, err := ReadSandboxed(t.Context(), "/nonexistent/holdfast", "a.txt", nil, Options{}); isms.KindOf(err) != isms.Internal {
		t.Fatalf("%v", err)
	}
}
