-- The organisations of this installation.
CREATE TABLE organisation (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  name TEXT NOT NULL, state TEXT NOT NULL, zone TEXT NOT NULL, language TEXT NOT NULL, domains TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX organisation_name ON organisation (name, id);

-- Keys, wrapped: data keys under the master key, signing keys under the data key of the same database.
CREATE TABLE secret_key (name TEXT NOT NULL, purpose TEXT NOT NULL, wrapped BYTEA NOT NULL, public TEXT NOT NULL, made BIGINT NOT NULL, PRIMARY KEY (name, purpose));

-- The furthest head of each organisation that the instance has seen: a database behind it has lost entries.
CREATE TABLE head_seen (name TEXT PRIMARY KEY, gen BIGINT NOT NULL, size BIGINT NOT NULL, note BYTEA NOT NULL);
