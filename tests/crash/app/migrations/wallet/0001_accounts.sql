CREATE TABLE account (
  name text PRIMARY KEY,
  balance integer NOT NULL,
  paid integer NOT NULL DEFAULT 0
);

INSERT INTO account (name, balance) VALUES
  ('ada', 100), ('ben', 100), ('eve', 100), ('poison', 100), ('escrow', 0), ('shop', 0), ('broke', 0);

-- No key is unique on purpose: what happens twice shows.
CREATE TABLE effect (n bigserial, label text NOT NULL);
CREATE TABLE undone_savepoint (label text NOT NULL);
