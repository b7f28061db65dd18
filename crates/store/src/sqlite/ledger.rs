//! What one unit does to the tables whose rows prove themselves, gathered for its journal entry.

use rusqlite::{Connection, OptionalExtension, params};

use super::next::next_sequence;
use super::table::{self, Table};
use crate::state::{Authenticator, Change, Changes, StateKey, TableDigest, same};
use crate::{Doubt, Error, Result, Sequence};

/// A row with digests, by its table and the name under which it is authenticated.
struct Place {
    table: &'static str,
    name: &'static str,
}

/// What all rows add up to now.
const NOW: Place = Place { table: "state_digest", name: "state digest" };

/// What they added up to when everything was proven whole, the last time.
const VERIFIED: Place = Place { table: "state_verified", name: "verified state" };

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
        let Some(stored) = NOW.read(connection, key, doubt)? else { return Ok(None) };
        let (entries, there) = (stored.entries, next_sequence(connection)?);
        if there != entries {
            return Err(NOW.wrong(
                doubt,
                format!(
                    "it is of {entries} entries, and the journal has {there}: one of them was put back"
                ),
            ));
        }
        Ok(Some(stored))
    }

    /// As they stood when everything was proven whole, the last time: of nothing before a first time.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are missing, not this program's, or of more entries than the
    /// journal has. Raises the doubt.
    pub(super) fn verified(connection: &Connection, key: &StateKey, doubt: &Doubt) -> Result<Self> {
        let missing = || VERIFIED.wrong(doubt, "it was taken away".into());
        let stored = VERIFIED.read(connection, key, doubt)?.ok_or_else(missing)?;
        let (entries, there) = (stored.entries, next_sequence(connection)?);
        if there < entries {
            return Err(VERIFIED.wrong(
                doubt,
                format!("{entries} entries were proven, and the journal has {there}"),
            ));
        }
        Ok(stored)
    }

    /// Stores them, as of `entries`.
    pub(super) fn store(&self, connection: &Connection, key: &StateKey) -> Result<()> {
        NOW.write(self, connection, key)
    }

    /// Stores them as proven whole.
    pub(super) fn store_verified(&self, connection: &Connection, key: &StateKey) -> Result<()> {
        VERIFIED.write(self, connection, key)
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

/// What a unit did.
pub(super) struct Effect {
    /// Its first journal entry.
    pub(super) first: Sequence,
    /// The rows that it changed, as that entry names them.
    pub(super) changes: Changes,
    /// What all rows add up to after it.
    pub(super) after: Digests,
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

    /// What the unit did, which has so many entries.
    pub(super) fn finish(self, entries: u64) -> Effect {
        let after = Digests { entries: self.first + entries, ..self.digests };
        Effect { first: self.first, changes: self.changes, after }
    }
}

fn place(table: &str) -> Option<usize> {
    table::ALL.iter().position(|one| one.name == table)
}

impl Place {
    fn read(
        &self,
        connection: &Connection,
        key: &StateKey,
        doubt: &Doubt,
    ) -> Result<Option<Digests>> {
        let sql = format!("SELECT entries, digests, mac FROM {} WHERE only = 1", self.table);
        let stored: Option<(Sequence, Vec<u8>, Vec<u8>)> = connection
            .prepare_cached(&sql)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((entries, octets, mac)) = stored else { return Ok(None) };
        if !same(&self.authenticator(key, entries, &octets), &mac) {
            return Err(self.wrong(doubt, "its authenticator does not fit".into()));
        }
        let read = |place: usize| {
            let at = place * crate::state::STORED;
            let octets = octets.get(at..at + crate::state::STORED).and_then(|o| o.try_into().ok());
            octets.map_or_else(TableDigest::default, TableDigest::from_octets)
        };
        Ok(Some(Digests { entries, tables: (0..table::ALL.len()).map(read).collect() }))
    }

    fn write(&self, digests: &Digests, connection: &Connection, key: &StateKey) -> Result<()> {
        let sql = format!(
            "INSERT INTO {} (only, entries, digests, mac) VALUES (1, ?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET entries = excluded.entries, digests = excluded.digests,
                mac = excluded.mac",
            self.table
        );
        let octets: Vec<u8> = digests.tables.iter().flat_map(|table| table.to_octets()).collect();
        let mac = self.authenticator(key, digests.entries, &octets);
        connection.prepare_cached(&sql)?.execute(params![digests.entries, octets, mac])?;
        Ok(())
    }

    fn authenticator(&self, key: &StateKey, entries: Sequence, digests: &[u8]) -> Authenticator {
        key.value(self.name, &[&entries.to_be_bytes()[..], digests].concat())
    }

    fn wrong(&self, doubt: &Doubt, reason: String) -> Error {
        doubt.raise(format!("the {}: {reason}", self.name));
        Error::Corrupt { what: self.name.into(), reason }
    }
}
