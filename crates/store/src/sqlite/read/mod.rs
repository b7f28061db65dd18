//! Reads, run by the calling thread on a read-only connection; every row proves itself first.

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

use super::table::{Table, View};
use crate::{Error, Result};

/// Every row of a query for whole rows of `table`, each after it has proven itself.
pub(super) fn all<T>(
    view: View<'_>,
    table: &Table,
    sql: &str,
    values: impl Params,
    shape: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    plain(view.connection, sql, values, |row| {
        table.proven(view, row)?;
        shape(row)
    })
}

/// The first of them, if there is one.
fn first<T>(
    view: View<'_>,
    table: &Table,
    sql: &str,
    values: impl Params,
    shape: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = view.connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    table.proven(view, row)?;
    shape(row).map(Some)
}

/// The place after every row of a list that begins with what was received last.
const AFTER_ALL: (i64, i64) = (i64::MAX, i64::MAX);

/// The place of a row in such a list, by a query for when it was received and its number. Bound as it is, an
/// index leads to what comes after it. Where the row is gone nobody can say what comes after it, and an
/// empty page would say that nothing does.
fn place(view: View<'_>, sql: &str, values: impl Params) -> Result<(i64, i64)> {
    let found = plain(view.connection, sql, values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let missing = || Error::Missing { what: "the row after which the page begins".to_owned() };
    found.into_iter().next().ok_or_else(missing)
}

/// Every row of a query for anything else: what proves nothing by itself, such as counts and names.
pub(super) fn plain<T>(
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

/// A limit as SQL takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
