-- Backups that were taken, and drills that restored one and proved it.
CREATE TABLE backup (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  taken BIGINT NOT NULL, file TEXT NOT NULL, size BIGINT NOT NULL, digest TEXT NOT NULL, heads TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX backup_taken ON backup (taken, id);
CREATE TABLE drill (
  id TEXT NOT NULL, rev BIGINT NOT NULL, from_idx BIGINT NOT NULL, until_idx BIGINT NOT NULL,
  at BIGINT NOT NULL, file TEXT NOT NULL, good BOOLEAN NOT NULL, problem TEXT NOT NULL,
  entries BIGINT NOT NULL, rows_seen BIGINT NOT NULL, files BIGINT NOT NULL, took_ms BIGINT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE INDEX drill_at ON drill (at, id);
