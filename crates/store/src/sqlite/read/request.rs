//! Service requests, one by one and by state.

use domain::id::{CaId, ServiceRequestId};
use domain::service_request::RequestState;
use rusqlite::{Row, params};

use super::{all, first, limit};
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
    const ALL: &str = "SELECT * FROM service_request WHERE ca = ?1
            AND (?3 IS NULL OR (received, rowid) < (
                SELECT received, rowid FROM service_request WHERE id = ?3 AND ca = ?1))
        ORDER BY received DESC, rowid DESC LIMIT ?2";
    const IN_STATE: &str = "SELECT * FROM service_request WHERE ca = ?1 AND state = ?4
            AND (?3 IS NULL OR (received, rowid) < (
                SELECT received, rowid FROM service_request WHERE id = ?3 AND ca = ?1))
        ORDER BY received DESC, rowid DESC LIMIT ?2";
    let (ca, rows, after) = (ca.as_str(), limit(rows), after.map(ServiceRequestId::as_str));
    match state {
        None => all(view, &table::SERVICE_REQUEST, ALL, params![ca, rows, after], shape),
        Some(state) => {
            let values = params![ca, rows, after, state.name()];
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
