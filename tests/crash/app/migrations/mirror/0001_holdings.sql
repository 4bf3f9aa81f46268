CREATE TABLE holding (name text PRIMARY KEY, paid integer NOT NULL);
-- How often it was begun to fill them: the first time fails.
CREATE TABLE attempt (n serial);
