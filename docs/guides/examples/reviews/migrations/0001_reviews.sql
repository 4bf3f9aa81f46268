CREATE TABLE reviews (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku text NOT NULL,
  text text NOT NULL
);
CREATE INDEX ON reviews (sku, id);
