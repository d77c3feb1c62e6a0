package ledger

import "testing"

func FuzzTilePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/067.p/3", "tile/7/x999/x999/999", "tile/0/000.p/256", "tile/-1/000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := parseTilePath(s)
		if !ok {
			return
		}
		if p.String() != s || p.width < 1 || p.width > tileWidth || p.n < 0 || p.level < entriesLevel || p.level > 7 {
			t.Fatalf("%q reads as %+v", s, p)
		}
	})
}

func FuzzEntryBundle(f *testing.F) {
	f.Add(EntryBundle([][]byte{{1, 2}, {}, {3}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		leaves, ok := splitEntryBundle(b)
		if ok && string(EntryBundle(leaves)) != string(b) {
			t.Fatalf("%x reads as %x", b, leaves)
		}
	})
}
