-- One row: how far the log reaches, and the signed checkpoint of exactly that size.
CREATE TABLE head (one INT PRIMARY KEY, gen BIGINT NOT NULL, size BIGINT NOT NULL, at BIGINT NOT NULL, note BYTEA NOT NULL);

-- A generation is one tree: a restore that lost entries opens the next.
CREATE TABLE generation (gen BIGINT PRIMARY KEY, origin TEXT NOT NULL, start_idx BIGINT NOT NULL, vkey TEXT NOT NULL);

CREATE TABLE entry (
  idx BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  rev BIGINT NOT NULL,
  actor TEXT NOT NULL,
  means TEXT NOT NULL,
  header_salt BYTEA NOT NULL,
  payload_commitment BYTEA NOT NULL,
  payload_salt BYTEA,
  payload BYTEA
);
CREATE INDEX entry_subject ON entry (subject, rev);
CREATE INDEX entry_at ON entry (at);
CREATE INDEX entry_kind ON entry (kind, idx);

-- Full tiles of 256 hashes (C2SP tlog-tiles), with the root of each for the level above.
CREATE TABLE tile (gen BIGINT NOT NULL, level BIGINT NOT NULL, n BIGINT NOT NULL, hashes BYTEA NOT NULL, root BYTEA NOT NULL, PRIMARY KEY (gen, level, n));

-- Checkpoints worth remembering: the last of each minute in which something was written.
CREATE TABLE checkpoint (gen BIGINT NOT NULL, size BIGINT NOT NULL, at BIGINT NOT NULL, note BYTEA NOT NULL, PRIMARY KEY (gen, size));
CREATE INDEX checkpoint_at ON checkpoint (at);

-- What was erased, to be done again after a restore.
CREATE TABLE erasure (subject TEXT PRIMARY KEY, idx BIGINT NOT NULL);

-- Reading and signing in, sealed segment by segment.
CREATE TABLE access_log (n BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, means TEXT NOT NULL, act TEXT NOT NULL, object TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE access_segment (from_n BIGINT PRIMARY KEY, until_n BIGINT NOT NULL, root BYTEA NOT NULL);

-- How far each follower has read.
CREATE TABLE cursor (follower TEXT PRIMARY KEY, idx BIGINT NOT NULL);
