CREATE TABLE takings (
  sku text PRIMARY KEY,
  taken integer NOT NULL
);
