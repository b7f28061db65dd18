//! Service requests: taken in once, led from state to state.

use domain::id::ServiceRequestId;
use domain::service_request::RequestState;
use rusqlite::ToSql;

use super::work::Work;
use crate::rows::ServiceRequestRow;
use crate::sqlite::fault::inserted;
use crate::sqlite::map::{named, stale};
use crate::sqlite::table::SERVICE_REQUEST;
use crate::{Error, Result};

pub(super) fn add(work: &mut Work<'_>, row: &ServiceRequestRow) -> Result<()> {
    let received = work.ledger.first();
    let values: [&dyn ToSql; 5] =
        [&row.id.as_str(), &row.ca.as_str(), &row.state.name(), &row.record, &received];
    let what = || format!("service request {}", row.id);
    inserted(work.insert(&SERVICE_REQUEST, &values), what, || format!("CA {}", row.ca))
}

pub(super) fn set(
    work: &mut Work<'_>,
    id: &ServiceRequestId,
    from: RequestState,
    to: RequestState,
    record: &[u8],
) -> Result<()> {
    let what = || format!("service request {id}");
    let (row, found) = work
        .find(&SERVICE_REQUEST, &[&id.as_str()], |row| {
            named(row, "state", RequestState::from_name)
        })?
        .ok_or_else(|| Error::Missing { what: what() })?;
    if found != from {
        return Err(stale(what(), from, found));
    }
    work.update(&SERVICE_REQUEST, row, &[("state", &to.name()), ("record", &record)])
}
