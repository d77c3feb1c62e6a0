package probe

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"mime"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"

	"holdfast/internal/isms"
)

// securityTxt is the check "web.security_txt": can finders of vulnerabilities reach us
// (RFC 9116)? The subject is an endpoint.
type securityTxt struct {
	clock isms.Clock
	web   web
}

func (securityTxt) Key() string { return "web.security_txt" }

// Look yields: securitytxt.status, securitytxt.contacts, securitytxt.expires,
// securitytxt.seconds_left, securitytxt.signed, securitytxt.plain (served as text),
// securitytxt.fields (names of the fields), securitytxt.hops.
func (p securityTxt) Look(ctx context.Context, s Subject, _ Params) Observation {
	l := start(p.clock, p.Key(), s)
	l.Source = "https://" + s.Address + "/.well-known/security.txt"
	got, hops, err := p.web.follow(ctx, l.Source)
	if err != nil {
		return l.fail(err)
	}
	l.raw(got.body)
	l.Facts.list("securitytxt.hops", hops)
	l.Facts.int("securitytxt.status", int64(got.status), "")
	if got.status != 200 {
		return l.done()
	}
	kind, _, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	l.Facts.bool("securitytxt.plain", err == nil && kind == "text/plain")
	fields := readSecurityTxt(string(got.body))
	var names []string
	for _, f := range fields {
		names = append(names, f[0])
	}
	l.Facts.list("securitytxt.fields", sorted(names))
	l.Facts.list("securitytxt.contacts", valuesOf(fields, "contact"))
	l.Facts.bool("securitytxt.signed", strings.Contains(string(got.body), "-----BEGIN PGP SIGNED MESSAGE-----"))
	if ends := valuesOf(fields, "expires"); len(ends) == 1 {
		if t, err := time.Parse(time.RFC3339, strings.ToUpper(ends[0])); err == nil {
			l.Facts.time("securitytxt.expires", isms.InstantOf(t))
			l.Facts.int("securitytxt.seconds_left", int64(t.Sub(l.Occurred.Time())/time.Second), "s")
		}
	}
	return l.done()
}

// readSecurityTxt lists fields as name, in lower case, and value.
func readSecurityTxt(text string) (out [][2]string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, ":")
		if ok && !strings.HasPrefix(line, "#") && !strings.ContainsAny(name, " \t") && len(out) < maxList {
			out = append(out, [2]string{strings.ToLower(name), strings.TrimSpace(value)})
		}
	}
	return out
}

func valuesOf(fields [][2]string, name string) (out []string) {
	for _, f := range fields {
		if f[0] == name && f[1] != "" {
			out = append(out, f[1])
		}
	}
	return out
}

// judgeSecurityTxt: min_days is how long it must still be valid, default 0; contact, if
// set, must be among the contacts.
func judgeSecurityTxt(f Facts, p Params, no *refusals) {
	status, known := f.Int("securitytxt.status")
	if !known {
		no.add("probe.fact_missing", "fact", "securitytxt.status")
		return
	}
	if status != 200 {
		no.add("probe.securitytxt_absent", "status", decimalOf(status))
		return
	}
	no.mustBe(f, "securitytxt.plain", true, "probe.securitytxt_type")
	contacts := no.list(f, "securitytxt.contacts")
	if len(contacts) == 0 {
		no.add("probe.securitytxt_contact")
	}
	if want := p["contact"]; want != "" && len(without([]string{want}, contacts)) > 0 {
		no.add("probe.securitytxt_contact")
	}
	days, ok := no.whole(p, "min_days", 0)
	if left, known := f.Int("securitytxt.seconds_left"); !known || ok && left <= days*86400 {
		no.add("probe.securitytxt_expires")
	}
}

// publishedText is the check "web.published_text": does a public page still say what was
// approved? The subject is a page.
type publishedText struct {
	clock isms.Clock
	web   web
}

func (publishedText) Key() string { return "web.published_text" }

