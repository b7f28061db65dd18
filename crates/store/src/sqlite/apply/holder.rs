//! Holders' requests: taken in once, by a nonce that is used once, and carried out once.

use domain::id::ApplicationId;
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::HolderRequestRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::map::stale;
use crate::{Error, Result, Sequence};

const ADD: &str =
    "INSERT INTO holder_request (id, holder, nonce, signed, record, receipt, received)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

const IS_OPEN: &str = "SELECT receipt IS NULL FROM holder_request WHERE id = ?1";

const COMPLETE: &str = "UPDATE holder_request SET receipt = ?2 WHERE id = ?1";

pub(super) fn add(
    connection: &Connection,
    received: Sequence,
    row: &HolderRequestRow,
) -> Result<()> {
    let outcome = connection.prepare_cached(ADD)?.execute(params![
        row.id.as_str(),
        row.holder.as_str(),
        row.nonce,
        row.signed,
        row.record,
        row.receipt,
        received,
    ]);
    let what = || format!("holder's request {} or its nonce", row.id);
    inserted(outcome, what, what)
}

pub(super) fn complete(connection: &Connection, id: &ApplicationId, receipt: &[u8]) -> Result<()> {
    let what = || format!("holder's request {id}");
    let open = connection
        .prepare_cached(IS_OPEN)?
        .query_row([id.as_str()], |row| row.get::<_, bool>(0))
        .optional()?
        .ok_or_else(|| Error::Missing { what: what() })?;
    if !open {
        return Err(stale(what(), "open", "carried out"));
    }
    connection.prepare_cached(COMPLETE)?.execute(params![id.as_str(), receipt])?;
    Ok(())
}
