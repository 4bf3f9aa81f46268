-- Of payments that were made elsewhere.
CREATE TABLE receipt (label text PRIMARY KEY);
