-- Entries that are looked up by their kind: few among many, so that their index stays small.
CREATE INDEX journal_remembered ON journal (kind, sequence)
    WHERE kind IN ('checkpoint-places', 'start-accepted', 'clock-checked', 'system-started',
        'query-segment-sealed');
