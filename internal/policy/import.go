package policy

import (
	"context"
	"io"
	"strconv"
	"strings"

	"holdfast/internal/isms"
	"holdfast/internal/ledger"
	"holdfast/internal/people"
	"holdfast/internal/reading"
	"holdfast/internal/store"
)

// Import is a text that comes in, already read.
type Import struct {
	// Document gets a new version of its text. Empty: a new document.
	Document isms.ID
	// Version gets a translation. Empty: a new version.
	Version isms.ID

	Name      string       // of a new document; empty: the title
	Kind      DocumentKind // of a new document; empty: policy
	Parent    isms.ID      // of a new public summary
	Label     string       // as the text calls itself, such as "2.1"
	Reason    string       // why there is a new version
	Language  isms.Language
	Title     string
	Sentences []Sentence
	Omitted   []Omitted

	FileName string
	Original io.Reader // nil: there is no file
}

// FromReading makes an import of what was read; the caller adds the file and where it belongs.
func FromReading(r *reading.Reading) Import {
	in := Import{Language: r.Language, Title: r.Title, Label: r.Version.Label}
	for _, c := range r.Clauses {
		in.Sentences = append(in.Sentences, Sentence{
			Line: c.Line, Number: c.Number, Path: c.Path, Text: c.Text, Kind: string(c.Kind), Normative: c.Normative, Theme: c.Theme,
			Cadence: c.Cadence, Deadline: c.Deadline, Retention: c.Retention, Actor: c.Actor, Parts: c.Parts, Because: c.Because,
		})
	}
	for _, o := range r.Omitted {
		in.Omitted = append(in.Omitted, Omitted(o))
	}
	return in
}

// Imported says what came of an import.
type Imported struct {
	Document, Version, Text isms.ID
	Clauses                 int
	Unchanged               int // clauses whose words stood in the version before
	Proposed                int // alignments that wait for a person
}

// maxSentences is far above any policy; more is no document that people keep.
const maxSentences = 20_000

// Import takes a text in as a draft. Sentences whose words stood in the version before keep
// their clause; similar ones are proposed. Corrections of the same words are applied.
// Errors: policy.text_empty, policy.text_too_long, policy.language_taken, policy.kind_unknown,
// policy.parent_missing, and those of people.Allow for PolicyImport.
func (r *Room) Import(ctx context.Context, actor isms.Actor, in Import) (Imported, error) {
	if err := r.allow(actor, people.PolicyImport, people.Record{}); err != nil {
		return Imported{}, err
	}
	if err := in.check(); err != nil {
		return Imported{}, err
	}
	var file File
	if in.Original != nil {
		digest, size, err := r.Log.DB.PutFile(ctx, in.Original)
		if err != nil {
			return Imported{}, err
		}
		file = File{Digest: digest, Name: in.FileName, Size: size}
	}
	var out Imported
	err := r.Log.Write(ctx, actor, func(tx *ledger.Tx) (err error) {
		w := importing{tx: tx, in: &in, file: file}
		out, err = w.run(ctx)
		return err
	})
	return out, err
}

func (in *Import) check() error {
	switch {
	case len(in.Sentences) == 0:
		return isms.Errorf(isms.Invalid, "policy.text_empty").At("file")
	case len(in.Sentences) > maxSentences:
		return isms.Errorf(isms.Invalid, "policy.text_too_long", "most", strconv.Itoa(maxSentences)).At("file")
	case in.Language == "":
		return isms.Errorf(isms.Invalid, "policy.language_missing").At("language")
	case in.Kind == "":
		in.Kind = Policy
	case !documentKinds[in.Kind]:
		return isms.Errorf(isms.Invalid, "policy.kind_unknown", "value", string(in.Kind)).At("kind")
	}
	if in.Kind == Summary && in.Document == "" && in.Parent == "" {
		return isms.Errorf(isms.Invalid, "policy.parent_missing").At("parent")
	}
	if strings.TrimSpace(in.Name) == "" {
		in.Name = in.Title
	}
	if in.Document == "" && strings.TrimSpace(in.Name) == "" {
		return isms.Errorf(isms.Invalid, "policy.name_missing").At("name")
	}
	return nil
}

// importing is one import inside its transaction.
type importing struct {
	tx   *ledger.Tx
	in   *Import
	file File

	doc Document
	ver Version
	txt Text
}

func (w *importing) run(ctx context.Context) (Imported, error) {
	if err := w.document(ctx); err != nil {
		return Imported{}, err
	}
	before, err := w.before(ctx)
	if err != nil {
		return Imported{}, err
	}
	if err := w.version(ctx); err != nil {
		return Imported{}, err
	}
	if err := w.text(ctx); err != nil {
		return Imported{}, err
	}
	cs, err := corrections(ctx, w.tx.Tx, w.doc.ID, w.in.Language)
	if err != nil {
		return Imported{}, err
	}
	now := make([]*ClauseText, 0, len(w.in.Sentences))
	for i, s := range applyAll(cs, w.in.Sentences, w.in.Omitted) {
		now = append(now, &ClauseText{
			Document: w.doc.ID, Version: w.ver.ID, TextID: w.txt.ID, N: int64(i+1) * gap, Hash: Hash(s.Text),
			Sentence: s.Sentence, Corrected: s.corrected,
		})
	}
	return w.clauses(ctx, before, now)
}

// gap between the places of neighbours leaves room for what a person splits.
const gap = 1024

