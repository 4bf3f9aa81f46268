CREATE TYPE payment_state AS ENUM ('authorised', 'captured', 'declined', 'voided');

CREATE TABLE payments (
  order_id text PRIMARY KEY,
  state payment_state NOT NULL,
  amount integer NOT NULL CHECK (amount > 0),
  currency char(3) NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TYPE ledger_account AS ENUM ('customers', 'holds', 'sales');

CREATE TABLE ledger_entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id text NOT NULL REFERENCES payments (order_id),
  movement payment_state NOT NULL,
  account ledger_account NOT NULL,
  amount integer NOT NULL CHECK (amount <> 0),
  currency char(3) NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (order_id, movement, account)
);

-- Money neither appears nor vanishes: at commit the entries of a movement sum to zero.
CREATE FUNCTION movement_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(amount) FROM ledger_entries WHERE order_id = NEW.order_id AND movement = NEW.movement) <> 0 THEN
    RAISE EXCEPTION 'the entries of % for order % do not balance', NEW.movement, NEW.order_id;
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON ledger_entries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION movement_balances();
