-- State that proves itself (ADR 0028): every row of the tables below says which journal entry changed
-- it last and bears an authenticator under a key that is not in the database; `state_digest` holds
-- what the rows of each table add up to. `changed` and `mac` are the last columns everywhere.

-- The octets of certificates stand apart, in the order of issue, so that a change of state and a
-- question for it touch a few hundred octets and not thousands. First the TBS of the intent, then
-- the certificate that was made of it.
CREATE TABLE certificate_octets (
    issued INTEGER PRIMARY KEY CHECK (issued >= 0),
    octets BLOB NOT NULL
) STRICT;
INSERT INTO certificate_octets (issued, octets) SELECT issued, coalesce(der, tbs) FROM certificate;

CREATE TABLE certificate_proven (
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
    intended_at   INTEGER NOT NULL,
    subject       BLOB NOT NULL,
    spki_sha256   BLOB NOT NULL CHECK (length(spki_sha256) = 32),
    policy_digest BLOB NOT NULL CHECK (length(policy_digest) = 32),
    holder        TEXT,
    application   TEXT,
    -- Of the TBS, and of the certificate once it is signed: what the octets must be.
    tbs_sha256    BLOB NOT NULL CHECK (length(tbs_sha256) = 32),
    der_sha256    BLOB CHECK (length(der_sha256) = 32),
    changed       INTEGER NOT NULL CHECK (changed >= issued),
    mac           BLOB NOT NULL CHECK (length(mac) = 16),
    PRIMARY KEY (ca, serial),
    CHECK (not_after >= not_before),
    CHECK ((state IN ('intended', 'good') AND state_at IS NULL AND reason IS NULL)
        OR (state IN ('undelivered', 'held') AND state_at IS NOT NULL AND reason IS NULL)
        OR (state = 'revoked' AND state_at IS NOT NULL AND reason IS NOT NULL)),
    -- An intent that was revoked unfinished has no certificate either; one in force always has.
    CHECK (CASE WHEN der_sha256 IS NULL THEN state IN ('intended', 'revoked')
        ELSE state <> 'intended' END)
) STRICT;
INSERT INTO certificate_proven
    SELECT ca, serial, generation, kind, partition, state, state_at, reason, not_before, not_after,
        issued, intended_at, subject, spki_sha256, policy_digest, holder, application,
        sha256(tbs), sha256(der), changed, zeroblob(16)
    FROM certificate ORDER BY issued;
DROP TABLE certificate;
ALTER TABLE certificate_proven RENAME TO certificate;

-- Holds all that a revocation list needs, so that building one reads nothing else.
CREATE INDEX certificate_listed ON certificate
    (ca, generation, partition, serial, state, state_at, reason, not_after, kind)
    WHERE state IN ('undelivered', 'held', 'revoked');
CREATE UNIQUE INDEX certificate_issued ON certificate (ca, issued);
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

-- How many certificates of a partition stand in each state that a list holds, and what they add up
-- to, kept as they enter and leave it: a list is held against this, and not against the index it was
-- built from.
CREATE TABLE tally (
    ca          TEXT NOT NULL REFERENCES ca (id),
    partition   TEXT NOT NULL,
    undelivered INTEGER NOT NULL CHECK (undelivered >= 0),
    held        INTEGER NOT NULL CHECK (held >= 0),
    revoked     INTEGER NOT NULL CHECK (revoked >= 0),
    sums        BLOB NOT NULL CHECK (length(sums) = 48),
    changed     INTEGER NOT NULL,
    mac         BLOB NOT NULL CHECK (length(mac) = 16),
    PRIMARY KEY (ca, partition)
) STRICT, WITHOUT ROWID;

-- A person is one row, with their roles and what is proposed: a part that is missing cannot be
-- told from one that never was.
ALTER TABLE person ADD COLUMN roles TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN proposed TEXT CHECK (proposed IN
    ('registration', 'roles', 'enrolment', 'reinstatement', 'removal'));
ALTER TABLE person ADD COLUMN proposed_roles TEXT CHECK ((proposed IS NULL) = (proposed_roles IS NULL));
ALTER TABLE person ADD COLUMN proposed_municipality TEXT CHECK (length(proposed_municipality) = 5);
ALTER TABLE person ADD COLUMN proposed_by TEXT REFERENCES person (id);
ALTER TABLE person ADD COLUMN proposed_at INTEGER;
UPDATE person SET roles = coalesce((SELECT group_concat(role, ' ') FROM
    (SELECT role FROM person_role WHERE person = id AND proposed = 0 ORDER BY place)), '');
UPDATE person SET
        proposed = p.kind, proposed_municipality = p.municipality, proposed_by = p.proposed_by,
        proposed_at = p.proposed_at,
        proposed_roles = coalesce((SELECT group_concat(role, ' ') FROM
            (SELECT role FROM person_role r WHERE r.person = p.person AND r.proposed = 1
                ORDER BY place)), '')
    FROM proposal p WHERE p.person = person.id;
DROP TABLE person_role;
DROP TABLE proposal;

-- A cursor that never moved has no row.
DELETE FROM register_cursor WHERE position = 0;

ALTER TABLE ca ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ca ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE authority ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE authority ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE generation_plan ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generation_plan ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE certified_key ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certified_key ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE series ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE crl ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crl ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE application ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE application ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE operation ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE operation ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE card ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE card ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE card_session ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE card_session ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE register_cursor ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE register_cursor ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE verifier ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE verifier ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE person ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE credential ADD COLUMN operation TEXT;
ALTER TABLE credential ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE credential ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE password ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE password ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE resident_key ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resident_key ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE compromise ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE compromise ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE notice ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notice ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE service_request ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE service_request ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE holder_request ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE holder_request ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE ceremony ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);

-- The program's own mark on an entry, by which the sealer knows that it wrote it.
ALTER TABLE journal ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
ALTER TABLE journal_personal ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);
-- And on a checkpoint, over the size of the one before it too: none can be left out.
ALTER TABLE checkpoint ADD COLUMN mac BLOB NOT NULL DEFAULT x'00000000000000000000000000000000' CHECK (length(mac) = 16);

-- What the rows of each table add up to once `entries` entries are in the journal.
CREATE TABLE state_digest (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    entries INTEGER NOT NULL CHECK (entries >= 0),
    digests BLOB NOT NULL,
    mac     BLOB NOT NULL CHECK (length(mac) = 16)
) STRICT;
