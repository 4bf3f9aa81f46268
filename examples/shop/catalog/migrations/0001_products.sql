CREATE TABLE products (
  sku text PRIMARY KEY,
  name text NOT NULL,
  description text NOT NULL,
  price_amount integer NOT NULL CHECK (price_amount >= 0),
  price_currency char(3) NOT NULL,
  featured boolean NOT NULL DEFAULT false
);
