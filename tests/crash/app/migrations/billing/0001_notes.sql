-- No key is unique on purpose: what happens twice shows.
CREATE TABLE bill (n bigserial, label text NOT NULL);
CREATE TABLE note (n bigserial, label text NOT NULL, what text NOT NULL);
-- What has been mended by hand.
CREATE TABLE mended (label text PRIMARY KEY);
