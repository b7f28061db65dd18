//! Ceremonies as they were put last.

use domain::ceremony::{CeremonyId, State};

use super::first;
use crate::rows::CeremonyRow;
use crate::sqlite::map::{named, parsed};
use crate::sqlite::table::{self, View};
use crate::{Result, Sequence};

pub(in crate::sqlite) fn one(
    view: View<'_>,
    id: &CeremonyId,
) -> Result<Option<(CeremonyRow, Sequence)>> {
    first(view, &table::CEREMONY, "SELECT * FROM ceremony WHERE id = ?1", [id.as_str()], |row| {
        let found = CeremonyRow {
            id: parsed(row, "id")?,
            script: row.get("script")?,
            script_sha256: row.get("script_sha256")?,
            state: named(row, "state", State::from_name)?,
            steps_done: row.get("steps_done")?,
            account: row.get("account")?,
            revision: row.get("revision")?,
        };
        Ok((found, row.get("changed")?))
    })
}
