//! Revocation lists: one count for each partition of a CA, content in chunks, and where each series stands.

use std::collections::HashMap;
use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};
use domain::crl_series::SeriesState;
use rusqlite::{ToSql, params};

use super::work::Work;
use crate::rows::{CrlRow, SeriesKey};
use crate::sqlite::fault::{corrupt, inserted};
use crate::sqlite::map::{micros, series_state, stale};
use crate::sqlite::read;
use crate::sqlite::table::{CRL, SERIES, Stored};
use crate::{Error, Result};

/// Small enough that a chunk is read without copying megabytes, large enough that a list of a
/// million entries has hundreds of rows and not thousands.
const CHUNK: usize = 64 * 1024;

const ADD_CHUNK: &str = "INSERT INTO crl_chunk (ca, generation, partition, number, chunk, content)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// The states of the series before the unit's lists were added, so that a unit may also state
/// the transition to built that adding a list makes by itself.
#[derive(Default)]
pub(super) struct Before(HashMap<SeriesKey, SeriesState>);

pub(super) fn add(
    work: &mut Work<'_>,
    before: &mut Before,
    row: &CrlRow,
    content: &mut dyn Read,
) -> Result<()> {
    let series = &row.key.series;
    let known = standing(work, series)?;
    let state = known.as_ref().map_or(SeriesState::Empty, |(_, state)| *state);
    let next = read::crl::last_number(work.view, &series.ca, series.partition)? + 1;
    if row.key.number != next {
        return Err(stale(format!("{} list", series_name(series)), row.key.number, next));
    }
    before.0.entry(series.clone()).or_insert(state);
    build(work, series, known.map(|(row, _)| row), row.key.number)?;
    insert(work, row)?;
    if stream(work, row, content)? != row.sha256 {
        return Err(corrupt(
            format!("{} list {}", series_name(series), row.key.number),
            "its content does not have the SHA-256 it was announced with",
        ));
    }
    Ok(())
}

/// Takes the series to built.
fn build(
    work: &mut Work<'_>,
    series: &SeriesKey,
    known: Option<Stored>,
    number: u64,
) -> Result<()> {
    let state = SeriesState::Built.name();
    if let Some(row) = known {
        return work.update(&SERIES, row, &[("state", &state), ("built", &number)]);
    }
    let (partition, none) = (series.partition.to_string(), None::<u64>);
    let values: [&dyn ToSql; 6] =
        [&series.ca.as_str(), &series.generation, &partition, &state, &number, &none];
    inserted(work.insert(&SERIES, &values), || series_name(series), || format!("CA {}", series.ca))
}

fn insert(work: &mut Work<'_>, row: &CrlRow) -> Result<()> {
    let series = &row.key.series;
    let values: [&dyn ToSql; 11] = [
        &series.ca.as_str(),
        &series.generation,
        &series.partition.to_string(),
        &row.key.number,
        &micros(row.this_update),
        &micros(row.next_update),
        &micros(row.next_publish),
        &row.entries,
        &row.sha256,
        &row.as_of,
        &false,
    ];
    let what = || format!("{} list {}", series_name(series), row.key.number);
    inserted(work.insert(&CRL, &values), what, what)
}

/// Writes the content in chunks and returns its SHA-256.
fn stream(work: &Work<'_>, row: &CrlRow, content: &mut dyn Read) -> Result<[u8; 32]> {
    let mut statement = work.view.connection.prepare_cached(ADD_CHUNK)?;
    let partition = row.key.series.partition.to_string();
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
    work: &mut Work<'_>,
    before: &Before,
    series: &SeriesKey,
    from: SeriesState,
    to: SeriesState,
    published: Option<u64>,
) -> Result<()> {
    let missing = || Error::Missing { what: format!("{} list", series_name(series)) };
    let (row, state) = standing(work, series)?.ok_or_else(missing)?;
    let stated = to == SeriesState::Built && before.0.get(series) == Some(&from);
    if state != from && !stated {
        return Err(stale(series_name(series), from, state));
    }
    let named: [(&str, &dyn ToSql); 2] = [("state", &to.name()), ("published", &published)];
    // Without a number what is published stays.
    let named = if published.is_some() { &named[..] } else { &named[..1] };
    let outcome = SERIES.update(work.view.connection, &mut work.ledger, row, named);
    inserted(outcome, || series_name(series), || series_name(series))?;
    published.map_or(Ok(()), |number| publish(work, series, number))
}

/// Marks a list as one that the gate let pass.
fn publish(work: &mut Work<'_>, series: &SeriesKey, number: u64) -> Result<()> {
    let partition = series.partition.to_string();
    let key: [&dyn ToSql; 4] = [&series.ca.as_str(), &series.generation, &partition, &number];
    match work.find(&CRL, &key, |_| Ok(()))? {
        Some((row, ())) => work.update(&CRL, row, &[("published", &true)]),
        None => Err(Error::Missing { what: format!("{} list {number}", series_name(series)) }),
    }
}

type Standing = (Stored, SeriesState);

fn standing(work: &Work<'_>, series: &SeriesKey) -> Result<Option<Standing>> {
    let partition = series.partition.to_string();
    let key: [&dyn ToSql; 3] = [&series.ca.as_str(), &series.generation, &partition];
    work.find(&SERIES, &key, series_state)
}

fn series_name(series: &SeriesKey) -> String {
    format!("series {}/{}/{}", series.ca, series.generation, series.partition)
}
