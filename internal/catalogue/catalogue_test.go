package catalogue

import (
	"testing"
)

// loaded returns the embedded catalogue or ends the test.
func loaded(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheCatalogueIsSound(t *testing.T) {
	c := loaded(t)
	faults, err := c.Check()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
	t.Logf("%d controls, %d concepts", len(c.Controls), len(c.lexicon.concepts))
}
