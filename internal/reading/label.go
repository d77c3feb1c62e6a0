package reading

import (
	"regexp"
	"strings"
)

// label is the author's number, letter or bullet at the beginning of a line.
type label struct {
	number string // empty for bullets
	style  string // shape: "•", "n.", "n)", "(n)", "dec2", "a)", "§", "word", or an invented prefix
	rest   string
	title  bool // the shape names a division of a statute or book, so a short rest is its title
}

var (
	bulletLabel   = regexp.MustCompile(`^([-–—*+•·▪◦‣●○■□►➢➤✓✔☐☑❖▸])\s+(?:\[[ xX]\]\s+)?(\S.*)$`)
	statuteLabel  = regexp.MustCompile(`^(§{1,2}\s*\d+[a-z]?)[.:)]?(?:\s*[–-])?(?:\s+(.*))?$`)
	wordLabel     = regexp.MustCompile(`^((?i:article|artikel|art\.|člen|section|abschnitt|chapter|kapitel|poglavje|clause|ziffer|teil|part|annex|anlage|anhang|priloga|appendix|točka)\s+(?:\d+(?:\.\d+)*[a-z]?|[A-Z]|[IVXL]+))(?:\s*[.:–—)-]\s*|\s+|$)(.*)$`)
	memberLabel   = regexp.MustCompile(`^(\d{1,3})\.?\s*(?:\p{L}\.?\s)?(?i:člen)\b\s*[.:–-]?\s*(.*)$`)
	decimalLabel  = regexp.MustCompile(`^(\d{1,3}(?:\.\d{1,3}){1,5})[.)]?\s+(\S.*)$`)
	annexLabel    = regexp.MustCompile(`^(\p{Lu}\.\d{1,2}(?:\.\d{1,3})*)[.)]?\s+(\S.*)$`)
	numberLabel   = regexp.MustCompile(`^(\(\d{1,3}\)|\[\d{1,3}\]|\d{1,3}[.)])\s+(\S.*)$`)
	letterLabel   = regexp.MustCompile(`^(\([a-zA-Z]\)|[a-zA-Z][.)])\s+(\S.*)$`)
	romanLabel    = regexp.MustCompile(`^(\([ivxIVX]{1,5}\)|[ivxIVX]{2,5}[.)])\s+(\S.*)$`)
	inventedLabel = regexp.MustCompile(`^[\[(]?((\p{Lu}{1,6}|\p{Lu}\p{L}{2,11}\.?)([-._/ ]?)\d{1,4}(?:[-./]\d{1,3})*[a-z]?)[\])]?(?:\s*[:.)–—|-])?\s+(\S.*)$`)
	nestedLabel   = regexp.MustCompile(`^[\[(]?((\p{Lu}{2,6})([-._/])(?:\p{Lu}{1,5}[-._/])\d{1,4}(?:[-./]\d{1,3})*)[\])]?(?:\s*[:.)–—|-])?\s+(\S.*)$`)
	bareLabel     = regexp.MustCompile(`^(\d{1,2}(?:\.\d{1,2})*)\s+(\p{Lu}.*)$`)
	dateStart     = regexp.MustCompile(`^\d{1,2}\.\s*(?:\d{1,2}\.|\p{L}{3,9}\.?\s+\d{4})`)
)

// numbering is the style of numbers that a document was found to use beyond the
// usual ones, by vote over its lines.
type numbering struct {
	invented map[string]bool // prefixes such as "SEC-" or "Rule "
	bare     bool            // "1 Scope" without a mark
	numbered bool            // "1 The user ..." without a mark, as statutes number paragraphs
}

// voteNumbering lets every line vote. A prefix counts as numbering if at least
// three lines bear it with different numbers and nothing else than a number follows.
func voteNumbering(lines []string) numbering {
	v := numbering{invented: map[string]bool{}}
	seen := map[string]map[string]bool{}
	bare := map[string]bool{}
	for _, l := range lines {
		l = strings.TrimSpace(strings.TrimLeft(l, "#>*_ \t|"))
		if prefix, number, _, ok := inventedParts(l); ok {
			if seen[prefix] == nil {
				seen[prefix] = map[string]bool{}
			}
			seen[prefix][number] = true
		}
		if m := bareLabel.FindStringSubmatch(l); m != nil && len(strings.Fields(m[2])) <= 10 && !strings.ContainsAny(l[len(l)-1:], ".;,") {
			bare[m[1]] = true
		}
	}
	for p, numbers := range seen {
		if len(numbers) >= 3 && !standardPrefix(p) {
			v.invented[p] = true
		}
	}
	v.numbered = numberedParagraphs(lines)
	v.bare = len(bare) >= 2 && bare["1"]
	return v
}

