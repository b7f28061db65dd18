//! The place in the journal that the next entry takes.

use rusqlite::Connection;

use crate::{Result, Sequence};

const NEXT: &str = "SELECT coalesce(max(sequence) + 1, 0) FROM journal";

/// The place the next entry takes.
pub(super) fn next_sequence(connection: &Connection) -> Result<Sequence> {
    Ok(connection.prepare_cached(NEXT)?.query_row([], |row| row.get(0))?)
}
