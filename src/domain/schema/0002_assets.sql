-- Workspaces, datastores and computes: names are Azure's, so their case does not count.
CREATE TABLE resources (
  kind TEXT NOT NULL,
  workspace TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL COLLATE NOCASE,
  envelope TEXT NOT NULL,
  properties TEXT NOT NULL,
  created INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified INTEGER NOT NULL,
  PRIMARY KEY (kind, workspace, name)
) WITHOUT ROWID;

-- next_version is the largest integer version, plus 1. is_anonymous: all versions are.
CREATE TABLE asset_containers (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  is_anonymous INTEGER NOT NULL,
  is_archived INTEGER NOT NULL DEFAULT 0,
  next_version INTEGER NOT NULL DEFAULT 1,
  properties TEXT NOT NULL DEFAULT '{}',
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (kind, name)
);
CREATE INDEX asset_containers_listed
  ON asset_containers (kind, workspace, is_anonymous, sequence DESC);

CREATE TABLE asset_versions (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  is_anonymous INTEGER NOT NULL,
  is_archived INTEGER NOT NULL,
  hash TEXT NOT NULL,
  properties TEXT NOT NULL,
  created INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (kind, name, version)
);
CREATE INDEX asset_versions_by_name ON asset_versions (kind, name, sequence DESC);
CREATE INDEX asset_versions_by_hash ON asset_versions (kind, hash, sequence DESC)
  WHERE hash <> '';
CREATE INDEX asset_versions_by_kind ON asset_versions (kind, sequence DESC);
