//! What the windows have under way: applications, cards, residents' requests, the register's events.

use domain::application::ApplicationState;
use domain::id::{ApplicationId, CardId, MunicipalityCode, OperationId, ResidentCode};

use crate::{ApplicationRow, CardRow, HolderRequestRow, Page, Result};

/// What the windows have under way; for the windows and the holders' page.
///
/// # Contract
/// Forms and receipts come as they were stored. Who may see which municipality's, the caller decides.
pub trait ReadWindows: Send + Sync {
    /// An application.
    fn application(&self, id: &ApplicationId) -> Result<Option<ApplicationRow>>;

    /// Applications of a municipality, in one state or in all, newest first: at most `limit` after the one
    /// of the id `after`.
    ///
    /// # Errors
    /// [`Error::Missing`](crate::Error::Missing) where the municipality has no such one (any more).
    fn applications(
        &self,
        municipality: &MunicipalityCode,
        state: Option<ApplicationState>,
        after: Option<&ApplicationId>,
        limit: usize,
    ) -> Result<Page<ApplicationRow, ApplicationId>>;

    /// Every application about a resident, oldest first. It reads the table from end to end.
    fn applications_of(&self, resident: &ResidentCode) -> Result<Vec<ApplicationRow>>;

    /// A request that a holder sent online.
    fn holder_request(&self, id: &ApplicationId) -> Result<Option<HolderRequestRow>>;

    /// Whether a holder's request with this nonce was taken in.
    fn holder_nonce_was_used(&self, nonce: &[u8; 32]) -> Result<bool>;

    /// The holders' requests that were taken in and are not carried out, oldest first, at most
    /// `limit`.
    fn open_holder_requests(&self, limit: usize) -> Result<Vec<HolderRequestRow>>;

    /// What the office knows of a card.
    fn card(&self, id: &CardId) -> Result<Option<CardRow>>;

    /// A resident's cards.
    fn cards_of(&self, holder: &ResidentCode) -> Result<Vec<CardRow>>;

    /// How far the events of the resident register were applied.
    fn register_cursor(&self) -> Result<u64>;

    /// The number of the last event of the resident register that was applied, which may lie beyond the
    /// cursor; by the operations of [`SystemOperation::RegisterEvent`](domain::id::SystemOperation).
    fn last_register_event(&self) -> Result<Option<u64>>;

    /// The stored answer of an operation that was carried out before under this id.
    fn operation(&self, id: &OperationId) -> Result<Option<Vec<u8>>>;

    /// What a request is known again by: an HMAC over its octets under a key that is not in the database, so
    /// that nobody who has that alone finds by trying what was asked, be it as little as a resident's code.
    fn request_mark(&self, request: &[u8]) -> Result<[u8; 16]>;
}
