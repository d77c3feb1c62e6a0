package probe

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// TLS version numbers on the wire; SSL 3.0 is RFC 6101.
const (
	ssl30 uint16 = 0x0300
	tls10 uint16 = 0x0301
	tls11 uint16 = 0x0302
	tls12 uint16 = 0x0303
	tls13 uint16 = 0x0304
)

// answer is what a server said to a ClientHello.
type answer uint8

const (
	unclear  answer = iota // no answer that can be read as one
	refused                // an alert, or the connection closed
	accepted               // a ServerHello with the version offered
	noTLS                  // something that is no TLS record
)

// hello offers one version with every cipher suite that was ever common, also those
// that Go cannot use any more: a server that still takes TLS 1.0, but only with suites
// of its time, would refuse Go's own handshake and look better than it is. It reads no
// further than the server's choice, so no key is ever made.
func hello(conn net.Conn, version uint16, name string, deadline time.Time) (answer, uint16, error) {
	if err := conn.SetDeadline(deadline); err != nil {
		return unclear, 0, err
	}
	msg, err := clientHello(version, name)
	if err != nil {
		return unclear, 0, err
	}
	if _, err := conn.Write(msg); err != nil {
		return hungUp(err)
	}
	var head [5]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return hungUp(err)
	}
	const alert, handshake = 21, 22
	switch {
	case head[1] != 3 || head[0] != alert && head[0] != handshake:
		return noTLS, 0, nil
	case head[0] == alert:
		return refused, 0, nil
	}
	body := make([]byte, min(int(binary.BigEndian.Uint16(head[3:])), 1<<14))
	if _, err := io.ReadFull(conn, body); err != nil {
		return hungUp(err)
	}
	return serverHello(body, version)
}

// serverHello reads version and suite out of the first handshake message.
func serverHello(b []byte, want uint16) (answer, uint16, error) {
	const kind = 2
	if len(b) < 4+2+32+1 || b[0] != kind {
		return unclear, 0, errors.New("no server hello")
	}
	got := binary.BigEndian.Uint16(b[4:])
	at := 4 + 2 + 32
	at += 1 + int(b[at])
	if at+2 > len(b) {
		return unclear, 0, errors.New("short server hello")
	}
	if got != want {
		return refused, 0, nil // it chose another version than the only one offered
	}
	return accepted, binary.BigEndian.Uint16(b[at:]), nil
}

// hungUp reads a broken connection: closing or resetting it is how many servers refuse
// a version; silence is no answer.
func hungUp(err error) (answer, uint16, error) {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return unclear, 0, err
	}
	return refused, 0, nil
}

// suites: the classes that servers of the time offered, strongest and weakest, with
// static RSA, DHE, ECDHE, anonymous, export, NULL, RC4, DES, 3DES, AES, Camellia, SEED,
// IDEA, and GCM or SHA-256 ones for TLS 1.2 (IANA TLS Cipher Suites).
var suites = []uint16{
	0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9, 0xccaa, 0x009e, 0x009f, 0x00a2, 0x00a3,
	0xc027, 0xc028, 0xc023, 0xc024, 0xc013, 0xc014, 0xc009, 0xc00a, 0xc012, 0xc008, 0xc011, 0xc007,
	0x0067, 0x006b, 0x0040, 0x006a, 0x0033, 0x0039, 0x0032, 0x0038, 0x0016, 0x0013, 0x0015, 0x0012,
	0x0045, 0x0088, 0x0044, 0x0087, 0x009a, 0x0099, 0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035,
	0x0041, 0x0084, 0x0096, 0x0007, 0x000a, 0x0009, 0x0005, 0x0004, 0x0003, 0x0006, 0x0008, 0x0014, 0x0011,
	0x0001, 0x0002, 0x003b, 0xc006, 0xc010, 0x0018, 0x001b, 0x0034, 0x003a, 0xc018, 0xc019, 0x00ff,
}

// clientHello writes one record with a ClientHello (RFC 5246, 7.4.1.2); SSL 3.0 gets no
// extensions, which it does not know.
func clientHello(version uint16, name string) ([]byte, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fmt.Errorf("make hello: %w", err)
	}
	body := binary.BigEndian.AppendUint16(nil, version)
	body = append(body, random[:]...)
	body = append(body, 0) // no session
	body = binary.BigEndian.AppendUint16(body, uint16(2*len(suites)))
	for _, s := range suites {
		body = binary.BigEndian.AppendUint16(body, s)
	}
	body = append(body, 1, 0) // no compression
	if version > ssl30 {
		ext := extensions(version, name)
		body = binary.BigEndian.AppendUint16(body, uint16(len(ext)))
		body = append(body, ext...)
	}
	record := []byte{22, 3, byte(min(version, tls10))}
	record = binary.BigEndian.AppendUint16(record, uint16(len(body)+4))
	record = append(record, 1, 0, byte(len(body)>>8), byte(len(body)))
	return append(record, body...), nil
}

func extensions(version uint16, name string) []byte {
	var out []byte
	add := func(kind uint16, data []byte) {
		out = binary.BigEndian.AppendUint16(out, kind)
		out = binary.BigEndian.AppendUint16(out, uint16(len(data)))
		out = append(out, data...)
	}
	if name != "" && net.ParseIP(name) == nil && len(name) < 256 {
		n := len(name)
		add(0, append([]byte{0, byte(n + 3), 0, 0, byte(n)}, name...)) // server_name, RFC 6066
	}
	groups := []byte{0, 23, 0, 24, 0, 25, 0, 29, 0, 30, 0, 19, 0, 21, 0, 22, 1, 0, 1, 1}
	add(10, append([]byte{0, byte(len(groups))}, groups...)) // supported_groups, RFC 8422
	add(11, []byte{1, 0})                                    // ec_point_formats
	if version == tls12 {
		sigs := []byte{4, 3, 5, 3, 6, 3, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1, 6, 1, 2, 3, 2, 1, 4, 2, 5, 2, 2, 2, 1, 1}
		add(13, append([]byte{0, byte(len(sigs))}, sigs...)) // signature_algorithms, RFC 5246
	}
	return out
}