// standardPrefix knows names that are followed by numbers but number nothing here.
func standardPrefix(p string) bool {
	switch strings.ToLower(strings.Trim(p, "-._/ ")) {
	case "iso", "iec", "din", "bsi", "nist", "soc", "aes", "rsa", "sha", "tls", "ssl", "nis", "pci", "rfc", "windows", "tel", "page", "seite", "stran":
		return true
	}
	return false
}

func inventedParts(l string) (prefix, number, rest string, ok bool) {
	m := nestedLabel.FindStringSubmatch(l)
	if m == nil {
		m = inventedLabel.FindStringSubmatch(l)
	}
	if m == nil {
		return "", "", "", false
	}
	return m[2] + m[3], strings.TrimSpace(m[1]), m[4], true
}

// parse takes the label off a line.
func (v numbering) parse(s string) (label, bool) {
	if m := bulletLabel.FindStringSubmatch(s); m != nil {
		if in, ok := v.parse(m[2]); ok && in.number != "" && !strings.HasPrefix(in.style, "word") {
			return in, true // "- a) ..." and "* SEC-1: ..."
		}
		return label{style: "•", rest: m[2]}, true
	}
	if dateStart.MatchString(s) && !memberLabel.MatchString(s) {
		return label{}, false
	}
	if m := statuteLabel.FindStringSubmatch(s); m != nil {
		return label{number: m[1], style: "§", rest: m[2], title: true}, true
	}
	if m := memberLabel.FindStringSubmatch(s); m != nil {
		return label{number: m[1], style: "člen", rest: m[2], title: true}, true
	}
	if m := wordLabel.FindStringSubmatch(s); m != nil && titleLike(m[2]) {
		return label{number: m[1], style: "word " + strings.ToLower(strings.Fields(m[1])[0]), rest: m[2], title: true}, true
	}
	if prefix, number, rest, ok := inventedParts(s); ok && v.invented[prefix] {
		return label{number: number, style: prefix, rest: rest}, true
	}
	if m := decimalLabel.FindStringSubmatch(s); m != nil {
		return label{number: m[1], style: "dec" + string(rune('1'+strings.Count(m[1], "."))), rest: m[2]}, true
	}
	if m := annexLabel.FindStringSubmatch(s); m != nil {
		return label{number: m[1], style: "A.n", rest: m[2]}, true
	}
	for _, t := range []struct {
		re    *regexp.Regexp
		shape string
	}{{numberLabel, "n"}, {romanLabel, "i"}, {letterLabel, "a"}} {
		if m := t.re.FindStringSubmatch(s); m != nil {
			return label{
				number: strings.Trim(m[1], "()[]."),
				style:  labelShape(m[1], t.shape),
				rest:   m[2],
			}, true
		}
	}
	if m := bareLabel.FindStringSubmatch(s); m != nil && v.bare && len(strings.Fields(m[2])) <= 10 && !strings.HasSuffix(s, ".") {
		return label{number: m[1], style: "dec" + string(rune('1'+strings.Count(m[1], "."))), rest: m[2], title: true}, true
	}
	if m := bareLabel.FindStringSubmatch(s); m != nil && v.numbered && !strings.Contains(m[1], ".") {
		return label{number: m[1], style: "n", rest: m[2]}, true
	}
	return label{}, false
}

// numberedParagraphs tells whether sentences follow each other that begin with
// 1, 2, 3 without a mark, at least two times over.
func numberedParagraphs(lines []string) bool {
	runs, last := 0, ""
	for _, l := range lines {
		m := bareLabel.FindStringSubmatch(strings.TrimSpace(l))
		if m == nil || !strings.HasSuffix(strings.TrimSpace(l), ".") {
			continue
		}
		if follows(last, m[1]) {
			runs++
		}
		last = m[1]
	}
	return runs >= 2
}

// titleLike refuses sentences that merely begin with a reference ("Article 33 of
// the GDPR applies").
func titleLike(rest string) bool {
	return rest == "" || isUpper(firstRune(rest)) || strings.HasPrefix(rest, "(")
}

// labelShape writes the marks of a label around a letter that stands for its kind.
func labelShape(l, shape string) string {
	switch {
	case strings.HasPrefix(l, "("):
		return "(" + shape + ")"
	case strings.HasPrefix(l, "["):
		return "[" + shape + "]"
	case strings.HasSuffix(l, ")"):
		return shape + ")"
	default:
		return shape + "."
	}
}
