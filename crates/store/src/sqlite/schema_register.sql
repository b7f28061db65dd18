-- The register's events that were applied, by their numbers: which is the last is asked before each
-- command to the register and each run over its events. A number has no zeros before it.
CREATE INDEX operation_register_event ON operation (length(id), id)
    WHERE id >= 'register-event:' AND id < 'register-event;';
