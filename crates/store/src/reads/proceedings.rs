//! What the staff of a CA has under way: service requests and ceremonies.

use domain::ceremony::CeremonyId;
use domain::id::{CaId, ServiceRequestId};
use domain::service_request::RequestState;

use crate::{CeremonyRow, Result, Sequence, ServiceRequestRow};

/// What the staff of a CA has under way; for the CA and for ceremonies.
///
/// # Contract
/// A row is as it was put last. Who may take the next step, the caller decides.
pub trait ReadProceedings: Send + Sync {
    /// A service request.
    fn service_request(&self, id: &ServiceRequestId) -> Result<Option<ServiceRequestRow>>;

    /// Service requests of a CA, in one state or in all, newest first: at most `limit` after the one of the
    /// id `after`.
    ///
    /// # Errors
    /// [`Error::Missing`](crate::Error::Missing) where the CA has no such one.
    fn service_requests(
        &self,
        ca: &CaId,
        state: Option<RequestState>,
        after: Option<&ServiceRequestId>,
        limit: usize,
    ) -> Result<Vec<ServiceRequestRow>>;

    /// Ceremonies that began and neither were completed nor given up, by id.
    fn unfinished_ceremonies(&self) -> Result<Vec<CeremonyRow>>;

    /// A ceremony as it was put last, with the first journal entry of that change.
    fn ceremony(&self, id: &CeremonyId) -> Result<Option<(CeremonyRow, Sequence)>>;
}
