INSERT INTO entry (label) VALUES ('carried over');
