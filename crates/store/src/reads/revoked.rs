//! What a revocation list has to hold, for whoever builds one and whoever holds it against the state.

use domain::crl_series::Partition;
use domain::id::{CaId, SerialNumber};

use crate::{Result, Sequence, SeriesKey, StatusRow, Tally};

/// A consistent view of what a revocation list must hold, readable any number of times.
pub trait RevokedSnapshot {
    /// The last journal entry this view includes.
    fn as_of(&self) -> Sequence;

    /// Calls `each` for every listed certificate in ascending order of serial number; how many it
    /// passed over because they had expired.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] or [`crate::Error::Corrupt`]; what `each` saw until then is no
    /// list.
    fn for_each(&self, each: &mut dyn FnMut(StatusRow)) -> Result<u64>;

    /// How many certificates of the partition stand in each state that a list holds, expired or
    /// not: counted as they entered and left it, apart from what [`RevokedSnapshot::for_each`] reads.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] or [`crate::Error::Corrupt`].
    fn tally(&self) -> Result<Tally>;

    /// What the database says of a certificate of the same CA, by its key.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] or [`crate::Error::Corrupt`].
    fn status(&self, serial: &SerialNumber) -> Result<Option<StatusRow>>;
}

/// What the next list of a partition has to hold; for whoever builds lists, and the gate before their
/// publication.
///
/// # Contract
/// The lists and the counts of one view are of one committed state, though told by separate queries.
pub trait ReadRevoked: Send + Sync {
    /// Runs `read` over a consistent view of the certificates a list must hold: revoked, held and
    /// (with `undelivered`) not yet delivered, that expire at `expires_from` or later. They are those
    /// of the partition by every generation of the CA's key: the generations share one name, and so
    /// a list by any of them is taken to be complete for it (RFC 5280 5, 6.3.3).
    fn with_revoked(
        &self,
        series: &SeriesKey,
        undelivered: bool,
        expires_from: jiff::Timestamp,
        read: &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>,
    ) -> Result<()>;

    /// How many certificates of each partition of a CA stand in each state that a list holds.
    fn tallies(&self, ca: &CaId) -> Result<Vec<(Partition, Tally)>>;

    /// The highest number of the lists of a partition that were built, whatever key of the CA signed
    /// them; 0 before the first. The next list of the partition, by whichever key, has the next number:
    /// the CA's name and the partition's point are one issuer and one scope, for which numbers increase
    /// (RFC 5280 5.2.3).
    fn last_crl_number(&self, ca: &CaId, partition: Partition) -> Result<u64>;
}