// Look takes the parameter text, the approved words; without it only digests are seen.
// It yields: page.status, page.digest (SHA-256 of the bytes), page.text_digest (of the
// visible words), page.paragraphs and page.missing (paragraphs of the approved text that
// the page does not have, in order), page.hops.
func (p publishedText) Look(ctx context.Context, s Subject, params Params) Observation {
	l := start(p.clock, p.Key(), s)
	got, hops, err := p.web.follow(ctx, s.Address)
	if err != nil {
		return l.fail(err)
	}
	l.raw(got.body)
	l.Facts.list("page.hops", hops)
	l.Facts.int("page.status", int64(got.status), "")
	sum := sha256.Sum256(got.body)
	l.Facts.text("page.digest", hex.EncodeToString(sum[:]))
	text := string(got.body)
	if kind, _, err := mime.ParseMediaType(got.header.Get("Content-Type")); err != nil || kind == "text/html" || kind == "application/xhtml+xml" {
		if text, err = visible(got.body); err != nil {
			return l.fail(couldNot(ErrMalformed, s.Address, err))
		}
	}
	seen := plainWords(text)
	l.Facts.text("page.text_digest", TextDigest(text))
	if params["text"] != "" {
		count, gone := absentParagraphs(params["text"], seen)
		l.Facts.int("page.paragraphs", int64(count), "")
		l.Facts.list("page.missing", gone)
	}
	return l.done()
}

// TextDigest is the SHA-256, in hex, of the words of a text: spaces, line ends and
// Unicode forms make no difference, letters and punctuation do.
func TextDigest(text string) string {
	sum := sha256.Sum256([]byte(plainWords(text)))
	return hex.EncodeToString(sum[:])
}

// plainWords brings a text into one form: NFC, one space between words, no soft hyphens.
func plainWords(text string) string {
	text = strings.NewReplacer("\u00ad", "", "\u200b", "").Replace(strings.ToValidUTF8(text, "�"))
	return strings.Join(strings.Fields(norm.NFC.String(text)), " ")
}

// absentParagraphs looks for each paragraph of the approved text after the one before.
func absentParagraphs(approved, page string) (count int, gone []string) {
	for _, para := range strings.Split(strings.ReplaceAll(approved, "\r\n", "\n"), "\n\n") {
		words := plainWords(para)
		if words == "" {
			continue
		}
		count++
		i := strings.Index(page, words)
		if i < 0 {
			gone = append(gone, clip(words, 200))
			continue
		}
		page = page[i+len(words):]
	}
	return count, gone
}

// visible is the text that a reader of a page sees: no scripts, styles, templates.
func visible(page []byte) (string, error) {
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(maxPage)
	var out strings.Builder
	hidden := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); err.Error() != "EOF" {
				return "", errors.New("read page: " + err.Error())
			}
			return out.String(), nil
		case html.TextToken:
			if hidden == 0 {
				out.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			if unseen(name) {
				hidden++
			} else if !inline(name) {
				out.WriteByte(' ')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if unseen(name) {
				hidden = max(hidden-1, 0)
			} else if !inline(name) {
				out.WriteByte(' ')
			}
		case html.SelfClosingTagToken:
			if name, _ := z.TagName(); !inline(name) {
				out.WriteByte(' ')
			}
		}
	}
}

func unseen(name []byte) bool {
	switch atom.Lookup(name) {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Title, atom.Svg:
		return true
	}
	return false
}

// inline elements do not part words.
func inline(name []byte) bool {
	switch atom.Lookup(name) {
	case atom.A, atom.B, atom.I, atom.Em, atom.Strong, atom.Span, atom.U, atom.Small, atom.Sub, atom.Sup, atom.Abbr, atom.Cite, atom.Code, atom.Mark, atom.Q, atom.Wbr, atom.Time, atom.Font:
		return true
	}
	return false
}

// judgePublished: text (as given to Look), text_digest or digest says what the page must be.
func judgePublished(f Facts, p Params, no *refusals) {
	if status, known := f.Int("page.status"); !known || status != 200 {
		no.add("probe.page_absent", "status", decimalOf(status))
		return
	}
	if p["text"] == "" && p["text_digest"] == "" && p["digest"] == "" {
		no.add("probe.param_invalid", "what", "text", "right", "", "grant", "")
	}
	for _, name := range []string{"digest", "text_digest"} {
		if seen, ok := f.Text("page." + name); p[name] != "" && (!ok || seen != strings.ToLower(p[name])) {
			no.add("probe.page_changed")
		}
	}
	if p["text"] == "" {
		return
	}
	if count, ok := f.Int("page.paragraphs"); !ok || count == 0 {
		no.add("probe.fact_missing", "fact", "page.paragraphs")
	}
	for _, para := range no.list(f, "page.missing") {
		no.add("probe.page_paragraph", "text", para)
	}
}
