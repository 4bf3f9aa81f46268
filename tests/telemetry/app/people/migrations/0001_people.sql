CREATE TABLE people (id text PRIMARY KEY, secret text NOT NULL UNIQUE);
