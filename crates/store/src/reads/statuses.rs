//! The states of certificates: what OCSP answers from.

use domain::id::{CaId, SerialNumber};

use crate::{Result, StatusRow, Statuses};

/// The states of certificates, by their keys; for the OCSP responder, and whoever must know how a
/// certificate stands now.
///
/// # Contract
/// Whoever reads learns no subject and no holder. Nothing is told while everything is in doubt
/// ([`crate::Error::Doubted`]).
pub trait ReadStatuses: Send + Sync {
    /// What OCSP needs to know of certificates of a CA, by their keys, all as of one entry. None that
    /// lists name is good: what lists are built from knows of a revocation that somebody took back in its
    /// row alone.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] where the two disagree; everything is in doubt then.
    fn statuses(&self, ca: &CaId, serials: &[SerialNumber]) -> Result<Statuses>;

    /// The same of one certificate.
    ///
    /// # Errors
    /// As [`ReadStatuses::statuses`].
    fn status(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<StatusRow>> {
        let found = self.statuses(ca, std::slice::from_ref(serial))?;
        Ok(found.rows.into_iter().next().flatten())
    }
}
