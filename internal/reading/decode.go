package reading

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	uni "golang.org/x/text/encoding/unicode"

	"holdfast/internal/isms"
)

// decode turns the bytes of a text file into UTF-8: with or without byte order
// mark, UTF-16, and the two single-byte code pages of our languages.
func decode(name string, data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		out, err := uni.UTF16(uni.BigEndian, uni.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return "", isms.Errorf(isms.Invalid, "reading.not_text", "file", name).Because(err)
		}
		data = out
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", isms.Errorf(isms.Invalid, "reading.not_text", "file", name)
	}
	if utf8.Valid(data) {
		return string(data), nil
	}
	return codePage(data), nil
}

// codePage decodes Windows-1250 if that yields Slovenian letters where
// Windows-1252 would yield signs, else Windows-1252.
func codePage(data []byte) string {
	slovenian, western := 0, 0
	for _, b := range data {
		switch b {
		case 0xe8, 0xc8, 0x9a, 0x8a, 0x9e, 0x8e: // č Č š Š ž Ž in 1250
			slovenian++
		case 0xe4, 0xf6, 0xfc, 0xdf, 0xc4, 0xd6, 0xdc: // ä ö ü ß Ä Ö Ü in both
			western++
		}
	}
	table := charmap.Windows1252
	if slovenian > western {
		table = charmap.Windows1250
	}
	out, err := table.NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), " ")
	}
	return string(out)
}

func isLower(r rune) bool { return unicode.IsLower(r) }
func isUpper(r rune) bool { return unicode.IsUpper(r) || unicode.IsTitle(r) }

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
