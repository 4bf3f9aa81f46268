CREATE TABLE promise (label text PRIMARY KEY);
