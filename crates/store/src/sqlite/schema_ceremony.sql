-- Ceremonies: the script as it was read, how far it came, and the account so far. `revision`
-- counts the changes, `changed` is the first journal entry of the last one.

CREATE TABLE ceremony (
    id            TEXT PRIMARY KEY,
    script        TEXT NOT NULL,
    script_sha256 BLOB NOT NULL CHECK (length(script_sha256) = 32),
    state         TEXT NOT NULL,
    steps_done    INTEGER NOT NULL CHECK (steps_done >= 0),
    account       BLOB NOT NULL,
    revision      INTEGER NOT NULL CHECK (revision >= 1),
    changed       INTEGER NOT NULL CHECK (changed >= 0)
) STRICT;
