-- kerf: no-transaction
CREATE INDEX CONCURRENTLY notes_by_label ON notes (label);
