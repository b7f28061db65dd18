//! What the windows change: applications, cards, answers to repeat, the register's cursor.

use domain::application::ApplicationState;
use domain::id::{ApplicationId, CardId, OperationId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::{ApplicationRow, CardRow};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{named, stale};
use crate::{Error, Result, Sequence};

const ADD_APPLICATION: &str = "INSERT INTO application
    (id, municipality, ca, kind, state, resident, record, received)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const APPLICATION_STATE: &str = "SELECT state FROM application WHERE id = ?1";

const SET_APPLICATION: &str = "UPDATE application SET state = ?2, record = ?3 WHERE id = ?1";

const PUT_CARD: &str = "INSERT INTO card (id, municipality, holder, record)
    VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET municipality = excluded.municipality,
        holder = excluded.holder, record = excluded.record";

const GRANT_CARD_SESSION: &str = "INSERT INTO card_session (card, sequence) VALUES (?1, ?2)
    ON CONFLICT DO UPDATE SET sequence = excluded.sequence
        WHERE excluded.sequence > card_session.sequence";

const CARD_SESSION: &str = "SELECT sequence FROM card_session WHERE card = ?1";

const SET_CURSOR: &str = "UPDATE register_cursor SET position = ?2 WHERE position = ?1";

const CURSOR: &str = "SELECT position FROM register_cursor";

const RECORD_OPERATION: &str = "INSERT INTO operation (id, answer, recorded) VALUES (?1, ?2, ?3)";

pub(super) fn add_application(
    connection: &Connection,
    received: Sequence,
    row: &ApplicationRow,
) -> Result<()> {
    let outcome = connection.prepare_cached(ADD_APPLICATION)?.execute(params![
        row.id.as_str(),
        row.municipality.as_str(),
        row.ca.as_str(),
        row.kind.name(),
        row.state.name(),
        row.resident.as_str(),
        row.record,
        received,
    ]);
    inserted(outcome, || format!("application {}", row.id), || format!("CA {}", row.ca))
}

pub(super) fn set_application(
    connection: &Connection,
    id: &ApplicationId,
    from: ApplicationState,
    to: ApplicationState,
    record: &[u8],
) -> Result<()> {
    let what = || format!("application {id}");
    let found = connection
        .prepare_cached(APPLICATION_STATE)?
        .query_row([id.as_str()], |row| Ok(named(row, "state", ApplicationState::from_name)))
        .optional()?
        .ok_or_else(|| Error::Missing { what: what() })??;
    if found != from {
        return Err(stale(what(), from, found));
    }
    let values = params![id.as_str(), to.name(), record];
    connection.prepare_cached(SET_APPLICATION)?.execute(values)?;
    Ok(())
}

pub(super) fn put_card(connection: &Connection, row: &CardRow) -> Result<()> {
    connection.prepare_cached(PUT_CARD)?.execute(params![
        row.id.as_str(),
        row.municipality.as_str(),
        row.holder.as_str(),
        row.record
    ])?;
    Ok(())
}

pub(super) fn grant_card_session(
    connection: &Connection,
    card: &CardId,
    sequence: u32,
) -> Result<()> {
    let values = params![card.as_str(), sequence];
    if connection.prepare_cached(GRANT_CARD_SESSION)?.execute(values)? == 1 {
        return Ok(());
    }
    let found: u32 = connection.query_row(CARD_SESSION, [card.as_str()], |row| row.get(0))?;
    let what = format!("the session counter of card {card}");
    Err(stale(what, format!("less than {sequence}"), found))
}

pub(super) fn set_register_cursor(connection: &Connection, from: u64, to: u64) -> Result<()> {
    if connection.prepare_cached(SET_CURSOR)?.execute([from, to])? == 1 {
        return Ok(());
    }
    let found: u64 = connection.query_row(CURSOR, [], |row| row.get(0))?;
    Err(stale("the register cursor".into(), from, found))
}

pub(super) fn record_operation(
    connection: &Connection,
    recorded: Sequence,
    id: &OperationId,
    answer: &[u8],
) -> Result<()> {
    let values = params![id.as_str(), answer, recorded];
    let what = || format!("operation {id}");
    inserted(connection.prepare_cached(RECORD_OPERATION)?.execute(values), what, what)
}
