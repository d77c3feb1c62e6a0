package reading

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"holdfast/internal/isms"
)

// archive reads the parts of a zipped document, never more than most bytes in
// all, however small the archive is.
type archive struct {
	name  string
	files map[string]*zip.File
	left  int64
}

func openArchive(name string, data []byte, most int64) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, broken(name, err)
	}
	if len(z.File) > maxParts {
		return nil, tooLarge(name)
	}
	a := &archive{name: name, files: map[string]*zip.File{}, left: most}
	for _, f := range z.File {
		if _, twice := a.files[f.Name]; !twice {
			a.files[f.Name] = f
		}
	}
	return a, nil
}

func broken(name string, err error) error {
	return isms.Errorf(isms.Invalid, "reading.broken", "file", name).Because(err)
}

// part unpacks one file; a missing one is nil without error.
func (a *archive) part(name string) ([]byte, error) {
	f := a.files[name]
	if f == nil {
		return nil, nil
	}
	if f.UncompressedSize64 > uint64(a.left) {
		return nil, tooLarge(a.name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, broken(a.name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, a.left+1))
	if err != nil {
		return nil, broken(a.name, fmt.Errorf("unpack %s: %w", name, err))
	}
	if a.left -= int64(len(data)); a.left < 0 {
		return nil, tooLarge(a.name)
	}
	return data, nil
}

// need unpacks a file that must be there.
func (a *archive) need(name string) ([]byte, error) {
	data, err := a.part(name)
	if err == nil && data == nil {
		err = broken(a.name, fmt.Errorf("part %s is missing", name))
	}
	return data, err
}

// walkXML calls start and end for elements and text for words, counting depth.
// Entities beyond the five of XML and document types are refused by the decoder
// or ignored; nothing is ever fetched.
func walkXML(ctx context.Context, name string, data []byte, start func(e xml.StartElement) error, end func(local string) error, text func(string)) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	depth := 0
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return isms.Errorf(isms.Unavailable, "reading.too_slow", "file", name).Because(ctx.Err())
		}
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if depth > 0 {
				return broken(name, io.ErrUnexpectedEOF)
			}
			return nil
		}
		if err != nil {
			return broken(name, err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return isms.Errorf(isms.Invalid, "reading.too_deep", "file", name)
			}
			if err := start(t); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
			if err := end(t.Name.Local); err != nil {
				return err
			}
		case xml.CharData:
			text(string(t))
		}
	}
}

// attr returns an attribute by its local name.
func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}
