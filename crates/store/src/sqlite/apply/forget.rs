//! A person is forgotten: the key of their data is destroyed, and whatever stays is nobody's.

use domain::id::ResidentCode;
use rusqlite::ToSql;

use super::journal;
use super::work::Work;
use crate::Result;
use crate::sqlite::table::{CARD, CERTIFICATE, HOLDER_REQUEST, Table};

const CERTIFICATES: &str = "SELECT ca, serial FROM certificate
    WHERE ca IN (SELECT id FROM ca) AND holder = ?1";

const CARDS: &str = "SELECT id FROM card WHERE holder = ?1";

const REQUESTS: &str = "SELECT id FROM holder_request WHERE holder = ?1";

/// Destroys a resident's key, and takes their code out of the rows that stay; one of whom there is neither
/// needs nothing forgotten.
pub(super) fn forget(work: &mut Work<'_>, resident: &ResidentCode) -> Result<()> {
    journal::destroy_key(work, resident)?;
    let nobody = ResidentCode::nobody();
    for (ca, serial) in certificates(work, resident)? {
        disown(work, &CERTIFICATE, &[&ca, &serial], &None::<&str>)?;
    }
    for (table, found) in [(&CARD, CARDS), (&HOLDER_REQUEST, REQUESTS)] {
        for id in ids(work, found, resident)? {
            disown(work, table, &[&id], &nobody.as_str())?;
        }
    }
    Ok(())
}

fn certificates(work: &Work<'_>, resident: &ResidentCode) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = work.view.connection.prepare_cached(CERTIFICATES)?;
    let rows = found.query_map([resident.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn ids(work: &Work<'_>, found: &str, resident: &ResidentCode) -> Result<Vec<String>> {
    let mut found = work.view.connection.prepare_cached(found)?;
    let rows = found.query_map([resident.as_str()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn disown(work: &mut Work<'_>, table: &Table, key: &[&dyn ToSql], to: &dyn ToSql) -> Result<()> {
    match work.find(table, key, |_| Ok(()))? {
        Some((row, ())) => work.update(table, row, &[("holder", to)]),
        None => Ok(()),
    }
}
