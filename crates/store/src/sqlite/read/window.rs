//! What the windows read: applications, cards, answers to repeat, the register's cursor.

use domain::application::{ApplicationKind, ApplicationState};
use domain::id::{ApplicationId, CardId, MunicipalityCode, OperationId, ResidentCode};
use rusqlite::{Connection, Row, params};

use super::{all, first, limit};
use crate::Result;
use crate::rows::{ApplicationRow, CardRow};
use crate::sqlite::map::{named, parsed};

pub(in crate::sqlite) fn application(
    connection: &Connection,
    id: &ApplicationId,
) -> Result<Option<ApplicationRow>> {
    first(connection, "SELECT * FROM application WHERE id = ?1", [id.as_str()], application_row)
}

pub(in crate::sqlite) fn applications(
    connection: &Connection,
    municipality: &MunicipalityCode,
    rows: usize,
) -> Result<Vec<ApplicationRow>> {
    const SQL: &str = "SELECT * FROM application
        WHERE municipality = ?1 ORDER BY received DESC, rowid DESC LIMIT ?2";
    all(connection, SQL, params![municipality.as_str(), limit(rows)], application_row)
}

fn application_row(row: &Row<'_>) -> Result<ApplicationRow> {
    Ok(ApplicationRow {
        id: parsed(row, "id")?,
        ca: parsed(row, "ca")?,
        municipality: parsed(row, "municipality")?,
        kind: named(row, "kind", ApplicationKind::from_name)?,
        state: named(row, "state", ApplicationState::from_name)?,
        resident: parsed(row, "resident")?,
        record: row.get("record")?,
    })
}

pub(in crate::sqlite) fn operation(
    connection: &Connection,
    id: &OperationId,
) -> Result<Option<Vec<u8>>> {
    const SQL: &str = "SELECT answer FROM operation WHERE id = ?1";
    first(connection, SQL, [id.as_str()], |row| Ok(row.get(0)?))
}

pub(in crate::sqlite) fn card(connection: &Connection, id: &CardId) -> Result<Option<CardRow>> {
    first(connection, "SELECT * FROM card WHERE id = ?1", [id.as_str()], card_row)
}

pub(in crate::sqlite) fn cards_of(
    connection: &Connection,
    holder: &ResidentCode,
) -> Result<Vec<CardRow>> {
    const SQL: &str = "SELECT * FROM card WHERE holder = ?1 ORDER BY id";
    all(connection, SQL, [holder.as_str()], card_row)
}

fn card_row(row: &Row<'_>) -> Result<CardRow> {
    Ok(CardRow {
        id: parsed(row, "id")?,
        holder: parsed(row, "holder")?,
        municipality: parsed(row, "municipality")?,
        record: row.get("record")?,
    })
}

pub(in crate::sqlite) fn register_cursor(connection: &Connection) -> Result<u64> {
    Ok(connection.query_row("SELECT position FROM register_cursor", [], |row| row.get(0))?)
}
