package api

import (
	"bytes"
	"context"
	"path"

	"holdfast/internal/isms"
	"holdfast/internal/people"
	"holdfast/internal/policy"
	"holdfast/internal/reading"
	"holdfast/internal/wire"
)

type documentList struct {
	Filtered
	Kind string `query:"kind" enum:"policy,summary,standard,law,contract,requirement,questionnaire"`
}

func (f documentList) where() []equal { return []equal{is("kind", f.Kind)} }

type versionList struct {
	Filtered
	Document isms.ID  `query:"document" maxLength:"64"`
	State    []string `query:"state,explode" nullable:"false" doc:"Any of these states."`
}

func (f versionList) where() []equal {
	return []equal{is("document", f.Document), {"state", f.State}}
}

type textList struct {
	Filtered
	Document isms.ID `query:"document" maxLength:"64"`
	Version  isms.ID `query:"version" maxLength:"64"`
	Language string  `query:"language" maxLength:"8"`
}

func (f textList) where() []equal {
	return []equal{is("document", f.Document), is("version", f.Version), is("language", f.Language)}
}

type clauseList struct {
	Filtered
	Document isms.ID `query:"document" maxLength:"64"`
	Owner    isms.ID `query:"owner" maxLength:"64"`
}

func (f clauseList) where() []equal {
	return []equal{is("document", f.Document), is("owner", f.Owner)}
}

type clauseTextList struct {
	Filtered
	Text    isms.ID `query:"text" maxLength:"64"`
	Version isms.ID `query:"version" maxLength:"64"`
	Clause  isms.ID `query:"clause" maxLength:"64"`
	Theme   string  `query:"theme" maxLength:"64"`
	Kind    string  `query:"kind" enum:"must,must_not,does,may,context"`
}

func (f clauseTextList) where() []equal {
	return []equal{is("text_id", f.Text), is("version", f.Version), is("clause", f.Clause), is("theme", f.Theme), is("kind", f.Kind)}
}

type alignmentList struct {
	Filtered
	Text  isms.ID `query:"text" maxLength:"64" doc:"The new text."`
	State string  `query:"state" enum:"proposed,confirmed,refused"`
}

func (f alignmentList) where() []equal {
	return []equal{is("new_text", f.Text), is("state", f.State)}
}

// The nouns of the policy room.
var (
	documents   = noun[policy.Document, *policy.Document]{"document", "documents", "/documents", "documents", people.PolicyRead, policy.Documents, ""}
	versions    = noun[policy.Version, *policy.Version]{"version", "versions", "/versions", "documents", people.PolicyRead, policy.Versions, nobody}
	texts       = noun[policy.Text, *policy.Text]{"text", "texts", "/texts", "documents", people.PolicyRead, policy.Texts, nobody}
	clauses     = noun[policy.Clause, *policy.Clause]{"clause", "clauses", "/clauses", "documents", people.PolicyRead, policy.Clauses, ""}
	clauseTexts = noun[policy.ClauseText, *policy.ClauseText]{"clause-text", "clause-texts", "/clause-texts", "documents", people.PolicyRead, policy.ClauseTexts, nobody}
	alignments  = noun[policy.Alignment, *policy.Alignment]{"alignment", "alignments", "/alignments", "documents", people.PolicyRead, policy.Alignments, nobody}
)

