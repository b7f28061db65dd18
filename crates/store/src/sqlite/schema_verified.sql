-- How far everything was proven whole, the last time: all entries before `entries`, and what the rows
-- of each table added up to then (ADR 0028). A start goes on from here; in a new database nothing was.
CREATE TABLE state_verified (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    entries INTEGER NOT NULL CHECK (entries >= 0),
    digests BLOB NOT NULL,
    mac     BLOB NOT NULL CHECK (length(mac) = 16)
) STRICT;
