-- Recurring work: when it is due, and which process is at it.
CREATE TABLE job (
  name TEXT PRIMARY KEY, due BIGINT NOT NULL, holder TEXT NOT NULL, lease_until BIGINT NOT NULL,
  done_at BIGINT NOT NULL, problem TEXT NOT NULL
);
