-- Who may send batches, with the key that they sign with.
CREATE TABLE evidence_agent (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  name TEXT NOT NULL, public_key TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);

-- Batches as they came, compressed; idx is the entry of each.
CREATE TABLE evidence_batch (
  id TEXT PRIMARY KEY, idx BIGINT NOT NULL, agent TEXT NOT NULL, epoch BIGINT NOT NULL, sequence BIGINT NOT NULL,
  received BIGINT NOT NULL, items BIGINT NOT NULL, digest TEXT NOT NULL, body BYTEA NOT NULL
);
CREATE UNIQUE INDEX evidence_batch_order ON evidence_batch (agent, epoch, sequence);
CREATE UNIQUE INDEX evidence_batch_idx ON evidence_batch (idx);

-- What is wrong with what an agent sent: a batch sent twice with other content, a clock or state set back.
CREATE TABLE evidence_finding (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  agent TEXT NOT NULL, epoch BIGINT NOT NULL, sequence BIGINT NOT NULL, digest TEXT NOT NULL, because TEXT NOT NULL, found BIGINT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX evidence_finding_agent ON evidence_finding (agent, until_idx, id);

-- Duties done, sealed by a person.
CREATE TABLE evidence_record (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  proof TEXT NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL, note TEXT NOT NULL, files TEXT NOT NULL,
  occurred BIGINT NOT NULL, sealed BIGINT NOT NULL, by_account TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX evidence_record_proof ON evidence_record (proof, until_idx, sealed, id);

-- Look pages: up to 64 looks of one proof on one subject, from the first one's entry until the next page's.
CREATE TABLE evidence_look (
  proof TEXT NOT NULL, subject TEXT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL, looks BYTEA NOT NULL,
  PRIMARY KEY (proof, subject, from_idx)
);
CREATE INDEX evidence_look_now ON evidence_look (proof, until_idx, subject);
