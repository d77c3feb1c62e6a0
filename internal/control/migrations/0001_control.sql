-- What the organisation does so that clauses are true.
CREATE TABLE control (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  template TEXT NOT NULL, template_version BIGINT NOT NULL, title TEXT NOT NULL, purpose TEXT NOT NULL, themes TEXT NOT NULL,
  parameters TEXT NOT NULL, owner TEXT NOT NULL, deputy TEXT NOT NULL, critical BOOLEAN NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_list ON control (until_idx, id);
CREATE INDEX control_template ON control (template, until_idx);

-- How a control is shown to hold.
CREATE TABLE control_proof (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  control TEXT NOT NULL, key_name TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, probe TEXT NOT NULL, params TEXT NOT NULL,
  rule TEXT NOT NULL, every TEXT NOT NULL, window_period TEXT NOT NULL, required BOOLEAN NOT NULL, scope TEXT NOT NULL, parts TEXT NOT NULL,
  figures TEXT NOT NULL, role TEXT NOT NULL, deputy TEXT NOT NULL, recorded BIGINT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_proof_control ON control_proof (control, until_idx, id);
CREATE INDEX control_proof_from ON control_proof (from_idx);
CREATE INDEX control_proof_scope ON control_proof (scope, until_idx, id);
CREATE INDEX control_proof_probe ON control_proof (probe, until_idx, id);

-- Words of a clause tied to a control.
CREATE TABLE control_binding (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  document TEXT NOT NULL, clause TEXT NOT NULL, words TEXT NOT NULL, clause_text TEXT NOT NULL, control TEXT NOT NULL, template TEXT NOT NULL,
  parts TEXT NOT NULL, figures TEXT NOT NULL, score BIGINT NOT NULL, because TEXT NOT NULL, state TEXT NOT NULL,
  confirmed BIGINT NOT NULL, confirmed_by TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_binding_clause ON control_binding (clause, until_idx, id);
CREATE INDEX control_binding_control ON control_binding (control, until_idx, id);
CREATE INDEX control_binding_document ON control_binding (document, until_idx, state, id);

-- What proofs are about.
CREATE TABLE control_subject (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  kind TEXT NOT NULL, address TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, added BIGINT NOT NULL, retired BIGINT NOT NULL, because TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_subject_kind ON control_subject (kind, until_idx, id);
CREATE INDEX control_subject_address ON control_subject (address, until_idx);

-- Which subjects a proof is about: the selector, declared complete by a person.
CREATE TABLE control_scope (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  name TEXT NOT NULL, selector TEXT NOT NULL, declared BIGINT NOT NULL, declared_by TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_scope_from ON control_scope (from_idx);
CREATE INDEX control_scope_list ON control_scope (until_idx, id);

-- Always-ending permissions for named proofs or subjects not to hold.
CREATE TABLE control_exception (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  proofs TEXT NOT NULL, subjects TEXT NOT NULL, reason TEXT NOT NULL, instead TEXT NOT NULL, begins BIGINT NOT NULL, ends BIGINT NOT NULL,
  state TEXT NOT NULL, asked BIGINT NOT NULL, asked_by TEXT NOT NULL, decided BIGINT NOT NULL, decided_by TEXT NOT NULL, answer TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_exception_state ON control_exception (state, until_idx, ends, id);

-- Episodes in which a control did not hold.
CREATE TABLE control_failure (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  control TEXT NOT NULL, state TEXT NOT NULL, began BIGINT NOT NULL, as_verdict TEXT NOT NULL, detected BIGINT NOT NULL, steps TEXT NOT NULL,
  relapses BIGINT NOT NULL, watch_every TEXT NOT NULL, watch_until BIGINT NOT NULL, closed BIGINT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_failure_control ON control_failure (control, until_idx, id);
CREATE INDEX control_failure_state ON control_failure (until_idx, state, id);

-- One row a clause or control; each revision is an interval of its verdict.
CREATE TABLE control_verdict (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  about TEXT NOT NULL, document TEXT NOT NULL, words TEXT NOT NULL, verdict TEXT NOT NULL, since BIGINT NOT NULL, version BIGINT NOT NULL,
  cause_entry BIGINT NOT NULL, cause_item BIGINT NOT NULL, subjects TEXT NOT NULL, bound BIGINT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_verdict_about ON control_verdict (about, until_idx, rev);
CREATE INDEX control_verdict_document ON control_verdict (document, until_idx, verdict);

-- Each day's verdicts of a document, sealed for the public bars.
CREATE TABLE control_day (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  document TEXT NOT NULL, date TEXT NOT NULL, verdicts TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX control_day_document ON control_day (document, date, until_idx);

-- How far React has followed the ledger.
CREATE TABLE control_cursor (one INT PRIMARY KEY, idx BIGINT NOT NULL);

-- When time alone will change something next.
CREATE TABLE control_wake (about TEXT PRIMARY KEY, next BIGINT NOT NULL);
CREATE INDEX control_wake_next ON control_wake (next);
