//! The certificates of one CA, whole, for the parts of it that issue and end them.

use std::sync::Arc;

use domain::id::{ApplicationId, CaId, ResidentCode, SerialNumber};
use store::reads::ReadCertificates;
use store::{CertificateRow, IssuedBefore};

use crate::error::{Error, Result};

/// The hand by which a part of a CA reads its certificates and its open intents.
#[derive(Clone)]
pub(crate) struct Certificates {
    ca: CaId,
    rows: Arc<dyn ReadCertificates>,
}

impl Certificates {
    pub(crate) fn new(ca: CaId, rows: Arc<dyn ReadCertificates>) -> Self {
        Self { ca, rows }
    }

    /// A certificate of this CA.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none with this serial.
    pub(crate) fn one(&self, serial: &SerialNumber) -> Result<CertificateRow> {
        let none =
            || Error::Unknown { field: "certificate", value: format!("{}/{serial}", self.ca) };
        self.find(serial)?.ok_or_else(none)
    }

    /// The same, where there may be none.
    pub(crate) fn find(&self, serial: &SerialNumber) -> Result<Option<CertificateRow>> {
        Ok(self.rows.certificate(&self.ca, serial)?)
    }

    /// A holder's certificates, newest first.
    pub(crate) fn of_holder(&self, holder: &ResidentCode) -> Result<Vec<CertificateRow>> {
        Ok(self.rows.certificates_of(&self.ca, holder)?)
    }

    /// What was issued before an application of a holder is issued on, all as of one entry.
    pub(crate) fn issued_before(
        &self,
        application: &ApplicationId,
        holder: &ResidentCode,
    ) -> Result<IssuedBefore> {
        Ok(self.rows.issued_before(&self.ca, application, holder)?)
    }

    /// The intents that have no issue.
    pub(crate) fn left_open(&self) -> Result<Vec<CertificateRow>> {
        let open = self.rows.open_intents()?;
        Ok(open.into_iter().filter(|row| row.intent.ca == self.ca).collect())
    }

    /// The newest certificate of this CA, of its responders and servers, for a key.
    pub(crate) fn for_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<CertificateRow>> {
        let row = self.rows.certificate_for_key(spki_sha256)?;
        Ok(row.filter(|row| row.intent.ca == self.ca))
    }

    /// Whether a key was ever certified or intended to be, by whichever CA.
    pub(crate) fn key_was_certified(&self, spki_sha256: &[u8; 32]) -> Result<bool> {
        Ok(self.rows.key_was_certified(spki_sha256)?)
    }
}
