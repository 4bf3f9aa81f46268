-- kerf: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS notes_by_label ON notes (label);
