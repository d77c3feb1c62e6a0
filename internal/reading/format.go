package reading

import (
	"context"
	"path/filepath"
	"strings"

	"holdfast/internal/isms"
)

// readBlocks chooses the reader by the file's first bytes and, where those do
// not tell, by its name.
func readBlocks(ctx context.Context, name string, data []byte, most int64) ([]*block, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".doc", ".rtf", ".pages", ".xls", ".xlsx", ".ppt", ".pptx":
		return nil, isms.Errorf(isms.Invalid, "reading.format", "file", name)
	}
	text, err := decode(name, data)
	if err != nil {
		return nil, err
	}
	return readText(text), nil
}
