-- No key is unique on purpose: what happens twice shows.
CREATE TABLE entry (n bigserial, label text NOT NULL);
INSERT INTO entry (label) VALUES ('opening');
