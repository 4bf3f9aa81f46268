CREATE TABLE seen (
  at bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  producer text NOT NULL,
  key text NOT NULL,
  what text NOT NULL
);
