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

-- One commit in twelve takes half a second, so that others overtake it between the drawing of its event's id and its being seen.
CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF random() < 0.08 THEN PERFORM pg_sleep(0.5); END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER bumps_commit_slowly AFTER INSERT ON bumps
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commit_slowly();
