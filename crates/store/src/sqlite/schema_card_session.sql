-- The sessions granted with each card, by the greatest counter alone: keys of a past one are never
-- granted again. Blank cards have sessions too, so there need not be a row in card.

CREATE TABLE card_session (
    card     TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL CHECK (sequence BETWEEN 0 AND 16777215)
) STRICT, WITHOUT ROWID;
