package reading

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"

	"holdfast/internal/isms"
)

const (
	maxPages      = 2_000
	pdfMemoryPage = 6_144 // of 64 KiB each: 384 MiB for PDFium
)

// readPDF reads the words of a PDF by PDFium, compiled to WebAssembly, without
// any file system. Clauses carry pages instead of lines.
func readPDF(ctx context.Context, name string, data []byte, cache string) ([]*block, error) {
	if !bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")) {
		return nil, broken(name, errors.New("no PDF header"))
	}
	pages, err := pdfPages(ctx, name, data, cache)
	if err != nil {
		return nil, err
	}
	letters := 0
	for _, p := range pages {
		for _, r := range p.runs {
			letters += len(strings.TrimSpace(r.text))
		}
	}
	if letters < 20 {
		return nil, isms.Errorf(isms.Invalid, "reading.scan", "file", name)
	}
	return layOut(pages), nil
}

// pdfPages extracts the text runs of every page.
func pdfPages(ctx context.Context, name string, data []byte, cache string) (pages []pdfPage, err error) {
	runtime := wazero.NewRuntimeConfig().WithMemoryLimitPages(pdfMemoryPage).WithCloseOnContextDone(true)
	if cache != "" {
		kept, err := wazero.NewCompilationCacheWithDir(cache)
		if err != nil {
			return nil, isms.Errorf(isms.Internal, "reading.cache").Because(err)
		}
		defer func() { err = errors.Join(err, kept.Close(ctx)) }()
		runtime = runtime.WithCompilationCache(kept)
	}
	pool, err := webassembly.Init(webassembly.Config{
		MinIdle: 1, MaxIdle: 1, MaxTotal: 1,
		FSConfig:      wazero.NewFSConfig(),
		RuntimeConfig: runtime,
		Stdout:        io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, isms.Errorf(isms.Internal, "reading.pdfium").Because(err)
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	lib, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, isms.Errorf(isms.Internal, "reading.pdfium").Because(err)
	}
	doc, err := lib.OpenDocument(&requests.OpenDocument{File: &data})
	if errors.Is(err, pdferrors.ErrPassword) {
		return nil, isms.Errorf(isms.Invalid, "reading.password", "file", name)
	}
	if err != nil {
		return nil, broken(name, err)
	}
	count, err := lib.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return nil, broken(name, err)
	}
	if count.PageCount > maxPages {
		return nil, tooLarge(name)
	}
	for i := range count.PageCount {
		if ctx.Err() != nil {
			return nil, isms.Errorf(isms.Unavailable, "reading.too_slow", "file", name).Because(ctx.Err())
		}
		page := requests.Page{ByIndex: &requests.PageByIndex{Document: doc.Document, Index: i}}
		p, err := pdfPageRuns(lib, page)
		if err != nil {
			return nil, broken(name, fmt.Errorf("page %d: %w", i+1, err))
		}
		p.number = i + 1
		pages = append(pages, p)
	}
	return pages, nil
}

func pdfPageRuns(lib pdfium.Pdfium, page requests.Page) (pdfPage, error) {
	var p pdfPage
	size, err := lib.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return p, fmt.Errorf("size: %w", err)
	}
	p.height = size.Height
	text, err := lib.GetPageTextStructured(&requests.GetPageTextStructured{
		Page: page, Mode: requests.GetPageTextStructuredModeRects, CollectFontInformation: true,
	})
	if err != nil {
		return p, fmt.Errorf("text: %w", err)
	}
	for _, r := range text.Rects {
		run := pdfRun{text: r.Text, x0: r.PointPosition.Left, x1: r.PointPosition.Right, top: r.PointPosition.Top, bottom: r.PointPosition.Bottom}
		if f := r.FontInformation; f != nil {
			run.size = f.Size
			low := strings.ToLower(f.Name)
			run.bold = f.Weight >= 600 || strings.Contains(low, "bold") || strings.Contains(low, "black") || strings.Contains(low, "semibold")
		}
		if run.top < run.bottom {
			run.top, run.bottom = run.bottom, run.top
		}
		p.runs = append(p.runs, run)
	}
	return p, nil
}