func (d *door) documentOperations() {
	listAndGet[documentList](d, documents, "Texts that make claims: policies, standards, laws, contracts, questionnaires.")
	listAndGet[versionList](d, versions, "Versions of documents with their states and dates.")
	listAndGet[textList](d, texts, "Texts of versions, one a language.")
	listAndGet[clauseList](d, clauses, "Identities of sentences, across versions and languages.")
	listAndGet[clauseTextList](d, clauseTexts, "The words of clauses in one version and language, with what was read about them.")
	listAndGet[alignmentList](d, alignments, "Which words of a new text answer words of an old one.")

	upload := documents.creates("", "import-document", people.PolicyImport, "Import a document", "The body is the file. What was read becomes a draft for people to correct.")
	upload.limit = reading.DefaultMaxBytes
	handle(d, upload, d.importDocument)
	again := documents.creates("/{id}/versions", "import-version", people.PolicyImport, "Import a new version of a document", "Sentences whose words stood in the version before keep their clause.")
	again.limit = reading.DefaultMaxBytes
	handle(d, again, d.importVersion)
	other := versions.creates("/{id}/texts", "import-translation", people.PolicyImport, "Import a version's text in another language", "")
	other.limit = reading.DefaultMaxBytes
	handle(d, other, d.importTranslation)

	handle(d, versions.act1("/{id}/adoptions", "adopt-version", people.PolicyAdopt, "Adopt a version that is in force already", "With its declared approver, date and file."), d.adopt)
	handle(d, versions.act1("/{id}/submissions", "submit-version", people.PolicyEdit, "Submit a draft for approval", ""), d.submit)
	handle(d, versions.act1("/{id}/approvals", "approve-version", people.PolicyApprove, "Approve a submitted version", "By another person than who submitted it."), d.approve)
	handle(d, versions.act1("/{id}/returns", "return-version", people.PolicyApprove, "Send a submitted version back", ""), d.sendBack)
	handle(d, versions.act1("/{id}/publications", "publish-version", people.PolicyPublish, "Publish an approved version", ""), d.publish)
	handle(d, versions.act1("/{id}/expirations", "expire-version", people.PolicyPublish, "End a version in force", ""), d.expire)
	handle(d, versions.act1("/{id}/deletions", "delete-version", people.PolicyEdit, "Delete a version", "One that never was in force, or that has been out of force for five years."), d.deleteVersion)
	handle(d, clauseTexts.act1("/{id}/strikes", "strike-clause-text", people.PolicyEdit, "Say that a sentence is no clause", "It then stands among what is omitted."), d.strike)
	handle(d, clauseTexts.act1("/{id}/splits", "split-clause-text", people.PolicyEdit, "Take a clause text apart", "The pieces together are its words; the first keeps the clause."), d.split)
	handle(d, clauseTexts.act1("/merges", "merge-clause-texts", people.PolicyEdit, "Join clause texts that follow one another", ""), d.merge)
	handle(d, alignments.act1("/{id}/decisions", "decide-alignment", people.PolicyEdit, "Confirm or refuse an alignment", ""), d.decideAlignment)
}

// Upload is an uploaded document.
type Upload struct {
	Name     string `query:"name" maxLength:"200" doc:"Name of the file: its ending says what it is." default:"policy.md"`
	Language string `query:"language" enum:"en,de,sl" doc:"Found out if absent."`
	Label    string `query:"label" maxLength:"100" doc:"As the text calls its version; what stands in it if absent."`
	Reason   string `query:"reason" maxLength:"2000" doc:"Why there is a new version."`
	RawBody  []byte `contentType:"application/octet-stream"`
}

// read takes an uploaded file apart and imports it.
func (d *door) read(ctx context.Context, c *call, f Upload, into policy.Import) (policy.Imported, error) {
	var none policy.Imported
	name := path.Base("/" + f.Name)
	r, err := d.Read(ctx, name, f.RawBody, reading.Options{Language: isms.Language(f.Language)})
	if err != nil {
		return none, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return none, err
	}
	from := policy.FromReading(r)
	into.Title, into.Language, into.Sentences, into.Omitted = from.Title, from.Language, from.Sentences, from.Omitted
	if into.Label, into.Reason = f.Label, f.Reason; into.Label == "" {
		into.Label = from.Label
	}
	into.FileName, into.Original = name, bytes.NewReader(f.RawBody)
	return o.Policy.Import(ctx, c.actor, into)
}

func imported(c *call, i policy.Imported) *Made[wire.Imported] {
	return made(c, wire.Imported{
		Document: i.Document, Version: i.Version, Text: i.Text, Clauses: i.Clauses, Unchanged: i.Unchanged, Proposed: i.Proposed,
	}, 1, documents.path+"/"+string(i.Document))
}

func (d *door) importDocument(ctx context.Context, c *call, in *struct {
	Upload
	Title  string  `query:"title" maxLength:"200" doc:"Of the document; its own title if absent."`
	Kind   string  `query:"kind" enum:"policy,summary,standard,law,contract,requirement,questionnaire" default:"policy"`
	Parent isms.ID `query:"parent" maxLength:"64" doc:"Of a summary: the document that it sums up."`
}) (*Made[wire.Imported], error) {
	i, err := d.read(ctx, c, in.Upload, policy.Import{Name: in.Title, Kind: policy.DocumentKind(in.Kind), Parent: in.Parent})
	if err != nil {
		return nil, err
	}
	return imported(c, i), nil
}

func (d *door) importVersion(ctx context.Context, c *call, in *struct {
	Target
	Upload
}) (*Made[wire.Imported], error) {
	if _, err := documents.get(ctx, c, in.ID, asOf{}); err != nil {
		return nil, err
	}
	i, err := d.read(ctx, c, in.Upload, policy.Import{Document: in.ID})
	if err != nil {
		return nil, err
	}
	return imported(c, i), nil
}

