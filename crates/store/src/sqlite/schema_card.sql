-- Cards are things outside: the row keeps what the office knows of one, not its sealed content.
ALTER TABLE card RENAME COLUMN sealed TO record;
