-- Cards are things outside: the row keeps what the office knows of one, not its sealed content.
-- What was sealed there held the private keys of whole emulated cards, which no later program can
-- use and no database may keep (A 6.2): the rows go, and with secure_delete on they are overwritten.
-- No release ever made such rows, so that the table is small wherever this runs.
DELETE FROM card;
ALTER TABLE card RENAME COLUMN sealed TO record;