func (d *door) importTranslation(ctx context.Context, c *call, in *struct {
	Target
	Upload
}) (*Made[wire.Imported], error) {
	v, err := versions.get(ctx, c, in.ID, asOf{})
	if err != nil {
		return nil, err
	}
	i, err := d.read(ctx, c, in.Upload, policy.Import{Document: v.Document, Version: v.ID})
	if err != nil {
		return nil, err
	}
	return imported(c, i), nil
}

// onVersion does an act on a version and answers with the version.
func (d *door) onVersion(ctx context.Context, c *call, id isms.ID, act func(*policy.Room) error) (*One[policy.Version], error) {
	if _, err := versions.get(ctx, c, id, asOf{}); err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := act(o.Policy); err != nil {
		return nil, err
	}
	return versions.shown(ctx, c, id)
}

func (d *door) adopt(ctx context.Context, c *call, in *inActOn[wire.Adoption]) (*One[policy.Version], error) {
	every, err := period(in.Body.ReviewEvery)
	if err != nil {
		return nil, err
	}
	return d.onVersion(ctx, c, in.ID, func(r *policy.Room) error {
		return r.Adopt(ctx, c.actor, in.ID, policy.Adoption{Approver: in.Body.Approver, Approved: in.Body.Approved, Effective: in.Body.Effective, Every: every})
	})
}

func period(s string) (isms.Period, error) {
	var p isms.Period
	err := p.UnmarshalText([]byte(s))
	return p, err
}

func (d *door) submit(ctx context.Context, c *call, in *Target) (*One[policy.Version], error) {
	return d.onVersion(ctx, c, in.ID, func(r *policy.Room) error { return r.Submit(ctx, c.actor, in.ID) })
}

func (d *door) approve(ctx context.Context, c *call, in *Target) (*One[policy.Version], error) {
	return d.onVersion(ctx, c, in.ID, func(r *policy.Room) error { return r.Approve(ctx, c.actor, in.ID) })
}

func (d *door) sendBack(ctx context.Context, c *call, in *inActOn[wire.Why]) (*One[policy.Version], error) {
	return d.onVersion(ctx, c, in.ID, func(r *policy.Room) error { return r.SendBack(ctx, c.actor, in.ID, in.Body.Reason) })
}

func (d *door) publish(ctx context.Context, c *call, in *inActOn[wire.Publication]) (*One[policy.Version], error) {
	every, err := period(in.Body.ReviewEvery)
	if err != nil {
		return nil, err
	}
	return d.onVersion(ctx, c, in.ID, func(r *policy.Room) error {
		return r.Publish(ctx, c.actor, in.ID, in.Body.Effective, every)
	})
}

func (d *door) expire(ctx context.Context, c *call, in *inActOn[wire.Why]) (*One[policy.Version], error) {
	return d.onVersion(ctx, c, in.ID, func(r *policy.Room) error { return r.Expire(ctx, c.actor, in.ID, in.Body.Reason) })
}

func (d *door) deleteVersion(ctx context.Context, c *call, in *Target) (*One[wire.Done], error) {
	if _, err := versions.get(ctx, c, in.ID, asOf{}); err != nil {
		return nil, err
	}
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Policy.Delete(ctx, c.actor, in.ID); err != nil {
		return nil, err
	}
	return done(c), nil
}

func (d *door) strike(ctx context.Context, c *call, in *Target) (*One[wire.Done], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Policy.Strike(ctx, c.actor, in.ID); err != nil {
		return nil, err
	}
	return done(c), nil
}

// several answers with records that an act made.
func several[T any](c *call, vs []T) *Many[T] {
	return &Many[T]{EntryIndex: c.now(), Body: wire.Page[T]{Items: vs}}
}

func (d *door) split(ctx context.Context, c *call, in *inActOn[wire.Pieces]) (*Many[policy.ClauseText], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	cs, err := o.Policy.Split(ctx, c.actor, in.ID, in.Body.Pieces)
	if err != nil {
		return nil, err
	}
	return several(c, cs), nil
}

func (d *door) merge(ctx context.Context, c *call, in *inBody[wire.IDs]) (*Many[policy.ClauseText], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	cs, err := o.Policy.Merge(ctx, c.actor, in.Body.IDs)
	if err != nil {
		return nil, err
	}
	return several(c, cs), nil
}

func (d *door) decideAlignment(ctx context.Context, c *call, in *inActOn[wire.Decision]) (*One[policy.Alignment], error) {
	o, err := d.rooms(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := o.Policy.Decide(ctx, c.actor, in.ID, in.Body.Yes); err != nil {
		return nil, err
	}
	return alignments.shown(ctx, c, in.ID)
}
