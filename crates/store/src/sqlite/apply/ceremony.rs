//! Ceremonies: each change states the one it follows, and the script never changes.

use domain::ceremony::CeremonyId;
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::CeremonyRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::map::stale;
use crate::{Error, Result, Sequence};

const ADD: &str = "INSERT INTO ceremony
    (id, script, script_sha256, state, steps_done, account, revision, changed)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)";

const BEFORE: &str = "SELECT revision, script_sha256 FROM ceremony WHERE id = ?1";

const SET: &str = "UPDATE ceremony
    SET state = ?2, steps_done = ?3, account = ?4, revision = ?5, changed = ?6 WHERE id = ?1";

pub(super) fn put(connection: &Connection, first: Sequence, row: &CeremonyRow) -> Result<()> {
    if row.revision == 1 {
        return add(connection, first, row);
    }
    let before: Option<(u64, [u8; 32])> = connection
        .prepare_cached(BEFORE)?
        .query_row([row.id.as_str()], |found| Ok((found.get(0)?, found.get(1)?)))
        .optional()?;
    let (revision, script) = before.ok_or_else(|| Error::Missing { what: what(&row.id) })?;
    if Some(row.revision) != revision.checked_add(1) {
        let expected = format!("revision {}", row.revision.saturating_sub(1));
        return Err(stale(what(&row.id), expected, format!("revision {revision}")));
    }
    if script != row.script_sha256 {
        return Err(stale(what(&row.id), "the same script", "another script"));
    }
    connection.prepare_cached(SET)?.execute(params![
        row.id.as_str(),
        row.state.name(),
        row.steps_done,
        row.account,
        row.revision,
        first,
    ])?;
    Ok(())
}

fn add(connection: &Connection, first: Sequence, row: &CeremonyRow) -> Result<()> {
    let outcome = connection.prepare_cached(ADD)?.execute(params![
        row.id.as_str(),
        row.script,
        row.script_sha256,
        row.state.name(),
        row.steps_done,
        row.account,
        first,
    ]);
    inserted(outcome, || what(&row.id), || what(&row.id))
}

fn what(id: &CeremonyId) -> String {
    format!("ceremony {id}")
}
