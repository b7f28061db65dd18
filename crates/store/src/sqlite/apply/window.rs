//! What the windows change: applications, cards, answers to repeat, the register's cursor.

use domain::application::ApplicationState;
use domain::id::{ApplicationId, CardId, OperationId};
use rusqlite::ToSql;

use super::work::Work;
use crate::rows::{ApplicationRow, CardRow};
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{named, stale};
use crate::sqlite::table::{
    APPLICATION, CARD, CARD_SESSION, NOTED, OPERATION, REGISTER_CURSOR, Stored,
};
use crate::{Error, Result};

pub(super) fn add_application(work: &mut Work<'_>, row: &ApplicationRow) -> Result<()> {
    let received = work.ledger.first();
    let values: [&dyn ToSql; 8] = [
        &row.id.as_str(),
        &row.municipality.as_str(),
        &row.ca.as_str(),
        &row.kind.name(),
        &row.state.name(),
        &row.resident.as_str(),
        &row.record,
        &received,
    ];
    let what = || format!("application {}", row.id);
    inserted(work.insert(&APPLICATION, &values), what, || format!("CA {}", row.ca))
}

pub(super) fn set_application(
    work: &mut Work<'_>,
    id: &ApplicationId,
    from: ApplicationState,
    to: ApplicationState,
    record: &[u8],
) -> Result<()> {
    let row = application_in(work, id, from)?;
    work.update(&APPLICATION, row, &[("state", &to.name()), ("record", &record)])
}

pub(super) fn drop_application(
    work: &mut Work<'_>,
    id: &ApplicationId,
    from: ApplicationState,
) -> Result<()> {
    let row = application_in(work, id, from)?;
    work.delete(&APPLICATION, &row)
}

/// The row of an application, which is in the state that the unit rests on.
fn application_in(
    work: &mut Work<'_>,
    id: &ApplicationId,
    from: ApplicationState,
) -> Result<Stored> {
    let what = || format!("application {id}");
    let (row, found) = work
        .find(&APPLICATION, &[&id.as_str()], |row| {
            named(row, "state", ApplicationState::from_name)
        })?
        .ok_or_else(|| Error::Missing { what: what() })?;
    if found != from {
        return Err(stale(what(), from, found));
    }
    Ok(row)
}

pub(super) fn put_card(work: &mut Work<'_>, row: &CardRow) -> Result<()> {
    let values: [&dyn ToSql; 4] =
        [&row.id.as_str(), &row.municipality.as_str(), &row.holder.as_str(), &row.record];
    let what = || format!("card {}", row.id);
    inserted(work.put(&CARD, &values)?, what, what)
}

pub(super) fn grant_card_session(work: &mut Work<'_>, card: &CardId, sequence: u32) -> Result<()> {
    let known =
        work.find(&CARD_SESSION, &[&card.as_str()], |row| Ok(row.get::<_, u32>("sequence")?))?;
    let what = || format!("the session counter of card {card}");
    match known {
        None => inserted(work.insert(&CARD_SESSION, &[&card.as_str(), &sequence]), what, what),
        Some((row, found)) if found < sequence => {
            work.update(&CARD_SESSION, row, &[("sequence", &sequence)])
        }
        Some((_, found)) => Err(stale(what(), format!("less than {sequence}"), found)),
    }
}

pub(super) fn set_register_cursor(work: &mut Work<'_>, from: u64, to: u64) -> Result<()> {
    let known = work.find(&REGISTER_CURSOR, &[&1], |row| Ok(row.get::<_, u64>("position")?))?;
    let found = known.as_ref().map_or(0, |(_, position)| *position);
    let what = || "the register cursor".to_owned();
    if found != from {
        return Err(stale(what(), from, found));
    }
    match known {
        None => inserted(work.insert(&REGISTER_CURSOR, &[&1, &to]), what, what),
        Some((row, _)) => work.update(&REGISTER_CURSOR, row, &[("position", &to)]),
    }
}

pub(super) fn record_operation(work: &mut Work<'_>, id: &OperationId, answer: &[u8]) -> Result<()> {
    let recorded = work.ledger.first();
    let values: [&dyn ToSql; 3] = [&id.as_str(), &answer, &recorded];
    let what = || format!("operation {id}");
    let table = if id.forbids() { &NOTED } else { &OPERATION };
    inserted(work.insert(table, &values), what, what)
}
