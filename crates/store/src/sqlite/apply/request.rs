//! Service requests: taken in once, led from state to state.

use domain::id::ServiceRequestId;
use domain::service_request::RequestState;
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::ServiceRequestRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{named, stale};
use crate::{Error, Result, Sequence};

const ADD: &str = "INSERT INTO service_request (id, ca, state, record, received)
    VALUES (?1, ?2, ?3, ?4, ?5)";

const STATE: &str = "SELECT state FROM service_request WHERE id = ?1";

const SET: &str = "UPDATE service_request SET state = ?2, record = ?3 WHERE id = ?1";

pub(super) fn add(
    connection: &Connection,
    received: Sequence,
    row: &ServiceRequestRow,
) -> Result<()> {
    let outcome = connection.prepare_cached(ADD)?.execute(params![
        row.id.as_str(),
        row.ca.as_str(),
        row.state.name(),
        row.record,
        received,
    ]);
    inserted(outcome, || format!("service request {}", row.id), || format!("CA {}", row.ca))
}

pub(super) fn set(
    connection: &Connection,
    id: &ServiceRequestId,
    from: RequestState,
    to: RequestState,
    record: &[u8],
) -> Result<()> {
    let what = || format!("service request {id}");
    let found = connection
        .prepare_cached(STATE)?
        .query_row([id.as_str()], |row| Ok(named(row, "state", RequestState::from_name)))
        .optional()?
        .ok_or_else(|| Error::Missing { what: what() })??;
    if found != from {
        return Err(stale(what(), from, found));
    }
    connection.prepare_cached(SET)?.execute(params![id.as_str(), to.name(), record])?;
    Ok(())
}
