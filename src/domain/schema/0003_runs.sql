CREATE TABLE experiments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  is_deleted INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL
);
INSERT INTO experiments (id, name, artifact_location, created, modified)
  VALUES (0, 'Default', 'mlflow-artifacts:/0', 0, 0);

CREATE TABLE experiment_tags (
  experiment INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment, key)
) WITHOUT ROWID;

-- Times of runs are the client's milliseconds. A job's own run has the job's name as its id and is_job = 1. A run that
-- a job's script started has the job in made_by: that job may write to it.
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
CREATE INDEX runs_listed ON runs (experiment, is_deleted, start_time DESC, id);

CREATE TABLE run_params (
  run TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;

CREATE TABLE run_tags (
  run TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;

-- The latest point of each metric by (step, timestamp, value); a NULL value is NaN. Histories are in the series store.
CREATE TABLE run_metrics (
  run TEXT NOT NULL,
  key TEXT NOT NULL,
  value REAL,
  timestamp INTEGER NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;

CREATE TABLE datasets (
  id INTEGER PRIMARY KEY,
  experiment INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT NOT NULL,
  profile TEXT NOT NULL,
  UNIQUE (experiment, name, digest)
);

-- Datasets a run read; tags is a JSON array of {"key", "value"}, context its mlflow.data.context.
CREATE TABLE run_datasets (
  run TEXT NOT NULL,
  dataset INTEGER NOT NULL,
  number INTEGER NOT NULL,
  context TEXT,
  tags TEXT NOT NULL,
  PRIMARY KEY (run, dataset)
) WITHOUT ROWID;

-- Logged models a run read ('input') or made ('output').
CREATE TABLE run_models (
  run TEXT NOT NULL,
  direction TEXT NOT NULL,
  model TEXT NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run, direction, model)
) WITHOUT ROWID;

CREATE TABLE logged_models (
  id TEXT PRIMARY KEY,
  experiment INTEGER NOT NULL,
  name TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  status TEXT NOT NULL,
  model_type TEXT NOT NULL,
  source_run TEXT NOT NULL,
  is_deleted INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX logged_models_listed ON logged_models (experiment, is_deleted, created DESC);

CREATE TABLE logged_model_params (
  model TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) WITHOUT ROWID;

CREATE TABLE logged_model_tags (
  model TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) WITHOUT ROWID;

CREATE TABLE logged_model_metrics (
  model TEXT NOT NULL,
  key TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  step INTEGER NOT NULL,
  run TEXT NOT NULL,
  value REAL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model, key, timestamp, step, run, dataset_name, dataset_digest)
) WITHOUT ROWID;

-- Ids of logging calls that a runner kept while the server was away and that were taken in once.
CREATE TABLE replayed (
  id TEXT PRIMARY KEY,
  time INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX replayed_by_time ON replayed (time);
