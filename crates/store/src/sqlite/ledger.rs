//! What one unit does to the tables whose rows prove themselves, gathered for its journal entry.

use rusqlite::{Connection, OptionalExtension, params};

use super::table::{self, Table};
use crate::state::{Authenticator, Change, Changes, StateKey, TableDigest, same};
use crate::{Doubt, Error, Result, Sequence};

/// The name under which the digests are authenticated.
const NAME: &str = "state digest";

/// The digests of all tables once so many entries are in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digests {
    /// How many entries the journal has.
    pub(super) entries: Sequence,
    /// One for each table, in the order of [`table::ALL`].
    tables: Vec<TableDigest>,
}

impl Digests {
    /// Of a database without anything in it.
    pub(super) fn empty() -> Self {
        Self { entries: 0, tables: vec![TableDigest::default(); table::ALL.len()] }
    }

    /// As they stand, unless there are none yet.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not this program's, or of another journal than the one
    /// beside them: entries were removed or added, or the digests put back. Raises the doubt.
    pub(super) fn load(
        connection: &Connection,
        key: &StateKey,
        doubt: &Doubt,
    ) -> Result<Option<Self>> {
        const SQL: &str = "SELECT entries, digests, mac FROM state_digest WHERE only = 1";
        let stored: Option<(Sequence, Vec<u8>, Authenticator)> = connection
            .prepare_cached(SQL)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((entries, octets, mac)) = stored else { return Ok(None) };
        let wrong = |reason: String| {
            doubt.raise(format!("the state digest: {reason}"));
            Error::Corrupt { what: "state digest".into(), reason }
        };
        if !same(&authenticator(key, entries, &octets), &mac) {
            return Err(wrong("its authenticator does not fit".into()));
        }
        let there = super::apply::journal::next_sequence(connection)?;
        if there != entries {
            return Err(wrong(format!(
                "it is of {entries} entries, and the journal has {there}: one of them was put back"
            )));
        }
        let read = |place: usize| {
            let at = place * crate::state::STORED;
            let octets = octets.get(at..at + crate::state::STORED).and_then(|o| o.try_into().ok());
            octets.map_or_else(TableDigest::default, TableDigest::from_octets)
        };
        Ok(Some(Self { entries, tables: (0..table::ALL.len()).map(read).collect() }))
    }

    /// Stores them, as of `entries`.
    pub(super) fn store(&self, connection: &Connection, key: &StateKey) -> Result<()> {
        const SQL: &str = "INSERT INTO state_digest (only, entries, digests, mac)
            VALUES (1, ?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET entries = excluded.entries, digests = excluded.digests,
                mac = excluded.mac";
        let octets: Vec<u8> = self.tables.iter().flat_map(|table| table.to_octets()).collect();
        let mac = authenticator(key, self.entries, &octets);
        connection.prepare_cached(SQL)?.execute(params![self.entries, octets, mac])?;
        Ok(())
    }

    /// The digest of a table.
    pub(super) fn of(&self, table: &Table) -> TableDigest {
        place(table.name).map_or_else(TableDigest::default, |place| self.tables[place])
    }

    /// What a change does to the digest of the table of this name; false where there is none.
    pub(super) fn apply(&mut self, key: &StateKey, table: &str, change: Change) -> bool {
        let Some(place) = place(table) else { return false };
        let digest = &mut self.tables[place];
        if let Some(before) = change.before {
            digest.remove(key, &before);
        }
        if let Some(after) = change.after {
            digest.add(key, &after);
        }
        true
    }
}

/// What a unit changed so far.
pub(super) struct Ledger<'k> {
    key: &'k StateKey,
    first: Sequence,
    changes: Changes,
    digests: Digests,
}

impl<'k> Ledger<'k> {
    /// Of the unit that follows the state that `digests` is of.
    pub(super) fn new(key: &'k StateKey, digests: Digests) -> Self {
        Self { key, first: digests.entries, changes: Changes::default(), digests }
    }

    pub(super) fn key(&self) -> &'k StateKey {
        self.key
    }

    /// The unit's first journal entry.
    pub(super) fn first(&self) -> Sequence {
        self.first
    }

    /// Notes what was done to a row of `table`.
    pub(super) fn note(&mut self, table: &Table, change: Change) {
        self.changes.note(table.name, change);
        self.digests.apply(self.key, table.name, change);
    }

    /// What the unit's first entry says of it.
    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The state after the unit, which has so many entries.
    pub(super) fn finish(self, entries: u64) -> Digests {
        Digests { entries: self.first + entries, ..self.digests }
    }
}

fn place(table: &str) -> Option<usize> {
    table::ALL.iter().position(|one| one.name == table)
}

fn authenticator(key: &StateKey, entries: Sequence, digests: &[u8]) -> Authenticator {
    key.value(NAME, &[&entries.to_be_bytes()[..], digests].concat())
}
