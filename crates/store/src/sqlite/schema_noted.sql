-- What the system noted once and what forbids something ever after, such as a key that was destroyed or a
-- certificate on which a token rests. It stood among the operations, of which nobody misses one in a
-- moment; in a table of its own, which stays small, all of it is proven before anything is committed.
CREATE TABLE noted (
    id       TEXT PRIMARY KEY,
    answer   BLOB NOT NULL,
    recorded INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    mac      BLOB NOT NULL CHECK (length(mac) = 16)
) STRICT;
