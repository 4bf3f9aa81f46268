-- No key is unique on purpose: what happens twice shows.
CREATE TABLE tick (n bigserial, schedule text NOT NULL, at timestamptz NOT NULL);
