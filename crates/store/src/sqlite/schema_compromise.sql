-- Keys of CAs that count as compromised, and the notices of the web repository.

CREATE TABLE compromise (
    ca          TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    state       TEXT NOT NULL,
    declared_at INTEGER NOT NULL,
    -- Everything issued before this place of the journal is revoked.
    place       INTEGER NOT NULL CHECK (place >= 0),
    revoked     INTEGER NOT NULL CHECK (revoked >= 0),
    PRIMARY KEY (ca, generation),
    FOREIGN KEY (ca, generation) REFERENCES authority (ca, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
    ca   TEXT NOT NULL REFERENCES ca (id),
    at   INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (ca, at, text)
) STRICT, WITHOUT ROWID;
