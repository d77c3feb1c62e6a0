package web

import (
	"strings"

	"holdfast/internal/lang"
	"holdfast/internal/web/page"
)

// place is one entry of the navigation.
type place struct {
	key   string // of nav.*
	path  string
	icon  string
	group int // 0 is the first, without a heading
}

// places are all pages that may stand in the navigation, in their order.
var places = []place{
	{"start", "/{$}", "home", 0},
	{"documents", "/documents", "doc", 0},
	{"controls", "/controls", "shield", 0},
	{"evidence", "/evidence", "inbox", 0},
	{"waiting", "/waiting", "users", 1},
	{"ledger", "/ledger", "chain", 1},
	{"people", "/people", "user", 2},
	{"tokens", "/tokens", "key", 2},
	{"backups", "/backups", "box", 2},
	{"settings", "/settings", "gear", 2},
}

// navigation lists the places that have a page, with the one that the reader is at.
func (s *Server) navigation(p *lang.Printer, v *Visitor, path string) []page.NavGroup {
	groups := []page.NavGroup{{}, {Heading: p.T("nav.assurance")}, {Heading: p.T("nav.administration")}}
	for _, pl := range places {
		if !s.has("GET " + pl.path) {
			continue
		}
		url := strings.TrimSuffix(pl.path, "{$}")
		l := page.NavLink{Text: p.T("nav." + pl.key), URL: url, Icon: pl.icon, Here: isAt(path, url)}
		switch pl.key {
		case "documents":
			l.Count, l.Hot = v.Nav.Failing, true
		case "waiting":
			l.Count = v.Nav.Waiting
		}
		groups[pl.group].Links = append(groups[pl.group].Links, l)
	}
	var out []page.NavGroup
	for i, g := range groups {
		if i == 0 || len(g.Links) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func isAt(path, url string) bool {
	return path == url || url != "/" && strings.HasPrefix(path, url+"/")
}
