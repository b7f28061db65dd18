-- Key renewal: from when on a generation issues (0 stands for always), and the one that is being
-- made, of which a CA has at most one at a time.

ALTER TABLE authority ADD COLUMN issues_from INTEGER NOT NULL DEFAULT 0;

CREATE TABLE generation_plan (
    ca                  TEXT PRIMARY KEY REFERENCES ca (id),
    generation          INTEGER NOT NULL CHECK (generation >= 1),
    key_label           TEXT NOT NULL,
    key_algorithm       TEXT NOT NULL,
    signature_algorithm TEXT NOT NULL,
    issues_from         INTEGER NOT NULL,
    spki                BLOB,
    key_made_at         INTEGER,
    CHECK ((spki IS NULL) = (key_made_at IS NULL))
) STRICT, WITHOUT ROWID;
