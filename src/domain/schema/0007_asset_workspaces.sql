-- Assets belong to a workspace; those from before, all versions of a name, to the one where the
-- name was first used. Case does not count in a workspace's name.
ALTER TABLE asset_containers RENAME TO asset_containers_before;
CREATE TABLE asset_containers (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  workspace TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  is_anonymous INTEGER NOT NULL,
  is_archived INTEGER NOT NULL DEFAULT 0,
  next_version INTEGER NOT NULL DEFAULT 1,
  properties TEXT NOT NULL DEFAULT '{}',
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (workspace, kind, name)
);
INSERT INTO asset_containers (sequence, kind, workspace, name, is_anonymous, is_archived, next_version, properties,
    created, modified)
  SELECT sequence, kind, workspace, name, is_anonymous, is_archived, next_version, properties, created, modified
  FROM asset_containers_before;
DROP TABLE asset_containers_before;
CREATE INDEX asset_containers_listed
  ON asset_containers (kind, workspace, is_anonymous, sequence DESC);

ALTER TABLE asset_versions RENAME TO asset_versions_before;
CREATE TABLE asset_versions (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  workspace TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  is_anonymous INTEGER NOT NULL,
  is_archived INTEGER NOT NULL,
  hash TEXT NOT NULL,
  properties TEXT NOT NULL,
  created INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (workspace, kind, name, version)
);
INSERT INTO asset_versions (sequence, kind, workspace, name, version, is_anonymous, is_archived, hash, properties,
    created, created_by, modified)
  SELECT v.sequence, v.kind, c.workspace, v.name, v.version, v.is_anonymous, v.is_archived, v.hash, v.properties,
    v.created, v.created_by, v.modified
  FROM asset_versions_before AS v JOIN asset_containers AS c ON c.kind = v.kind AND c.name = v.name;
DROP TABLE asset_versions_before;
CREATE INDEX asset_versions_by_name ON asset_versions (workspace, kind, name, sequence DESC);
CREATE INDEX asset_versions_by_hash ON asset_versions (workspace, kind, hash, sequence DESC)
  WHERE hash <> '';
CREATE INDEX asset_versions_by_kind ON asset_versions (workspace, kind, sequence DESC);
