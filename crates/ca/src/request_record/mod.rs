//! The requests of the staff as they are kept: read, and moved on by a step that is not committed yet.

mod moved;
mod stored;

use std::sync::Arc;

use domain::id::ServiceRequestId;
use domain::service_request::{Request, RequestState};
use store::reads::ReadProceedings;
use store::{Change, IntentRow};

use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::hands::Hands;

pub(crate) use moved::{Moved, entry, handled, member_of_staff};

/// The hand that reads the requests made to a CA.
#[derive(Clone)]
pub(crate) struct RequestRecord {
    policy: Arc<PolicyInEffect>,
    rows: Arc<dyn ReadProceedings>,
}

impl RequestRecord {
    pub(crate) fn new(hands: &Hands) -> Self {
        Self { policy: hands.policy.clone(), rows: hands.store.clone() }
    }

    /// A request made to this CA.
    ///
    /// # Errors
    /// [`Error::Unknown`]; [`Error::Unreadable`].
    pub(crate) fn one(&self, id: &ServiceRequestId) -> Result<Request> {
        let none = || Error::Unknown { field: "service request", value: id.to_string() };
        let row = self.rows.service_request(id)?.filter(|row| row.ca == *self.policy.id());
        stored::decode(&row.ok_or_else(none)?)
    }

    /// The request that has an id already, to whichever CA it was made.
    pub(crate) fn with_id(&self, id: &ServiceRequestId) -> Result<Option<Request>> {
        self.rows.service_request(id)?.as_ref().map(stored::decode).transpose()
    }

    /// Requests made to this CA, in one state or in all, newest first, at most `limit` after the one
    /// of the id `after`.
    pub(crate) fn some(
        &self,
        state: Option<RequestState>,
        after: Option<&ServiceRequestId>,
        limit: usize,
    ) -> Result<Vec<Request>> {
        let rows = self.rows.service_requests(self.policy.id(), state, after, limit)?;
        rows.iter().map(stored::decode).collect()
    }

    /// The request whose confirmation left this intent.
    pub(crate) fn confirmed_for(&self, intent: &IntentRow) -> Result<Option<Request>> {
        let confirmed = self.some(Some(RequestState::Confirmed), None, usize::MAX)?;
        Ok(confirmed.into_iter().find(|request| request.serial() == Some(intent.serial)))
    }
}

/// What adds a request that was received.
pub(crate) fn add(request: &Request) -> Result<Change> {
    Ok(Change::AddServiceRequest(stored::row(request)?))
}
