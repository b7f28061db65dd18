//! Revocation lists and their series.

use aws_lc_rs::digest::{Context, SHA256};
use domain::crl_series::Partition;
use domain::id::CaId;
use rusqlite::{OptionalExtension, Row, params};

use super::{all, first};
use crate::Result;
use crate::rows::{CrlKey, CrlRow, SeriesKey, SeriesRow};
use crate::sqlite::fault::corrupt;
use crate::sqlite::map::{self, parsed, timestamp};
use crate::sqlite::table::{self, View};

pub(in crate::sqlite) fn series(view: View<'_>, ca: &CaId) -> Result<Vec<SeriesRow>> {
    const SQL: &str = "SELECT * FROM series WHERE ca = ?1 ORDER BY generation, partition";
    all(view, &table::SERIES, SQL, [ca.as_str()], series_shape)
}

pub(in crate::sqlite) fn series_row(view: View<'_>, key: &SeriesKey) -> Result<Option<SeriesRow>> {
    const SQL: &str = "SELECT * FROM series WHERE ca = ?1 AND generation = ?2 AND partition = ?3";
    let values = params![key.ca.as_str(), key.generation, key.partition.to_string()];
    first(view, &table::SERIES, SQL, values, series_shape)
}

/// The highest number that a list of this partition has, by whichever key of the CA.
pub(in crate::sqlite) fn last_number(
    view: View<'_>,
    ca: &CaId,
    partition: Partition,
) -> Result<u64> {
    // Generations count from 1, so few looks by the key spare a walk through all partitions.
    const NEWEST: &str = "SELECT coalesce(max(generation), 0) FROM series WHERE ca = ?1";
    let mut statement = view.connection.prepare_cached(NEWEST)?;
    let newest: u32 = statement.query_row([ca.as_str()], |row| row.get(0))?;
    let mut last = 0;
    for generation in 1..=newest {
        let row = series_row(view, &SeriesKey { ca: ca.clone(), generation, partition })?;
        last = last.max(row.map_or(0, |row| row.built));
    }
    Ok(last)
}

fn series_shape(row: &Row<'_>) -> Result<SeriesRow> {
    Ok(SeriesRow {
        key: series_key(row)?,
        state: map::series_state(row)?,
        built: row.get("built")?,
        published: row.get("published")?,
    })
}

pub(in crate::sqlite) fn one(view: View<'_>, key: &CrlKey) -> Result<Option<CrlRow>> {
    const SQL: &str = "SELECT * FROM crl
        WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND number = ?4";
    let partition = key.series.partition.to_string();
    let values = params![key.series.ca.as_str(), key.series.generation, partition, key.number];
    first(view, &table::CRL, SQL, values, |row| {
        Ok(CrlRow {
            key: CrlKey { series: series_key(row)?, number: row.get("number")? },
            this_update: timestamp(row, "this_update")?,
            next_update: timestamp(row, "next_update")?,
            next_publish: timestamp(row, "next_publish")?,
            entries: row.get("entries")?,
            sha256: row.get("sha256")?,
            as_of: row.get("as_of")?,
        })
    })
}

pub(in crate::sqlite) fn content(view: View<'_>, key: &CrlKey) -> Result<Option<Vec<u8>>> {
    const SQL: &str = "SELECT content FROM crl_chunk
        WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND number = ?4 ORDER BY chunk";
    let Some(row) = one(view, key)? else { return Ok(None) };
    let partition = key.series.partition.to_string();
    let values = params![key.series.ca.as_str(), key.series.generation, partition, key.number];
    let mut statement = view.connection.prepare_cached(SQL)?;
    let mut rows = statement.query(values)?;
    let mut content = Vec::new();
    let mut digest = Context::new(&SHA256);
    while let Some(row) = rows.next()? {
        let chunk = row.get_ref(0)?.as_blob().map_err(|e| corrupt("list", e))?;
        digest.update(chunk);
        content.extend_from_slice(chunk);
    }
    if digest.finish().as_ref() == row.sha256 {
        return Ok(Some(content));
    }
    let what = format!("list {} of {}/{}", key.number, key.series.ca, key.series.partition);
    let reason = "its content does not have the SHA-256 it was built with";
    view.doubt.raise_named(format!("{what}: {reason}"));
    Err(corrupt(what, reason))
}

/// One piece of a list's content, as it is stored.
pub(in crate::sqlite) fn piece(
    view: View<'_>,
    key: &CrlKey,
    number: u64,
) -> Result<Option<Vec<u8>>> {
    const SQL: &str = "SELECT content FROM crl_chunk WHERE ca = ?1 AND generation = ?2
        AND partition = ?3 AND number = ?4 AND chunk = ?5";
    let partition = key.series.partition.to_string();
    let (ca, generation) = (key.series.ca.as_str(), key.series.generation);
    let values = params![ca, generation, partition, key.number, number];
    let mut statement = view.connection.prepare_cached(SQL)?;
    Ok(statement.query_row(values, |row| row.get(0)).optional()?)
}

pub(in crate::sqlite) fn numbers(view: View<'_>, series: &SeriesKey) -> Result<Vec<u64>> {
    const SQL: &str = "SELECT * FROM crl
        WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND published = 1 ORDER BY number";
    let partition = series.partition.to_string();
    let values = params![series.ca.as_str(), series.generation, partition];
    all(view, &table::CRL, SQL, values, |row| Ok(row.get("number")?))
}

fn series_key(row: &Row<'_>) -> Result<SeriesKey> {
    Ok(SeriesKey {
        ca: parsed(row, "ca")?,
        generation: row.get("generation")?,
        partition: map::partition(row)?,
    })
}
