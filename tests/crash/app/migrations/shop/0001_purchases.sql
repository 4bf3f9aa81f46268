-- No key is unique on purpose: what happens twice shows.
CREATE TABLE purchase (n bigserial, label text NOT NULL);
CREATE TABLE note (n bigserial, label text NOT NULL, what text NOT NULL);
