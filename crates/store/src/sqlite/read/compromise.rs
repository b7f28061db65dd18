//! Compromised keys, notices, and what a compromised key signed.

use domain::compromise::CompromiseState;
use domain::id::CaId;
use rusqlite::{Row, params};

use super::certificate::{STATUS, status_row};
use super::{all, limit};
use crate::rows::{CompromiseRow, NoticeRow, StatusRow};
use crate::sqlite::map::{named, parsed, timestamp};
use crate::sqlite::table::{self, View};
use crate::{Result, Sequence};

pub(in crate::sqlite) fn compromises(view: View<'_>, ca: &CaId) -> Result<Vec<CompromiseRow>> {
    const SQL: &str = "SELECT * FROM compromise WHERE ca = ?1 ORDER BY generation";
    all(view, &table::COMPROMISE, SQL, [ca.as_str()], compromise)
}

pub(in crate::sqlite) fn notices(view: View<'_>, ca: &CaId) -> Result<Vec<NoticeRow>> {
    const SQL: &str = "SELECT * FROM notice WHERE ca = ?1 ORDER BY at, text";
    all(view, &table::NOTICE, SQL, [ca.as_str()], |row| {
        Ok(NoticeRow { ca: parsed(row, "ca")?, at: timestamp(row, "at")?, text: row.get("text")? })
    })
}

/// In the order of issue, which is that of the file: a million are read without seeking.
pub(in crate::sqlite) fn unrevoked(
    view: View<'_>,
    ca: &CaId,
    generation: u32,
    from: Sequence,
    rows: usize,
) -> Result<Vec<(Sequence, StatusRow)>> {
    const SQL: &str = "SELECT * FROM certificate
        WHERE ca = ?1 AND issued >= ?2 AND generation = ?3 AND state <> 'revoked'
        ORDER BY issued LIMIT ?4";
    let values = params![ca.as_str(), from, generation, limit(rows)];
    all(view, &table::CERTIFICATE, SQL, values, |row| {
        Ok((row.get("issued")?, status_row(row, STATUS)?))
    })
}

fn compromise(row: &Row<'_>) -> Result<CompromiseRow> {
    Ok(CompromiseRow {
        ca: parsed(row, "ca")?,
        generation: row.get("generation")?,
        state: named(row, "state", CompromiseState::from_name)?,
        declared_at: timestamp(row, "declared_at")?,
        place: row.get("place")?,
        revoked: row.get("revoked")?,
    })
}
