package api

import (
	"testing"

	"github.com/danielgtaylor/huma/v2/validation"
	"pgregory.net/rapid"

	"holdfast/internal/lang"
)

// Cursors are read from strangers: whatever comes, it is refused or was made here.
func FuzzCursor(f *testing.F) {
	key := []byte("0123456789abcdef0123456789abcdef")
	good, err := sealCursor(key, cursor{AsOf: 7, Keys: []string{"a", "b"}}, "list-x /x?")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "list-x /x?")
	f.Add(good, "list-y /x?")
	f.Add("", "")
	f.Add("AAAAAAAAAAAAAAAAAAAAAHsiYSI6MX0", "list-x /x?")
	f.Fuzz(func(t *testing.T, s, list string) {
		cur, err := unsealCursor(key, s, list)
		if err != nil {
			return
		}
		again, err := sealCursor(key, cur, list)
		if err != nil || again != s {
			t.Fatalf("%q was taken but reads back as %q (%v)", s, again, err)
		}
	})
}

// Headers that callers write.
func FuzzHeaders(f *testing.F) {
	for _, s := range []string{`"1"`, `W/"1", "2"`, `*`, ``, `Bearer x`, `bearer  y `, `2026-11-02T09:00:00Z`, `body.items[3].a~b/c`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if match(s, 1) == nil && !named(s, 1) {
			t.Fatalf("If-Match %q names a revision that If-None-Match does not", s)
		}
		if secret, err := bearer(s); err == nil && (secret == "" || len(secret) > 500) {
			t.Fatalf("Authorization %q gives %q", s, secret)
		}
		var a asOf
		if err := a.UnmarshalText([]byte(s)); err == nil && !a.set {
			t.Fatalf("as_of %q is read but unset", s)
		}
		if p := location(s); p != "" && p[0] != '/' {
			t.Fatalf("%q is no pointer", p)
		}
		if code, _ := faultOf(s); !lang.Has("error." + code) {
			t.Fatalf("%q has no words", code)
		}
	})
}

func TestCursorsReadBack(t *testing.T) {
	key := []byte("k")
	rapid.Check(t, func(t *rapid.T) {
		cur := cursor{AsOf: rapid.Int64().Draw(t, "as of"), Keys: rapid.SliceOfN(rapid.StringMatching(`[a-z0-9_ č]{0,20}`), 1, 3).Draw(t, "keys")}
		s, err := sealCursor(key, cur, "l")
		if err != nil {
			t.Fatal(err)
		}
		got, err := unsealCursor(key, s, "l")
		if err != nil || got.AsOf != cur.AsOf || len(got.Keys) != len(cur.Keys) {
			t.Fatal(got, err)
		}
	})
}

// Every sentence of the validator that an operation can cause has words in three languages.
func TestTheValidatorsSentencesAreKnown(t *testing.T) {
	for sentence, want := range map[string]string{
		validation.MsgUnexpectedProperty:                "field.unexpected",
		"expected length >= 3":                          "field.too_short",
		"expected length <= 3":                          "field.too_long",
		"expected number >= 1":                          "field.too_small",
		"expected number <= 200":                        "field.too_large",
		`expected value to be one of "en, de, sl"`:      "field.not_in_list",
		"expected required property name to be present": "field.property_required",
		"expected string to match pattern ^a$":          "field.pattern",
		"expected array length <= 100":                  "field.too_many",
		"invalid integer":                               "field.not_a_number",
		"something that a later validator says":         "field.malformed",
		"required query parameter is missing":           "field.required",
		"unknown query parameter":                       "field.unexpected",
		validation.MsgExpectedString:                    "field.not_a_text",
		validation.MsgExpectedObject:                    "field.not_an_object",
	} {
		if got, _ := faultOf(sentence); got != want {
			t.Errorf("%q is %s instead of %s", sentence, got, want)
		}
		for _, l := range lang.Languages {
			if code, params := faultOf(sentence); len(lang.In(l, nil).T("error."+code, "n", 1)) == 0 || params == nil && code == "field.too_long" {
				t.Errorf("%q has no words in %s", sentence, l)
			}
		}
	}
}
