//! Compromised keys: declared once, led through their steps; and notices to everybody.

use domain::compromise::CompromiseState;
use domain::id::{CaId, SerialNumber};
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::{CompromiseRow, NoticeRow};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{micros, stale};
use crate::{Error, Result};

const DECLARE: &str = "INSERT INTO compromise (ca, generation, state, declared_at, place, revoked)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const STATE: &str = "SELECT state, place FROM compromise WHERE ca = ?1 AND generation = ?2";

const ADVANCE: &str = "UPDATE compromise SET state = ?3, place = ?4, revoked = ?5
    WHERE ca = ?1 AND generation = ?2";

const ADD_NOTICE: &str = "INSERT OR IGNORE INTO notice (ca, at, text) VALUES (?1, ?2, ?3)";

pub(super) fn declare(connection: &Connection, row: &CompromiseRow) -> Result<()> {
    let outcome = connection.prepare_cached(DECLARE)?.execute(params![
        row.ca.as_str(),
        row.generation,
        row.state.name(),
        micros(row.declared_at),
        row.place,
        row.revoked,
    ]);
    let what = || format!("the compromise of generation {} of CA {}", row.generation, row.ca);
    inserted(outcome, what, || format!("generation {} of CA {}", row.generation, row.ca))
}

pub(super) fn advance(
    connection: &Connection,
    from: (CompromiseState, u64),
    row: &CompromiseRow,
) -> Result<()> {
    let what = || format!("the compromise of generation {} of CA {}", row.generation, row.ca);
    let found = state(connection, &row.ca, row.generation)?
        .ok_or_else(|| Error::Missing { what: what() })?;
    let told = |(state, place): &(String, u64)| format!("{state} up to {place}");
    let expected = (from.0.name().to_owned(), from.1);
    if found != expected {
        return Err(stale(what(), told(&expected), told(&found)));
    }
    let values = params![row.ca.as_str(), row.generation, row.state.name(), row.place, row.revoked];
    connection.prepare_cached(ADVANCE)?.execute(values)?;
    Ok(())
}

/// Refuses to begin anything new under a key that counts as compromised.
pub(super) fn refuse(connection: &Connection, ca: &CaId, generation: u32) -> Result<()> {
    match state(connection, ca, generation)? {
        None => Ok(()),
        Some(_) => Err(Error::Stopped {
            what: format!("generation {generation} of CA {ca}: its key counts as compromised"),
        }),
    }
}

pub(super) fn add_notice(connection: &Connection, row: &NoticeRow) -> Result<()> {
    let values = params![row.ca.as_str(), micros(row.at), row.text];
    connection.prepare_cached(ADD_NOTICE)?.execute(values)?;
    Ok(())
}

/// Refuses to complete what was begun under a key that counts as compromised since.
pub(super) fn refuse_completion(
    connection: &Connection,
    ca: &CaId,
    serial: &SerialNumber,
) -> Result<()> {
    const COMPROMISED: &str = "SELECT c.generation FROM certificate c
        JOIN compromise k ON k.ca = c.ca AND k.generation = c.generation
        WHERE c.ca = ?1 AND c.serial = ?2";
    let mut statement = connection.prepare_cached(COMPROMISED)?;
    let found: Option<u32> = statement
        .query_row(params![ca.as_str(), serial.as_bytes()], |row| row.get(0))
        .optional()?;
    found.map_or(Ok(()), |generation| refuse(connection, ca, generation))
}

fn state(connection: &Connection, ca: &CaId, generation: u32) -> Result<Option<(String, u64)>> {
    let mut statement = connection.prepare_cached(STATE)?;
    let shape = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(statement.query_row(params![ca.as_str(), generation], shape).optional()?)
}
