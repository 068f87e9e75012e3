-- Values are 64-bit integers in the order of the doubles they stand for (NaN last): SQLite would keep NaN as NULL.
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  run TEXT NOT NULL,
  metric TEXT NOT NULL,
  model TEXT NOT NULL,
  dataset TEXT NOT NULL,
  latest_step INTEGER NOT NULL,
  latest_time INTEGER NOT NULL,
  latest_value INTEGER NOT NULL,
  UNIQUE (run, metric, model, dataset)
);

CREATE TABLE points (
  series INTEGER NOT NULL,
  time INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (series, time, step, value)
) WITHOUT ROWID;
