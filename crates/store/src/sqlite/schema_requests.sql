-- Requests for certificates that are no resident's, and for their end.

CREATE TABLE service_request (
    id       TEXT PRIMARY KEY,
    ca       TEXT NOT NULL REFERENCES ca (id),
    state    TEXT NOT NULL,
    record   BLOB NOT NULL,
    received INTEGER NOT NULL CHECK (received >= 0)
) STRICT;
CREATE INDEX service_request_state ON service_request (ca, state, received);
CREATE INDEX service_request_received ON service_request (ca, received);
