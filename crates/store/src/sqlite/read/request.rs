//! Service requests, one by one and by state.

use domain::id::{CaId, ServiceRequestId};
use domain::service_request::RequestState;
use rusqlite::{Row, params};

use super::{AFTER_ALL, all, first, limit, place};
use crate::Result;
use crate::rows::ServiceRequestRow;
use crate::sqlite::map::{named, parsed};
use crate::sqlite::table::{self, View};

pub(in crate::sqlite) fn one(
    view: View<'_>,
    id: &ServiceRequestId,
) -> Result<Option<ServiceRequestRow>> {
    first(
        view,
        &table::SERVICE_REQUEST,
        "SELECT * FROM service_request WHERE id = ?1",
        [id.as_str()],
        shape,
    )
}

pub(in crate::sqlite) fn of_ca(
    view: View<'_>,
    ca: &CaId,
    state: Option<RequestState>,
    after: Option<&ServiceRequestId>,
    rows: usize,
) -> Result<Vec<ServiceRequestRow>> {
    const ALL: &str = "SELECT * FROM service_request
        WHERE ca = ?1 AND (received, rowid) < (?2, ?3)
        ORDER BY received DESC, rowid DESC LIMIT ?4";
    const IN_STATE: &str = "SELECT * FROM service_request
        WHERE ca = ?1 AND state = ?5 AND (received, rowid) < (?2, ?3)
        ORDER BY received DESC, rowid DESC LIMIT ?4";
    const PLACE: &str = "SELECT received, rowid FROM service_request WHERE id = ?1 AND ca = ?2";
    let (ca, rows) = (ca.as_str(), limit(rows));
    let (received, rowid) = match after {
        None => AFTER_ALL,
        Some(id) => place(view, PLACE, [id.as_str(), ca])?,
    };
    match state {
        None => {
            let values = params![ca, received, rowid, rows];
            all(view, &table::SERVICE_REQUEST, ALL, values, shape)
        }
        Some(state) => {
            let values = params![ca, received, rowid, rows, state.name()];
            all(view, &table::SERVICE_REQUEST, IN_STATE, values, shape)
        }
    }
}

fn shape(row: &Row<'_>) -> Result<ServiceRequestRow> {
    Ok(ServiceRequestRow {
        id: parsed(row, "id")?,
        ca: parsed(row, "ca")?,
        state: named(row, "state", RequestState::from_name)?,
        record: row.get("record")?,
    })
}
