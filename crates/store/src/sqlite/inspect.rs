//! The journal of a database file, opened by somebody who must not change it.

use std::path::Path;

use rusqlite::{Connection, params};

use super::{pool, read};
use crate::journal::{Hash, Leaf};
use crate::{Result, Sequence};

/// A read-only view on the journal that neither migrates nor needs the personal data key.
pub(crate) struct ReadOnlyJournal {
    connection: Connection,
    sealed_size: u64,
}

impl ReadOnlyJournal {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        const SEALED: &str = "SELECT coalesce(max(size), 0) FROM checkpoint";
        let connection = pool::open_evidence(path)?;
        // One view for all that follows, so that a running program does not disturb it.
        connection.execute_batch("BEGIN")?;
        let sealed_size = connection.query_row(SEALED, [], |row| row.get(0))?;
        Ok(Self { connection, sealed_size })
    }

    /// The size of the greatest checkpoint, valid or not.
    pub(crate) fn sealed_size(&self) -> u64 {
        self.sealed_size
    }

    pub(crate) fn leaves(&self, from: Sequence, limit: usize) -> Result<Vec<Leaf>> {
        read::journal::leaves(&self.connection, from, limit)
    }

    pub(crate) fn node(&self, level: u8, place: u64) -> Result<Option<Hash>> {
        read::journal::node(&self.connection, level, place)
    }

    /// The checkpoints of more than `after` entries, as they are stored: size and note.
    pub(crate) fn notes(&self, after: u64, limit: usize) -> Result<Vec<(u64, String)>> {
        const SQL: &str =
            "SELECT size, note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2";
        read::plain(&self.connection, SQL, params![after, read::limit(limit)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }
}
