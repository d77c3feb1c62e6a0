package reading

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"

	"holdfast/internal/isms"
)

// readBlocks chooses the reader by the file's first bytes and, where those do
// not tell, by its name.
func readBlocks(ctx context.Context, name string, data []byte, most int64, cache string) ([]*block, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".doc", ".rtf", ".pages", ".xls", ".xlsx", ".ppt", ".pptx":
		return nil, isms.Errorf(isms.Invalid, "reading.format", "file", name)
	}
	switch sniff(name, data) {
	case formatDocx:
		return readDocx(ctx, name, data, most)
	case formatODT:
		return readODT(ctx, name, data, most)
	case formatHTML:
		return readHTML(ctx, name, data)
	case formatPDF:
		return readPDF(ctx, name, data, cache)
	}
	text, err := decode(name, data)
	if err != nil {
		return nil, err
	}
	return readText(text), nil
}

// format is a kind of file.
type format byte

const (
	formatText format = iota
	formatDocx
	formatODT
	formatHTML
	formatPDF
)

// Foreign tells whether a file is anything but plain text: it needs a reader of
// archives, markup or PDF and belongs into ReadSandboxed.
func Foreign(name string, data []byte) bool { return sniff(name, data) != formatText }

// sniff tells the format by the first bytes, and by the name where those fit several.
func sniff(name string, data []byte) format {
	ext := strings.ToLower(filepath.Ext(name))
	head := data[:min(len(data), 1024)]
	switch {
	case bytes.Contains(head, []byte("%PDF-")) || ext == ".pdf":
		return formatPDF
	case bytes.HasPrefix(data, []byte("PK")):
		if ext == ".odt" || ext == ".ott" || ext == ".fodt" || bytes.Contains(head, []byte("opendocument")) {
			return formatODT
		}
		return formatDocx
	case ext == ".docx" || ext == ".docm" || ext == ".dotx":
		return formatDocx
	case ext == ".odt" || ext == ".ott":
		return formatODT
	case ext == ".html" || ext == ".htm" || ext == ".xhtml":
		return formatHTML
	}
	low := bytes.ToLower(bytes.TrimSpace(head))
	if bytes.HasPrefix(low, []byte("<!doctype html")) || bytes.HasPrefix(low, []byte("<html")) {
		return formatHTML
	}
	return formatText
}
