CREATE TABLE documents (
  sku text PRIMARY KEY,
  name text NOT NULL,
  description text NOT NULL,
  words tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', description), 'B')
  ) STORED
);
CREATE INDEX documents_words ON documents USING gin (words);
