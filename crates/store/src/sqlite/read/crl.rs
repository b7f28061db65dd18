//! Revocation lists and their series.

use domain::id::CaId;
use rusqlite::{Connection, Row, params};

use super::{all, first};
use crate::Result;
use crate::rows::{CrlKey, CrlRow, SeriesKey, SeriesRow};
use crate::sqlite::map::{self, parsed, timestamp};

pub(in crate::sqlite) fn series(connection: &Connection, ca: &CaId) -> Result<Vec<SeriesRow>> {
    const SQL: &str = "SELECT * FROM series WHERE ca = ?1 ORDER BY generation, partition";
    all(connection, SQL, [ca.as_str()], series_shape)
}

pub(in crate::sqlite) fn series_row(
    connection: &Connection,
    key: &SeriesKey,
) -> Result<Option<SeriesRow>> {
    const SQL: &str = "SELECT * FROM series WHERE ca = ?1 AND generation = ?2 AND partition = ?3";
    let values = params![key.ca.as_str(), key.generation, key.partition.to_string()];
    first(connection, SQL, values, series_shape)
}

fn series_shape(row: &Row<'_>) -> Result<SeriesRow> {
    Ok(SeriesRow {
        key: series_key(row)?,
        state: map::series_state(row)?,
        built: row.get("built")?,
        published: row.get("published")?,
    })
}

pub(in crate::sqlite) fn one(connection: &Connection, key: &CrlKey) -> Result<Option<CrlRow>> {
    const SQL: &str = "SELECT * FROM crl
        WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND number = ?4";
    let partition = key.series.partition.to_string();
    let values = params![key.series.ca.as_str(), key.series.generation, partition, key.number];
    first(connection, SQL, values, |row| {
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

pub(in crate::sqlite) fn content(connection: &Connection, key: &CrlKey) -> Result<Option<Vec<u8>>> {
    const SQL: &str = "SELECT content FROM crl_chunk
        WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND number = ?4 ORDER BY chunk";
    if one(connection, key)?.is_none() {
        return Ok(None);
    }
    let partition = key.series.partition.to_string();
    let values = params![key.series.ca.as_str(), key.series.generation, partition, key.number];
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query(values)?;
    let mut content = Vec::new();
    while let Some(row) = rows.next()? {
        let chunk = row.get_ref(0)?.as_blob();
        content.extend_from_slice(chunk.map_err(|e| crate::sqlite::fault::corrupt("list", e))?);
    }
    Ok(Some(content))
}

pub(in crate::sqlite) fn numbers(connection: &Connection, series: &SeriesKey) -> Result<Vec<u64>> {
    const SQL: &str = "SELECT number FROM crl
        WHERE ca = ?1 AND generation = ?2 AND partition = ?3 AND published = 1 ORDER BY number";
    let partition = series.partition.to_string();
    let values = params![series.ca.as_str(), series.generation, partition];
    all(connection, SQL, values, |row| Ok(row.get(0)?))
}

fn series_key(row: &Row<'_>) -> Result<SeriesKey> {
    Ok(SeriesKey {
        ca: parsed(row, "ca")?,
        generation: row.get("generation")?,
        partition: map::partition(row)?,
    })
}
