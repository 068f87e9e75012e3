-- Experiments belong to a workspace, and with them their runs and logged models. Those from before go to the workspace
-- of their first job; where other workspaces have jobs in them, these get an experiment of the same name with those
-- runs. `is_default`: the one that MLflow means by "0". Case does not count in a workspace's name.
ALTER TABLE experiments RENAME TO experiments_before;
CREATE TABLE experiments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 0,
  artifact_location TEXT NOT NULL,
  is_deleted INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  UNIQUE (workspace, name)
);
INSERT INTO experiments (id, workspace, name, is_default, artifact_location, is_deleted, created, modified)
  SELECT e.id,
    CASE WHEN e.id = 0 THEN 'default' ELSE coalesce(
      (SELECT j.workspace FROM runs AS r JOIN jobs AS j ON j.name = r.id WHERE r.experiment = e.id
        ORDER BY j.sequence LIMIT 1), 'default') END,
    e.name, e.id = 0, e.artifact_location, e.is_deleted, e.created, e.modified
  FROM experiments_before AS e ORDER BY e.id;
INSERT INTO experiments (workspace, name, artifact_location, is_deleted, created, modified)
  SELECT j.workspace, e.name, '', e.is_deleted, e.created, e.modified
  FROM runs AS r JOIN jobs AS j ON j.name = r.id JOIN experiments AS e ON e.id = r.experiment
  WHERE j.workspace <> e.workspace COLLATE NOCASE
  GROUP BY j.workspace COLLATE NOCASE, e.id ORDER BY min(j.sequence);
UPDATE experiments SET artifact_location = 'mlflow-artifacts:/' || id WHERE artifact_location = '';
INSERT INTO experiments (workspace, name, artifact_location, created, modified)
  SELECT w.name, 'Default', '', w.created, w.created FROM resources AS w
  WHERE w.kind = 'workspace' AND NOT EXISTS
    (SELECT 1 FROM experiments AS e WHERE e.workspace = w.name AND e.name = 'Default');
UPDATE experiments SET artifact_location = 'mlflow-artifacts:/' || id WHERE artifact_location = '';
UPDATE experiments SET is_default = 1
  WHERE name = 'Default' AND workspace <> 'default';
CREATE UNIQUE INDEX experiments_default ON experiments (workspace) WHERE is_default = 1;

-- Built again, because its foreign key went with the old table.
ALTER TABLE runs RENAME TO runs_before;
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  experiment INTEGER NOT NULL REFERENCES experiments (id),
  name TEXT NOT NULL,
  user TEXT NOT NULL,
  status TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  artifact_uri TEXT NOT NULL,
  is_deleted INTEGER NOT NULL DEFAULT 0,
  is_job INTEGER NOT NULL DEFAULT 0,
  made_by TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
INSERT INTO runs (id, experiment, name, user, status, start_time, end_time, artifact_uri, is_deleted, is_job, made_by)
  SELECT r.id,
    coalesce((SELECT mine.id FROM jobs AS j JOIN experiments AS mine ON mine.workspace = j.workspace
      WHERE j.name = r.id AND mine.name = e.name), e.id),
    r.name, r.user, r.status, r.start_time, r.end_time, r.artifact_uri, r.is_deleted, r.is_job, r.made_by
  FROM runs_before AS r JOIN experiments AS e ON e.id = r.experiment;
DROP TABLE runs_before;
DROP TABLE experiments_before;
CREATE INDEX runs_listed ON runs (experiment, is_deleted, start_time DESC, id);

UPDATE logged_models SET experiment = coalesce((SELECT r.experiment FROM runs AS r WHERE r.id = source_run), experiment);
INSERT OR IGNORE INTO datasets (experiment, name, digest, source_type, source, schema, profile)
  SELECT r.experiment, d.name, d.digest, d.source_type, d.source, d.schema, d.profile
  FROM run_datasets AS i JOIN runs AS r ON r.id = i.run JOIN datasets AS d ON d.id = i.dataset
  WHERE r.experiment <> d.experiment;
UPDATE run_datasets SET dataset =
  (SELECT mine.id FROM runs AS r, datasets AS old, datasets AS mine
    WHERE r.id = run_datasets.run AND old.id = run_datasets.dataset AND mine.experiment = r.experiment
      AND mine.name = old.name AND mine.digest = old.digest);

-- The order in which models were made, whatever the clock said.
ALTER TABLE logged_models ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
UPDATE logged_models SET sequence = made.place
  FROM (SELECT id, row_number() OVER (ORDER BY created, id DESC) AS place FROM logged_models) AS made
  WHERE made.id = logged_models.id;
CREATE UNIQUE INDEX logged_models_by_sequence ON logged_models (sequence);
DROP INDEX logged_models_listed;
CREATE INDEX logged_models_listed ON logged_models (experiment, is_deleted, sequence DESC);
