//! What the windows read: applications, cards, answers to repeat, the register's cursor.

use domain::application::{ApplicationKind, ApplicationState};
use domain::id::{ApplicationId, CardId, MunicipalityCode, OperationId, ResidentCode};
use rusqlite::{Row, params};

use super::{AFTER_ALL, all, first, limit, place, plain};
use crate::pages::{Page, looked_at};
use crate::rows::{ApplicationRow, CardRow};
use crate::sqlite::map::{named, parsed};
use crate::sqlite::table::{self, View};
use crate::{Error, Result};

pub(in crate::sqlite) fn application(
    view: View<'_>,
    id: &ApplicationId,
) -> Result<Option<ApplicationRow>> {
    first(
        view,
        &table::APPLICATION,
        "SELECT * FROM application WHERE id = ?1",
        [id.as_str()],
        application_row,
    )
}

pub(in crate::sqlite) fn applications(
    view: View<'_>,
    municipality: &MunicipalityCode,
    state: Option<ApplicationState>,
    after: Option<&ApplicationId>,
    rows: usize,
) -> Result<Page<ApplicationRow, ApplicationId>> {
    // The inner rows are those that are looked at, by the index alone.
    const SQL: &str = "SELECT * FROM application WHERE rowid IN (
            SELECT rowid FROM application WHERE municipality = ?1 AND (received, rowid) < (?2, ?3)
            ORDER BY received DESC, rowid DESC LIMIT ?4)
        AND (?5 IS NULL OR state = ?5) ORDER BY received DESC, rowid DESC LIMIT ?6";
    const PLACE: &str =
        "SELECT received, rowid FROM application WHERE id = ?1 AND municipality = ?2";
    let municipality = municipality.as_str();
    let (received, rowid) = match after {
        None => AFTER_ALL,
        Some(id) => place(view, PLACE, [id.as_str(), municipality])?,
    };
    let (state, looked_at) = (state.map(ApplicationState::name), looked_at(rows));
    let values = params![municipality, received, rowid, limit(looked_at), state, limit(rows)];
    let found = all(view, &table::APPLICATION, SQL, values, application_row)?;
    let last = last_looked_at(view, municipality, (received, rowid), looked_at)?;
    Ok(Page::of(found, rows, |row| row.id.clone(), last))
}

/// The last of so many of a municipality's applications, newest first; nothing where there are fewer.
fn last_looked_at(
    view: View<'_>,
    municipality: &str,
    (received, rowid): (i64, i64),
    rows: usize,
) -> Result<Option<ApplicationId>> {
    const SQL: &str = "SELECT id FROM application
        WHERE municipality = ?1 AND (received, rowid) < (?2, ?3)
        ORDER BY received DESC, rowid DESC LIMIT 1 OFFSET ?4";
    let values = params![municipality, received, rowid, limit(rows - 1)];
    Ok(plain(view.connection, SQL, values, |row| parsed(row, "id"))?.into_iter().next())
}

/// No index leads there: this is asked once for a person, when their records are disposed of.
pub(in crate::sqlite) fn applications_of(
    view: View<'_>,
    resident: &ResidentCode,
) -> Result<Vec<ApplicationRow>> {
    const SQL: &str = "SELECT * FROM application WHERE resident = ?1 ORDER BY received, rowid";
    all(view, &table::APPLICATION, SQL, [resident.as_str()], application_row)
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

pub(in crate::sqlite) fn operation(view: View<'_>, id: &OperationId) -> Result<Option<Vec<u8>>> {
    const NOTED: &str = "SELECT * FROM noted WHERE id = ?1";
    const SQL: &str = "SELECT * FROM operation WHERE id = ?1";
    if id.forbids()
        && let Some(answer) =
            first(view, &table::NOTED, NOTED, [id.as_str()], |row| Ok(row.get("answer")?))?
    {
        return Ok(Some(answer));
    }
    // What an earlier program noted that forbids something is there as well.
    first(view, &table::OPERATION, SQL, [id.as_str()], |row| Ok(row.get("answer")?))
}

pub(in crate::sqlite) fn card(view: View<'_>, id: &CardId) -> Result<Option<CardRow>> {
    first(view, &table::CARD, "SELECT * FROM card WHERE id = ?1", [id.as_str()], card_row)
}

pub(in crate::sqlite) fn cards_of(view: View<'_>, holder: &ResidentCode) -> Result<Vec<CardRow>> {
    const SQL: &str = "SELECT * FROM card WHERE holder = ?1 ORDER BY id";
    all(view, &table::CARD, SQL, [holder.as_str()], card_row)
}

fn card_row(row: &Row<'_>) -> Result<CardRow> {
    Ok(CardRow {
        id: parsed(row, "id")?,
        holder: parsed(row, "holder")?,
        municipality: parsed(row, "municipality")?,
        record: row.get("record")?,
    })
}

/// By the index of their ids; as text, 10 stands before 9, and its length sets that right.
pub(in crate::sqlite) fn last_register_event(view: View<'_>) -> Result<Option<u64>> {
    const PREFIX: &str = "register-event:";
    const SQL: &str = "SELECT * FROM operation
        WHERE id >= 'register-event:' AND id < 'register-event;'
        ORDER BY length(id) DESC, id DESC LIMIT 1";
    first(view, &table::OPERATION, SQL, [], |row| {
        let id: String = row.get("id")?;
        let number = id.strip_prefix(PREFIX).and_then(|number| number.parse().ok());
        number.ok_or_else(|| Error::Corrupt {
            what: "operation of a register's event".to_owned(),
            reason: "its id has no number".to_owned(),
        })
    })
}

pub(in crate::sqlite) fn register_cursor(view: View<'_>) -> Result<u64> {
    const SQL: &str = "SELECT * FROM register_cursor";
    let moved = first(view, &table::REGISTER_CURSOR, SQL, [], |row| Ok(row.get("position")?))?;
    Ok(moved.unwrap_or(0))
}
