//! Revocation lists: numbers without gaps, content in chunks, and where each series stands.

use std::collections::HashMap;
use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};
use domain::crl_series::SeriesState;
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::{CrlRow, SeriesKey};
use crate::sqlite::fault::{corrupt, inserted};
use crate::sqlite::map::{micros, series_state, stale};
use crate::{Error, Result};

/// Small enough that a chunk is read without copying megabytes, large enough that a list of a
/// million entries has hundreds of rows and not thousands.
const CHUNK: usize = 64 * 1024;

const SERIES: &str =
    "SELECT state, built FROM series WHERE ca = ?1 AND generation = ?2 AND partition = ?3";

const BUILT: &str = "INSERT INTO series (ca, generation, partition, state, built)
    VALUES (?1, ?2, ?3, 'built', ?4)
    ON CONFLICT DO UPDATE SET state = 'built', built = excluded.built";

const ADD_CRL: &str = "INSERT INTO crl
    (ca, generation, partition, number, this_update, next_update, next_publish, entries, sha256, as_of)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

const ADD_CHUNK: &str = "INSERT INTO crl_chunk (ca, generation, partition, number, chunk, content)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const SET_SERIES: &str = "UPDATE series SET state = ?4, published = coalesce(?5, published)
    WHERE ca = ?1 AND generation = ?2 AND partition = ?3";

const SET_PUBLISHED: &str = "UPDATE crl SET published = 1
    WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND number = ?4";

/// The states of the series before the unit's lists were added, so that a unit may also state
/// the transition to built that adding a list makes by itself.
#[derive(Default)]
pub(super) struct Before(HashMap<SeriesKey, SeriesState>);

pub(super) fn add(
    connection: &Connection,
    before: &mut Before,
    row: &CrlRow,
    content: &mut dyn Read,
) -> Result<()> {
    let series = &row.key.series;
    let (state, built) = standing(connection, series)?.unwrap_or((SeriesState::Empty, 0));
    if row.key.number != built + 1 {
        return Err(stale(format!("{} list", told(series)), row.key.number, built + 1));
    }
    before.0.entry(series.clone()).or_insert(state);
    let partition = series.partition.to_string();
    let outcome = connection.prepare_cached(BUILT)?.execute(params![
        series.ca.as_str(),
        series.generation,
        partition,
        row.key.number
    ]);
    inserted(outcome, || told(series), || format!("CA {}", series.ca))?;
    insert(connection, row, &partition)?;
    if stream(connection, row, &partition, content)? != row.sha256 {
        return Err(corrupt(
            format!("{} list {}", told(series), row.key.number),
            "its content does not have the SHA-256 it was announced with",
        ));
    }
    Ok(())
}

fn insert(connection: &Connection, row: &CrlRow, partition: &str) -> Result<()> {
    let outcome = connection.prepare_cached(ADD_CRL)?.execute(params![
        row.key.series.ca.as_str(),
        row.key.series.generation,
        partition,
        row.key.number,
        micros(row.this_update),
        micros(row.next_update),
        micros(row.next_publish),
        row.entries,
        row.sha256,
        row.as_of,
    ]);
    let what = || format!("{} list {}", told(&row.key.series), row.key.number);
    inserted(outcome, what, what)
}

/// Writes the content in chunks and returns its SHA-256.
fn stream(
    connection: &Connection,
    row: &CrlRow,
    partition: &str,
    content: &mut dyn Read,
) -> Result<[u8; 32]> {
    let mut statement = connection.prepare_cached(ADD_CHUNK)?;
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; CHUNK];
    for chunk in 0_u64.. {
        let length = fill(content, &mut buffer)
            .map_err(|e| Error::Unavailable(format!("reading a list's content: {e}")))?;
        if length == 0 {
            break;
        }
        digest.update(&buffer[..length]);
        statement.execute(params![
            row.key.series.ca.as_str(),
            row.key.series.generation,
            partition,
            row.key.number,
            chunk,
            &buffer[..length]
        ])?;
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    Ok(sha256)
}

/// Reads until the buffer is full or the content ends.
fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match content.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(length)
}

pub(super) fn set_series(
    connection: &Connection,
    before: &Before,
    series: &SeriesKey,
    from: SeriesState,
    to: SeriesState,
    published: Option<u64>,
) -> Result<()> {
    let missing = || Error::Missing { what: format!("{} list", told(series)) };
    let (state, _) = standing(connection, series)?.ok_or_else(missing)?;
    let stated = to == SeriesState::Built && before.0.get(series) == Some(&from);
    if state != from && !stated {
        return Err(stale(told(series), from, state));
    }
    let outcome = connection.prepare_cached(SET_SERIES)?.execute(params![
        series.ca.as_str(),
        series.generation,
        series.partition.to_string(),
        to.name(),
        published
    ]);
    inserted(outcome, || told(series), || told(series))?;
    let Some(number) = published else { return Ok(()) };
    let partition = series.partition.to_string();
    let key = params![series.ca.as_str(), series.generation, partition, number];
    let marked = connection.prepare_cached(SET_PUBLISHED)?.execute(key)?;
    let what = || format!("{} list {number}", told(series));
    if marked == 1 { Ok(()) } else { Err(Error::Missing { what: what() }) }
}

fn standing(connection: &Connection, series: &SeriesKey) -> Result<Option<(SeriesState, u64)>> {
    let key = params![series.ca.as_str(), series.generation, series.partition.to_string()];
    connection
        .prepare_cached(SERIES)?
        .query_row(key, |row| Ok((series_state(row), row.get(1)?)))
        .optional()?
        .map(|(state, built)| Ok((state?, built)))
        .transpose()
}

fn told(series: &SeriesKey) -> String {
    format!("series {}/{}/{}", series.ca, series.generation, series.partition)
}
