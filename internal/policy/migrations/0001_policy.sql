-- A document is a text that makes claims.
CREATE TABLE policy_document (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  name TEXT NOT NULL, kind TEXT NOT NULL, parent TEXT NOT NULL, standing TEXT NOT NULL, in_force BOOLEAN NOT NULL,
  review_every TEXT NOT NULL, review_due TEXT NOT NULL, review_required BOOLEAN NOT NULL, owner TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX policy_document_parent ON policy_document (parent, until_idx);

-- A version with its states and dates.
CREATE TABLE policy_version (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  document TEXT NOT NULL, number BIGINT NOT NULL, label TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
  approver TEXT NOT NULL, adopted BOOLEAN NOT NULL, submitted TEXT NOT NULL, approved TEXT NOT NULL, published TEXT NOT NULL,
  effective TEXT NOT NULL, ended TEXT NOT NULL, recorded BIGINT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX policy_version_document ON policy_version (document, number, until_idx);
CREATE INDEX policy_version_state ON policy_version (state, until_idx, effective);

-- A version's text in one language.
CREATE TABLE policy_text (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  document TEXT NOT NULL, version TEXT NOT NULL, language TEXT NOT NULL, source BOOLEAN NOT NULL, title TEXT NOT NULL,
  file TEXT NOT NULL, omitted TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX policy_text_version ON policy_text (version, until_idx, language);

-- The identity of a sentence, across versions and languages.
CREATE TABLE policy_clause (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  document TEXT NOT NULL, owner TEXT NOT NULL, deputy TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX policy_clause_document ON policy_clause (document, until_idx, id);
CREATE INDEX policy_clause_owner ON policy_clause (owner, until_idx);

-- A clause's words in one version and language, with their reading.
CREATE TABLE policy_clause_text (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  clause TEXT NOT NULL, document TEXT NOT NULL, version TEXT NOT NULL, text_id TEXT NOT NULL, n BIGINT NOT NULL, hash TEXT NOT NULL,
  kind TEXT NOT NULL, normative BOOLEAN NOT NULL, theme TEXT NOT NULL, sentence TEXT NOT NULL, corrected BOOLEAN NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX policy_clause_text_order ON policy_clause_text (text_id, until_idx, n, id);
CREATE INDEX policy_clause_text_clause ON policy_clause_text (clause, until_idx, id);

-- How words of one text answer words of another.
CREATE TABLE policy_alignment (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  document TEXT NOT NULL, old_words TEXT NOT NULL, new_words TEXT NOT NULL, new_text TEXT NOT NULL, how TEXT NOT NULL,
  score BIGINT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX policy_alignment_text ON policy_alignment (new_text, until_idx, id);
CREATE INDEX policy_alignment_old ON policy_alignment (old_words, until_idx);
CREATE INDEX policy_alignment_new ON policy_alignment (new_words, until_idx);

-- What a person corrected in a reading, kept by the words that it corrects.
CREATE TABLE policy_correction (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  document TEXT NOT NULL, language TEXT NOT NULL, from_words TEXT NOT NULL, into_words TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX policy_correction_document ON policy_correction (document, language, until_idx, id);
