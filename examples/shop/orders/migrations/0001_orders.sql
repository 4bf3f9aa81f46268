CREATE TYPE order_status AS ENUM ('pending', 'reserved', 'authorised', 'confirmed', 'rejected');

CREATE TABLE orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id text NOT NULL,
  status order_status NOT NULL DEFAULT 'pending',
  reason text,
  total_amount integer NOT NULL CHECK (total_amount >= 0),
  currency char(3) NOT NULL,
  payment_method text NOT NULL,
  notified boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_user ON orders (user_id, created_at DESC);
-- What the worker looks for: small, however many orders are done.
CREATE INDEX orders_open ON orders (created_at) WHERE status NOT IN ('confirmed', 'rejected') OR NOT notified;

CREATE TABLE order_lines (
  order_id uuid NOT NULL REFERENCES orders (id),
  sku text NOT NULL,
  name text NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  price_amount integer NOT NULL,
  PRIMARY KEY (order_id, sku)
);

CREATE TABLE order_states (
  order_id uuid NOT NULL REFERENCES orders (id),
  sequence integer NOT NULL,
  status order_status NOT NULL,
  reason text,
  entered_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (order_id, sequence)
);
