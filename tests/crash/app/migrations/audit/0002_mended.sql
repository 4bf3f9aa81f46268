-- Accounts whose events can be applied by now.
CREATE TABLE mended (account text PRIMARY KEY);
