//! Holders' requests, one by one, and those that wait to be carried out.

use domain::id::ApplicationId;
use rusqlite::{Connection, Row};

use super::{all, first, limit};
use crate::Result;
use crate::rows::HolderRequestRow;
use crate::sqlite::map::parsed;

pub(in crate::sqlite) fn one(
    connection: &Connection,
    id: &ApplicationId,
) -> Result<Option<HolderRequestRow>> {
    first(connection, "SELECT * FROM holder_request WHERE id = ?1", [id.as_str()], shape)
}

pub(in crate::sqlite) fn nonce_was_used(connection: &Connection, nonce: &[u8; 32]) -> Result<bool> {
    const USED: &str = "SELECT 1 FROM holder_request WHERE nonce = ?1";
    Ok(first(connection, USED, [nonce], |_| Ok(()))?.is_some())
}

pub(in crate::sqlite) fn open(
    connection: &Connection,
    rows: usize,
) -> Result<Vec<HolderRequestRow>> {
    const OPEN: &str =
        "SELECT * FROM holder_request WHERE receipt IS NULL ORDER BY received LIMIT ?1";
    all(connection, OPEN, [limit(rows)], shape)
}

fn shape(row: &Row<'_>) -> Result<HolderRequestRow> {
    Ok(HolderRequestRow {
        id: parsed(row, "id")?,
        holder: parsed(row, "holder")?,
        nonce: row.get("nonce")?,
        signed: row.get("signed")?,
        record: row.get("record")?,
        receipt: row.get("receipt")?,
    })
}
