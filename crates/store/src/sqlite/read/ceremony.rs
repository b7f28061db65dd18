//! Ceremonies as they were put last.

use domain::ceremony::{CeremonyId, State};
use rusqlite::Row;

use super::{all, first};
use crate::rows::CeremonyRow;
use crate::sqlite::map::{named, parsed};
use crate::sqlite::table::{self, View};
use crate::{Result, Sequence};

pub(in crate::sqlite) fn one(
    view: View<'_>,
    id: &CeremonyId,
) -> Result<Option<(CeremonyRow, Sequence)>> {
    first(view, &table::CEREMONY, "SELECT * FROM ceremony WHERE id = ?1", [id.as_str()], |row| {
        Ok((shape(row)?, row.get("changed")?))
    })
}

/// Those that have not ended.
pub(in crate::sqlite) fn unfinished(view: View<'_>) -> Result<Vec<CeremonyRow>> {
    let ended = [State::Completed, State::Abandoned].map(State::name);
    let sql = "SELECT * FROM ceremony WHERE state NOT IN (?1, ?2) ORDER BY id";
    all(view, &table::CEREMONY, sql, ended, shape)
}

fn shape(row: &Row<'_>) -> Result<CeremonyRow> {
    Ok(CeremonyRow {
        id: parsed(row, "id")?,
        script: row.get("script")?,
        script_sha256: row.get("script_sha256")?,
        state: named(row, "state", State::from_name)?,
        steps_done: row.get("steps_done")?,
        account: row.get("account")?,
        revision: row.get("revision")?,
    })
}
