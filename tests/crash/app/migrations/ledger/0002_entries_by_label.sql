-- kerf: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS entry_by_label ON entry (label);
