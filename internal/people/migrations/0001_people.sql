-- Who somebody is. Personal values stand here and in invitation alone, so that they can be erased.
CREATE TABLE account (
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  from_idx BIGINT NOT NULL,
  until_idx BIGINT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'left')),
  password_set BIGINT NOT NULL,
  totp_set BIGINT NOT NULL,
  passkeys BIGINT NOT NULL,
  recovery_set BIGINT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX account_email ON account (email) WHERE until_idx = 9223372036854775807;

-- What somebody is somewhere: in an organisation, or on the instance. An auditor is nothing else
-- there and always ends.
CREATE TABLE membership (
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  from_idx BIGINT NOT NULL,
  until_idx BIGINT NOT NULL,
  account TEXT NOT NULL,
  place TEXT NOT NULL,
  roles TEXT NOT NULL CHECK (roles NOT LIKE '%auditor%' OR (roles = '["auditor"]' AND ends > 0)),
  ends BIGINT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX membership_one ON membership (account, place) WHERE until_idx = 9223372036854775807;
CREATE INDEX membership_place ON membership (place) WHERE until_idx = 9223372036854775807;

CREATE TABLE invitation (
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  from_idx BIGINT NOT NULL,
  until_idx BIGINT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  place TEXT NOT NULL,
  roles TEXT NOT NULL,
  role_ends BIGINT NOT NULL,
  invited_by TEXT NOT NULL,
  account TEXT NOT NULL CHECK (account = '' OR account <> invited_by),
  ends BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'withdrawn')),
  PRIMARY KEY (id, rev)
);
CREATE INDEX invitation_place ON invitation (place, state) WHERE until_idx = 9223372036854775807;
CREATE INDEX invitation_email ON invitation (email);

CREATE TABLE api_token (
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  from_idx BIGINT NOT NULL,
  until_idx BIGINT NOT NULL,
  name TEXT NOT NULL,
  account TEXT NOT NULL,
  place TEXT NOT NULL,
  scopes TEXT NOT NULL,
  networks TEXT NOT NULL,
  ends BIGINT NOT NULL CHECK (ends > 0),
  state TEXT NOT NULL CHECK (state IN ('live', 'ended')),
  PRIMARY KEY (id, rev)
);
CREATE INDEX api_token_account ON api_token (account) WHERE until_idx = 9223372036854775807;
CREATE INDEX api_token_place ON api_token (place) WHERE until_idx = 9223372036854775807;

-- What an organisation demands of passwords, beyond what Holdfast demands of all.
CREATE TABLE password_rule (
  id TEXT NOT NULL,
  rev BIGINT NOT NULL,
  from_idx BIGINT NOT NULL,
  until_idx BIGINT NOT NULL,
  place TEXT NOT NULL,
  min BIGINT NOT NULL CHECK (min >= 8),
  upper_case BOOLEAN NOT NULL,
  lower_case BOOLEAN NOT NULL,
  digit BOOLEAN NOT NULL,
  score BIGINT NOT NULL,
  remember BIGINT NOT NULL,
  words TEXT NOT NULL,
  marks TEXT NOT NULL,
  PRIMARY KEY (id, rev)
);
CREATE UNIQUE INDEX password_rule_place ON password_rule (place) WHERE until_idx = 9223372036854775807;

-- Everything below is secret or fleeting and never an entry.

-- The key under which this room keeps secrets, sealed under the database's own.
CREATE TABLE people_key (name TEXT PRIMARY KEY, sealed BYTEA NOT NULL);

-- Hashes of present and past passwords; n is 0 for the present one.
CREATE TABLE people_password (account TEXT NOT NULL, n BIGINT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (account, n));

-- Seeds of one-time codes: confirmed, or waiting for the first code. step is the last one used.
CREATE TABLE people_totp (account TEXT PRIMARY KEY, seed BYTEA, pending BYTEA, step BIGINT NOT NULL);

CREATE TABLE people_passkey (credential TEXT PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, record BYTEA NOT NULL, added BIGINT NOT NULL, used BIGINT NOT NULL);
CREATE INDEX people_passkey_account ON people_passkey (account);

CREATE TABLE people_recovery (account TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (account, hash));

CREATE TABLE people_session (
  hash TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  account TEXT NOT NULL,
  place TEXT NOT NULL,
  level TEXT NOT NULL,
  made BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  ends BIGINT NOT NULL,
  stepped_up BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  addr TEXT NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX people_session_account ON people_session (account);
CREATE INDEX people_session_ends ON people_session (ends);

-- Browsers that somebody signed in with: a throttle that others caused does not hold them up.
CREATE TABLE people_device (hash TEXT PRIMARY KEY, account TEXT NOT NULL, made BIGINT NOT NULL, seen BIGINT NOT NULL);
CREATE INDEX people_device_account ON people_device (account, seen);

CREATE TABLE people_throttle (key TEXT PRIMARY KEY, failures BIGINT NOT NULL, last BIGINT NOT NULL, until BIGINT NOT NULL);
CREATE INDEX people_throttle_last ON people_throttle (last);

-- Passkey ceremonies that were answered: none counts twice.
CREATE TABLE people_ceremony (hash TEXT PRIMARY KEY, ends BIGINT NOT NULL);
CREATE INDEX people_ceremony_ends ON people_ceremony (ends);

-- One-time links that were handed over: set-up, invitations, resets.
CREATE TABLE people_link (hash TEXT PRIMARY KEY, purpose TEXT NOT NULL, subject TEXT NOT NULL, ends BIGINT NOT NULL);
CREATE INDEX people_link_subject ON people_link (subject);
CREATE INDEX people_link_ends ON people_link (ends);

CREATE TABLE people_token_secret (hash TEXT PRIMARY KEY, token TEXT NOT NULL, used BIGINT NOT NULL, addr TEXT NOT NULL);
CREATE INDEX people_token_secret_token ON people_token_secret (token);
