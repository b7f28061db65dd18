-- The certificate that a verifier signed its requests with before the one that is registered: good beside it
-- until it ends, so that a verifier takes up a new one when it can. One each: a third takes the place of
-- the oldest. A table of its own, because a column more would change what the rows of `verifier` prove.
CREATE TABLE former_certificate (
    verifier    TEXT PRIMARY KEY REFERENCES verifier (id),
    certificate BLOB NOT NULL,
    changed     INTEGER NOT NULL,
    mac         BLOB NOT NULL CHECK (length(mac) = 16)
) STRICT;
