//! Ceremonies: each change states the one it follows, and the script never changes.

use domain::ceremony::CeremonyId;
use rusqlite::ToSql;

use super::work::Work;
use crate::rows::CeremonyRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::map::stale;
use crate::sqlite::table::CEREMONY;
use crate::{Error, Result};

pub(super) fn put(work: &mut Work<'_>, row: &CeremonyRow) -> Result<()> {
    if row.revision == 1 {
        return add(work, row);
    }
    let before = work.find(&CEREMONY, &[&row.id.as_str()], |found| {
        Ok((found.get::<_, u64>("revision")?, found.get::<_, [u8; 32]>("script_sha256")?))
    })?;
    let (before, (revision, script)) =
        before.ok_or_else(|| Error::Missing { what: what(&row.id) })?;
    if Some(row.revision) != revision.checked_add(1) {
        let expected = format!("revision {}", row.revision.saturating_sub(1));
        return Err(stale(what(&row.id), expected, format!("revision {revision}")));
    }
    if script != row.script_sha256 {
        return Err(stale(what(&row.id), "the same script", "another script"));
    }
    let to: [(&str, &dyn ToSql); 4] = [
        ("state", &row.state.name()),
        ("steps_done", &row.steps_done),
        ("account", &row.account),
        ("revision", &row.revision),
    ];
    work.update(&CEREMONY, before, &to)
}

fn add(work: &mut Work<'_>, row: &CeremonyRow) -> Result<()> {
    let values: [&dyn ToSql; 7] = [
        &row.id.as_str(),
        &row.script,
        &row.script_sha256,
        &row.state.name(),
        &row.steps_done,
        &row.account,
        &1,
    ];
    inserted(work.insert(&CEREMONY, &values), || what(&row.id), || what(&row.id))
}

fn what(id: &CeremonyId) -> String {
    format!("ceremony {id}")
}
