//! Holders' requests: taken in once, by a nonce that is used once, and carried out once.

use domain::id::ApplicationId;
use rusqlite::ToSql;

use super::work::Work;
use crate::rows::HolderRequestRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::map::stale;
use crate::sqlite::table::HOLDER_REQUEST;
use crate::{Error, Result};

pub(super) fn add(work: &mut Work<'_>, row: &HolderRequestRow) -> Result<()> {
    let received = work.ledger.first();
    let values: [&dyn ToSql; 7] = [
        &row.id.as_str(),
        &row.holder.as_str(),
        &row.nonce,
        &row.signed,
        &row.record,
        &row.receipt,
        &received,
    ];
    let what = || format!("holder's request {} or its nonce", row.id);
    inserted(work.insert(&HOLDER_REQUEST, &values), what, what)
}

pub(super) fn complete(work: &mut Work<'_>, id: &ApplicationId, receipt: &[u8]) -> Result<()> {
    let what = || format!("holder's request {id}");
    let (row, receipt_before) =
        work.find(&HOLDER_REQUEST, &[&id.as_str()], |row| {
            Ok(row.get::<_, Option<Vec<u8>>>("receipt")?)
        })?
        .ok_or_else(|| Error::Missing { what: what() })?;
    if receipt_before.is_some() {
        return Err(stale(what(), "open", "carried out"));
    }
    work.update(&HOLDER_REQUEST, row, &[("receipt", &receipt)])
}
