CREATE TABLE stock (
  sku text PRIMARY KEY,
  on_hand integer NOT NULL CHECK (on_hand >= 0),
  reserved integer NOT NULL DEFAULT 0 CHECK (reserved >= 0 AND reserved <= on_hand)
);

CREATE TYPE reservation_state AS ENUM ('held', 'released', 'shipped');

CREATE TABLE reservations (
  order_id text PRIMARY KEY,
  state reservation_state NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reservation_lines (
  order_id text NOT NULL REFERENCES reservations (order_id),
  sku text NOT NULL REFERENCES stock (sku),
  quantity integer NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (order_id, sku)
);
