-- The registry of people takes the place of the operators. No release wrote operators, so whoever
-- had a token under the old schema is registered anew.
DROP TABLE credential;
DROP TABLE operator;

-- Never deleted: the journal names people by their ids.
CREATE TABLE person (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('proposed', 'active', 'suspended', 'removed')),
    municipality TEXT CHECK (length(municipality) = 5),
    since        INTEGER NOT NULL
) STRICT;

-- What waits for its confirmation, at most one thing for each person.
CREATE TABLE proposal (
    person       TEXT PRIMARY KEY REFERENCES person (id),
    kind         TEXT NOT NULL CHECK (kind IN
        ('registration', 'roles', 'enrolment', 'reinstatement', 'removal')),
    municipality TEXT CHECK (length(municipality) = 5),
    proposed_by  TEXT NOT NULL REFERENCES person (id),
    proposed_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE person_role (
    person   TEXT NOT NULL REFERENCES person (id),
    -- Whether the role is held, or part of what is proposed.
    proposed INTEGER NOT NULL CHECK (proposed IN (0, 1)),
    place    INTEGER NOT NULL,
    role     TEXT NOT NULL,
    PRIMARY KEY (person, proposed, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE credential (
    sha256          BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    person          TEXT NOT NULL REFERENCES person (id),
    kind            TEXT NOT NULL CHECK (kind IN
        ('client-certificate', 'passkey', 'console-token', 'program-token', 'enrolment')),
    console         TEXT CHECK ((kind = 'console-token') = (console IS NOT NULL)),
    passkey_id      BLOB CHECK ((kind = 'passkey') = (passkey_id IS NOT NULL)),
    passkey_spki    BLOB CHECK ((kind = 'passkey') = (passkey_spki IS NOT NULL)),
    passkey_counter INTEGER CHECK ((kind = 'passkey') = (passkey_counter IS NOT NULL)),
    made            INTEGER NOT NULL,
    expires         INTEGER
) STRICT;
CREATE INDEX credential_person ON credential (person, made);

CREATE TABLE password (
    person       TEXT PRIMARY KEY REFERENCES person (id),
    hash         TEXT NOT NULL,
    set_at       INTEGER NOT NULL,
    failures     INTEGER NOT NULL CHECK (failures >= 0),
    failed_since INTEGER,
    locked_until INTEGER
) STRICT;
