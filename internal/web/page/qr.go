package page

import (
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrCode is a QR code (ISO/IEC 18004) as one SVG path.
type qrCode struct {
	Box, Side, D string
}

// drawQR encodes content with medium error correction and the quiet zone of four
// modules. It fails only if the content is too long for any QR code.
func drawQR(content string) (qrCode, bool) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}, false
	}
	const quiet = 4
	n := code.Bounds().Dx()
	var d strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			run := 0
			for x+run < n {
				if r, _, _, _ := code.At(x+run, y).RGBA(); r != 0 {
					break
				}
				run++
			}
			if run > 0 {
				d.WriteString("M" + strconv.Itoa(x+quiet) + " " + strconv.Itoa(y+quiet) + "h" + strconv.Itoa(run) + "v1h-" + strconv.Itoa(run) + "z")
				x += run
			}
		}
	}
	side := strconv.Itoa(n + 2*quiet)
	return qrCode{Box: "0 0 " + side + " " + side, Side: side, D: d.String()}, true
}
