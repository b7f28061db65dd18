-- Requests that holders sign and send online, with what they sent as evidence.

CREATE TABLE holder_request (
    id       TEXT PRIMARY KEY,
    holder   TEXT NOT NULL CHECK (length(holder) = 11),
    -- What makes a text that was given out to be signed valid once.
    nonce    BLOB NOT NULL UNIQUE CHECK (length(nonce) = 32),
    signed   BLOB NOT NULL,
    record   BLOB NOT NULL,
    -- Absent until it is carried out.
    receipt  BLOB,
    received INTEGER NOT NULL CHECK (received >= 0)
) STRICT;
CREATE INDEX holder_request_open ON holder_request (received) WHERE receipt IS NULL;
CREATE INDEX holder_request_holder ON holder_request (holder, received);
