CREATE TABLE counters (
  name text PRIMARY KEY,
  n integer NOT NULL
);
-- No mark is unique here: what was done twice must be seen, not refused.
CREATE TABLE bumps (
  name text NOT NULL,
  n integer NOT NULL,
  mark text NOT NULL,
  PRIMARY KEY (name, n)
);
