package page

import (
	"holdfast/internal/isms"
)

// Documents lists the organisation's documents.
type Documents struct {
	Base
	Rows  []DocumentRow
	Chips []Chip
	Pager Pager
}

// DocumentRow is one document of the list.
type DocumentRow struct {
	Document DocumentHead
	Counts   Counts
	Waiting  int // sentences to confirm
	WaitURL  string
	Owner    *Person
}

// Import brings a document in. Form: POST /documents (multipart) with title, kind,
// language, and either file or text.
type Import struct {
	Base
	DocumentTitle string
	Kind          string
	Kinds         []string // keys of document.kind.*
	TextLanguage  isms.Language
	Text          string
	Limit         int64 // of an upload, in bytes
}

// Reading shows how a document was read, sentence by sentence beside the original,
// so that a person confirms what binds. Form: POST URL with, for each sentence,
// kind-ID; button "all" confirms the rest as proposed.
type Reading struct {
	Base
	Document  DocumentHead
	URL       string // of the form
	Original  Link   // the file as it was given
	Digest    string // SHA-256 of the file
	Size      int64
	Counts    ReadingCounts
	Blocks    []ReadBlock
	Only      string // filter: "", "open", "binding", "omitted"
	Chips     []Chip
	CanChange bool
}

// ReadingCounts says what was found and what is decided.
type ReadingCounts struct{ Sentences, Binding, Confirmed, Open, Omitted int }

// ReadBlock is a heading, a paragraph or a list item of the original with the
// sentences found in it.
type ReadBlock struct {
	Heading   bool
	Number    string
	Level     int
	Original  string // as it stands in the file
	Language  isms.Language
	Omitted   bool // left out, shown struck through, with the reason
	Reason    isms.Reason
	Sentences []ReadSentence
}

// ReadSentence is one sentence with its kind as proposed or confirmed.
type ReadSentence struct {
	ID        isms.ID
	Number    string
	Words     Words // the words that gave the kind are underlined
	Kind      string
	Confirmed bool
	Reason    isms.Reason // why this kind was proposed
	Facts     []string    // cadence, deadline, actor found in it
	URL       string      // of the clause, once it is one
}

// SentenceKinds are the kinds of sentences in the order of the choice; each is a
// key of sentence.kind.*. The first four bind.
var SentenceKinds = []string{"must", "must_not", "does", "may", "context", "omit"}

func (v *Reading) kindOptions() []Option {
	out := make([]Option, 0, len(SentenceKinds))
	for _, k := range SentenceKinds {
		out = append(out, Option{Value: k, Text: v.T("sentence.kind." + k)})
	}
	return out
}

func (v *Import) kindOptions() []Option {
	var out []Option
	for _, k := range v.Kinds {
		out = append(out, Option{Value: k, Text: v.T("document.kind." + k)})
	}
	return out
}

func (v *Import) languageOptions() []Option {
	out := []Option{{Value: "", Text: v.T("import.language.find")}}
	for _, l := range []isms.Language{isms.English, isms.German, isms.Slovenian} {
		out = append(out, Option{Value: string(l), Text: v.LanguageName(l)})
	}
	return out
}

func (v *Statement) emptyActions() []Action {
	if v.Confirm == "" {
		return nil
	}
	return []Action{{Text: v.T("statement.confirm"), URL: v.Confirm, Main: true}}
}

// binds tells whether a kind of sentence is a promise.
func binds(kind string) bool {
	return kind == "must" || kind == "must_not" || kind == "does"
}
