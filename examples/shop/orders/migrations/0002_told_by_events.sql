-- Customers are told by what follows the event that an order has ended.
DROP INDEX orders_open;
CREATE INDEX orders_open ON orders (created_at) WHERE status NOT IN ('confirmed', 'rejected');
ALTER TABLE orders DROP COLUMN notified;
