CREATE TABLE jobs (
  name TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  experiment TEXT NOT NULL,
  display_name TEXT NOT NULL,
  type TEXT NOT NULL,
  parent TEXT NOT NULL DEFAULT '',
  compute TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  priority INTEGER NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  event_seq INTEGER NOT NULL DEFAULT 0,
  is_archived INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  modified INTEGER NOT NULL,
  started INTEGER,
  ended INTEGER,
  cause TEXT NOT NULL DEFAULT '',
  exit_code INTEGER,
  error TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '{}',
  properties TEXT NOT NULL,
  sequence INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX jobs_by_sequence ON jobs (sequence);
CREATE INDEX jobs_active ON jobs (state, priority DESC, sequence)
  WHERE state NOT IN ('Completed', 'Failed', 'Canceled');
CREATE INDEX jobs_by_parent ON jobs (parent, sequence) WHERE parent <> '';
CREATE INDEX jobs_listed ON jobs (workspace, is_archived, sequence DESC);
CREATE INDEX jobs_by_experiment ON jobs (workspace, experiment, sequence DESC);
CREATE INDEX jobs_by_state ON jobs (workspace, state, sequence DESC);

CREATE TABLE job_transitions (
  job TEXT NOT NULL,
  number INTEGER NOT NULL,
  time INTEGER NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  event TEXT NOT NULL,
  cause TEXT NOT NULL,
  PRIMARY KEY (job, number)
) WITHOUT ROWID;