func (w *importing) document(ctx context.Context) (err error) {
	if w.in.Document != "" {
		w.doc, err = Documents.Get(ctx, w.tx.Tx, w.in.Document)
		return err
	}
	if w.in.Parent != "" {
		if _, err := Documents.Get(ctx, w.tx.Tx, w.in.Parent); err != nil {
			return err
		}
	}
	w.doc = Document{Name: isms.TextIn(w.in.Language, w.in.Name), Kind: w.in.Kind, Parent: w.in.Parent}
	w.doc.ID = isms.NewID(isms.DocumentPrefix, w.tx.At)
	return nil
}

// before returns the words that the new ones continue: of the newest version in the same
// language, or for a translation those of its version's source.
func (w *importing) before(ctx context.Context) ([]ClauseText, error) {
	if w.in.Document == "" {
		return nil, nil
	}
	vs, err := Versions.Where(ctx, w.tx.Tx, `document = $2 ORDER BY number DESC`, 1000, string(w.doc.ID))
	if err != nil {
		return nil, err
	}
	for _, v := range vs {
		if w.in.Version != "" && v.ID != w.in.Version {
			continue
		}
		ts, err := Texts.Where(ctx, w.tx.Tx, `version = $2`, 20, string(v.ID))
		if err != nil {
			return nil, err
		}
		for _, t := range ts {
			if w.in.Version != "" && t.Source || w.in.Version == "" && t.Language == w.in.Language {
				return textClauses(ctx, w.tx.Tx, t.ID)
			}
		}
	}
	return nil, nil
}

func textClauses(ctx context.Context, tx *store.Tx, text isms.ID) ([]ClauseText, error) {
	return ClauseTexts.Where(ctx, tx, `text_id = $2 ORDER BY n, id`, 2*maxSentences, string(text))
}

// version makes the new draft, or finds the version that gets a translation.
func (w *importing) version(ctx context.Context) (err error) {
	if w.in.Version != "" {
		w.ver, err = Versions.Get(ctx, w.tx.Tx, w.in.Version)
		if err == nil && w.ver.Document != w.doc.ID {
			err = isms.Errorf(isms.NotFound, "record.unknown", "id", string(w.in.Version))
		}
		if err == nil {
			_, err = w.ver.State.next(correct)
		}
		return err
	}
	var n int64
	if err := w.tx.Row(ctx, []any{&n}, `SELECT COALESCE(MAX(number), 0) FROM policy_version WHERE document = $1`, string(w.doc.ID)); err != nil {
		return err
	}
	w.ver = Version{Document: w.doc.ID, Number: n + 1, Label: w.in.Label, State: Draft, Reason: w.in.Reason, Recorded: w.tx.At}
	if err := Versions.Add(ctx, w.tx, "version.imported", &w.ver); err != nil {
		return err
	}
	switch {
	case w.doc.Rev == 0:
		w.doc.Standing = w.ver.ID
		return Documents.Add(ctx, w.tx, "document.imported", &w.doc)
	case !w.doc.InForce:
		w.doc.Standing = w.ver.ID
		return Documents.Revise(ctx, w.tx, "document.standing_changed", &w.doc)
	}
	return nil
}

func (w *importing) text(ctx context.Context) error {
	ts, err := Texts.Where(ctx, w.tx.Tx, `version = $2`, 20, string(w.ver.ID))
	if err != nil {
		return err
	}
	for _, t := range ts {
		if t.Language == w.in.Language {
			return isms.Errorf(isms.Conflict, "policy.language_taken", "language", string(t.Language)).At("language")
		}
	}
	w.txt = Text{Document: w.doc.ID, Version: w.ver.ID, Language: w.in.Language, Source: len(ts) == 0, Title: w.in.Title, File: w.file, Omitted: w.in.Omitted}
	if w.txt.Omitted == nil {
		w.txt.Omitted = []Omitted{}
	}
	if err := Texts.Add(ctx, w.tx, "text.imported", &w.txt); err != nil || w.file.Digest == "" {
		return err
	}
	return w.tx.UseFile(ctx, w.file.Digest, w.txt.ID, w.file.Size)
}

// clauses gives each sentence its identity and writes it.
func (w *importing) clauses(ctx context.Context, before []ClauseText, now []*ClauseText) (Imported, error) {
	out := Imported{Document: w.doc.ID, Version: w.ver.ID, Text: w.txt.ID, Clauses: len(now)}
	var proposals []proposal
	if w.txt.Source {
		out.Unchanged = inherit(before, now)
		proposals = similar(before, now)
	} else {
		proposals = translated(before, now)
	}
	for _, c := range now {
		if c.Clause == "" && w.txt.Source {
			id := Clause{Document: w.doc.ID}
			if err := Clauses.Add(ctx, w.tx, "clause.made", &id); err != nil {
				return out, err
			}
			c.Clause = id.ID
		}
		if err := ClauseTexts.Add(ctx, w.tx, "clause_text.read", c); err != nil {
			return out, err
		}
	}
	for _, p := range proposals {
		a := Alignment{Document: w.doc.ID, Old: p.old.ID, New: p.new.ID, NewText: w.txt.ID, How: p.how, Score: p.score, State: Proposed}
		if err := Alignments.Add(ctx, w.tx, "alignment.proposed", &a); err != nil {
			return out, err
		}
		out.Proposed++
	}
	return out, nil
}
