-- Version 1 of the database. Times are microseconds since 1970-01-01 UTC, serial numbers are
-- 16 octets with the most significant first, hashes are SHA-256, enumerations stand by name.
-- What grows is keyed by CA first (the shard key), or carries the municipality beside its id.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ca (
    id            TEXT PRIMARY KEY,
    policy_digest BLOB NOT NULL CHECK (length(policy_digest) = 32),
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE authority (
    ca                  TEXT NOT NULL REFERENCES ca (id),
    generation          INTEGER NOT NULL CHECK (generation >= 1),
    key_label           TEXT NOT NULL,
    key_algorithm       TEXT NOT NULL,
    signature_algorithm TEXT NOT NULL,
    name                BLOB NOT NULL,
    spki                BLOB NOT NULL,
    self_signed         BLOB NOT NULL CHECK (length(self_signed) = 16),
    created_at          INTEGER NOT NULL,
    PRIMARY KEY (ca, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate (
    ca            TEXT NOT NULL REFERENCES ca (id),
    serial        BLOB NOT NULL CHECK (length(serial) = 16 AND serial <> zeroblob(16)),
    generation    INTEGER NOT NULL CHECK (generation >= 1),
    kind          TEXT NOT NULL,
    partition     TEXT NOT NULL,
    state         TEXT NOT NULL,
    state_at      INTEGER,
    reason        TEXT,
    not_before    INTEGER NOT NULL,
    not_after     INTEGER NOT NULL,
    issued        INTEGER NOT NULL CHECK (issued >= 0),
    changed       INTEGER NOT NULL CHECK (changed >= issued),
    intended_at   INTEGER NOT NULL,
    subject       BLOB NOT NULL,
    spki_sha256   BLOB NOT NULL CHECK (length(spki_sha256) = 32),
    policy_digest BLOB NOT NULL CHECK (length(policy_digest) = 32),
    holder        TEXT,
    application   TEXT,
    tbs           BLOB NOT NULL,
    der           BLOB,
    PRIMARY KEY (ca, serial),
    UNIQUE (ca, issued),
    CHECK (not_after >= not_before),
    CHECK ((state IN ('intended', 'good') AND state_at IS NULL AND reason IS NULL)
        OR (state IN ('undelivered', 'held') AND state_at IS NOT NULL AND reason IS NULL)
        OR (state = 'revoked' AND state_at IS NOT NULL AND reason IS NOT NULL)),
    -- An intent that was revoked unfinished has no certificate either; one in force always has.
    CHECK (CASE WHEN der IS NULL THEN state IN ('intended', 'revoked') ELSE state <> 'intended' END)
) STRICT;

-- Holds all that a revocation list needs, so that building one reads nothing else.
CREATE INDEX certificate_listed ON certificate
    (ca, generation, partition, serial, state, state_at, reason, not_after, kind)
    WHERE state IN ('undelivered', 'held', 'revoked');
CREATE INDEX certificate_intended ON certificate (ca, issued) WHERE state = 'intended';
CREATE INDEX certificate_holder ON certificate (ca, holder, issued) WHERE holder IS NOT NULL;
CREATE INDEX certificate_partition ON certificate (ca, generation, partition);
CREATE INDEX certificate_other_key ON certificate (spki_sha256) WHERE kind <> 'user';
-- A holder waits for at most one certificate of a CA (A 4.3.1.1, S 4-2-3).
CREATE UNIQUE INDEX certificate_pending ON certificate (ca, holder)
    WHERE kind = 'user' AND state IN ('intended', 'undelivered');
CREATE INDEX certificate_application ON certificate (application) WHERE application IS NOT NULL;
-- A subject names one user certificate for ever (A 3.1.5, S 3-1-4); servers keep their names.
CREATE UNIQUE INDEX certificate_user_subject ON certificate (ca, subject) WHERE kind = 'user';
CREATE INDEX certificate_other_subject ON certificate (ca, subject) WHERE kind <> 'user';

-- Every public key that was ever certified or intended to be, over all CAs.
CREATE TABLE certified_key (
    spki_sha256 BLOB PRIMARY KEY CHECK (length(spki_sha256) = 32),
    role        TEXT NOT NULL CHECK (role IN ('authority', 'end-entity'))
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
    ca         TEXT NOT NULL REFERENCES ca (id),
    generation INTEGER NOT NULL,
    partition  TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('built', 'published', 'withheld')),
    built      INTEGER NOT NULL CHECK (built >= 1),
    published  INTEGER CHECK (published BETWEEN 1 AND built),
    PRIMARY KEY (ca, generation, partition),
    CHECK (state <> 'published' OR published IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE crl (
    ca           TEXT NOT NULL,
    generation   INTEGER NOT NULL,
    partition    TEXT NOT NULL,
    number       INTEGER NOT NULL CHECK (number >= 1),
    this_update  INTEGER NOT NULL,
    next_update  INTEGER NOT NULL,
    next_publish INTEGER NOT NULL,
    entries      INTEGER NOT NULL CHECK (entries >= 0),
    sha256       BLOB NOT NULL CHECK (length(sha256) = 32),
    as_of        INTEGER NOT NULL CHECK (as_of >= 0),
    -- Whether the gate ever let it pass: what it withheld is evidence, and never given out.
    published    INTEGER NOT NULL DEFAULT 0 CHECK (published IN (0, 1)),
    PRIMARY KEY (ca, generation, partition, number),
    FOREIGN KEY (ca, generation, partition) REFERENCES series (ca, generation, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE crl_chunk (
    ca         TEXT NOT NULL,
    generation INTEGER NOT NULL,
    partition  TEXT NOT NULL,
    number     INTEGER NOT NULL,
    chunk      INTEGER NOT NULL CHECK (chunk >= 0),
    content    BLOB NOT NULL CHECK (length(content) BETWEEN 1 AND 65536),
    PRIMARY KEY (ca, generation, partition, number, chunk),
    FOREIGN KEY (ca, generation, partition, number)
        REFERENCES crl (ca, generation, partition, number)
) STRICT;

CREATE TABLE application (
    id           TEXT PRIMARY KEY,
    municipality TEXT NOT NULL CHECK (length(municipality) = 5),
    ca           TEXT NOT NULL REFERENCES ca (id),
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    resident     TEXT NOT NULL CHECK (length(resident) = 11),
    record       BLOB NOT NULL,
    received     INTEGER NOT NULL
) STRICT;
CREATE INDEX application_municipality ON application (municipality, received);

CREATE TABLE operation (
    id       TEXT PRIMARY KEY,
    answer   BLOB NOT NULL,
    recorded INTEGER NOT NULL
) STRICT;

CREATE TABLE card (
    id           TEXT PRIMARY KEY,
    municipality TEXT NOT NULL CHECK (length(municipality) = 5),
    holder       TEXT NOT NULL CHECK (length(holder) = 11),
    sealed       BLOB NOT NULL
) STRICT;
CREATE INDEX card_holder ON card (holder, id);

CREATE TABLE register_cursor (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    position INTEGER NOT NULL CHECK (position >= 0)
) STRICT;
INSERT INTO register_cursor (only, position) VALUES (1, 0);

CREATE TABLE verifier (
    id                  TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    bind_dn             TEXT NOT NULL,
    password_hash       TEXT NOT NULL,
    request_certificate BLOB NOT NULL,
    may_query_ocsp      INTEGER NOT NULL CHECK (may_query_ocsp IN (0, 1)),
    may_read_crl        INTEGER NOT NULL CHECK (may_read_crl IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX verifier_bind_dn ON verifier (bind_dn);

CREATE TABLE operator (
    id           TEXT PRIMARY KEY,
    municipality TEXT CHECK (length(municipality) = 5),
    role         TEXT NOT NULL
) STRICT;

CREATE TABLE credential (
    kind     TEXT NOT NULL CHECK (kind IN ('token', 'certificate')),
    sha256   BLOB NOT NULL CHECK (length(sha256) = 32),
    operator TEXT NOT NULL REFERENCES operator (id),
    place    INTEGER NOT NULL,
    PRIMARY KEY (kind, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_operator ON credential (operator, place);

-- The journal. `leaf` is SHA-256(0x00 || body), the leaf hash of RFC 6962 2.1.
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY CHECK (sequence >= 0),
    kind     TEXT NOT NULL,
    body     BLOB NOT NULL,
    leaf     BLOB NOT NULL CHECK (length(leaf) = 32)
) STRICT;

-- One key per resident, wrapped under the master key; destroying it erases what it encrypts.
CREATE TABLE resident_key (
    resident TEXT PRIMARY KEY CHECK (length(resident) = 11),
    id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    wrapped  BLOB NOT NULL
) STRICT;

-- Names its key, never the resident, so that nothing of a person is left without the key.
CREATE TABLE journal_personal (
    sequence   INTEGER PRIMARY KEY REFERENCES journal (sequence),
    key        BLOB NOT NULL CHECK (length(key) = 16),
    ciphertext BLOB NOT NULL
) STRICT;

-- Interior nodes of the tree over the sealed entries: complete subtrees of 2^level leaves.
CREATE TABLE merkle_node (
    level INTEGER NOT NULL CHECK (level >= 1),
    place INTEGER NOT NULL CHECK (place >= 0),
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
    size      INTEGER PRIMARY KEY CHECK (size >= 1),
    note      TEXT NOT NULL,
    sealed_at INTEGER NOT NULL
) STRICT;
