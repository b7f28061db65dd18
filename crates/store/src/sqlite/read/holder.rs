//! Holders' requests, one by one, and those that wait to be carried out.

use domain::id::ApplicationId;
use rusqlite::Row;

use super::{all, first, limit};
use crate::Result;
use crate::rows::HolderRequestRow;
use crate::sqlite::map::parsed;
use crate::sqlite::table::{self, View};

pub(in crate::sqlite) fn one(
    view: View<'_>,
    id: &ApplicationId,
) -> Result<Option<HolderRequestRow>> {
    first(
        view,
        &table::HOLDER_REQUEST,
        "SELECT * FROM holder_request WHERE id = ?1",
        [id.as_str()],
        shape,
    )
}

pub(in crate::sqlite) fn nonce_was_used(view: View<'_>, nonce: &[u8; 32]) -> Result<bool> {
    const USED: &str = "SELECT 1 FROM holder_request WHERE nonce = ?1";
    Ok(view.connection.prepare_cached(USED)?.exists([nonce])?)
}

pub(in crate::sqlite) fn open(view: View<'_>, rows: usize) -> Result<Vec<HolderRequestRow>> {
    const OPEN: &str =
        "SELECT * FROM holder_request WHERE receipt IS NULL ORDER BY received LIMIT ?1";
    all(view, &table::HOLDER_REQUEST, OPEN, [limit(rows)], shape)
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
