//! Reads, run by the calling thread on a read-only connection.

pub(super) mod access;
pub(super) mod authority;
pub(super) mod ceremony;
pub(super) mod certificate;
pub(super) mod compromise;
pub(super) mod crl;
pub(super) mod holder;
pub(super) mod journal;
pub(super) mod people;
pub(super) mod request;
pub(super) mod revoked;
pub(super) mod window;

use rusqlite::{Connection, Params, Row};

use crate::Result;

/// Every row of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    shape: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(shape(row)?);
    }
    Ok(found)
}

/// The first row of a query, if there is one.
fn first<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    shape: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(shape).transpose()
}

/// A limit as SQL takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
