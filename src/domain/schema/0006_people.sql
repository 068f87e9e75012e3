-- Who made a job is asked for by lists and by the limits of each user.
CREATE INDEX jobs_by_creator ON jobs (workspace, created_by, sequence DESC);

-- Of a token only its SHA-256 is kept. `name` is the user's.
CREATE TABLE user_tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  created INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires INTEGER,
  last_used INTEGER
) WITHOUT ROWID;

-- sealed: see domain/secret/vault.h; the key is not in the database.
CREATE TABLE secrets (
  workspace TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified INTEGER NOT NULL,
  modified_by TEXT NOT NULL,
  PRIMARY KEY (workspace, name)
) WITHOUT ROWID;
