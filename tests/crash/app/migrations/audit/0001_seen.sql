-- No key is unique on purpose: what happens twice shows.
CREATE TABLE seen (n bigserial, account text NOT NULL, paid integer NOT NULL, event bigint NOT NULL);
