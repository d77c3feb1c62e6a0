-- Answers to requests that carried an Idempotency-Key, kept for a day and sealed, since they may hold secrets.
CREATE TABLE idempotency (
  owner TEXT NOT NULL, key TEXT NOT NULL, request BYTEA NOT NULL, at BIGINT NOT NULL, answer BYTEA,
  PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_at ON idempotency (at);
