//! What the office has down on a slot of a card, looked up: the application, its CA, its certificate.

use std::sync::Arc;

use domain::id::SerialNumber;
use domain::policy::Policy;
use store::ApplicationRow;
use store::reads::ReadWindows;

use super::application::{Application, authority_of};
use crate::authority::{Authorities, HolderCertificate};
use crate::error::{Result, WindowError};
use crate::record::OnSlot;

/// Looks up what belongs to a slot. Whoever holds it has nothing done by a CA.
#[derive(Clone)]
pub(super) struct Slots {
    records: Arc<dyn ReadWindows>,
    authorities: Arc<Authorities>,
}

impl Slots {
    /// The slots that the applications in `records` fill with certificates of `authorities`.
    pub(super) fn new(records: &Arc<dyn ReadWindows>, authorities: &Arc<Authorities>) -> Self {
        Self { records: records.clone(), authorities: authorities.clone() }
    }

    /// The policy of the CA that certified what is on a slot.
    pub(super) fn policy(&self, on: &OnSlot) -> Result<&Policy> {
        Ok(authority_of(&self.authorities, &self.row(on)?.ca)?.policy())
    }

    /// The application that fills a slot, with its newest certificate.
    pub(super) fn application(
        &self,
        on: &OnSlot,
    ) -> Result<(Application, Option<HolderCertificate>)> {
        let application = Application::restore(self.row(on)?)?;
        let certificates = authority_of(&self.authorities, &application.ca)?
            .certificates_of(&application.resident)?;
        let mut own =
            certificates.into_iter().filter(|c| c.application.as_ref() == Some(&application.id));
        let certificate = own.next();
        Ok((application, certificate))
    }

    /// The certificate that the office has down on a slot.
    pub(super) fn certificate(&self, on: &OnSlot) -> Result<Option<HolderCertificate>> {
        let row = self.row(on)?;
        let certificates =
            authority_of(&self.authorities, &row.ca)?.certificates_of(&row.resident)?;
        let is_it = |serial: &SerialNumber| Some(*serial) == on.serial;
        Ok(certificates.into_iter().find(|certificate| is_it(&certificate.serial)))
    }

    fn row(&self, on: &OnSlot) -> Result<ApplicationRow> {
        let row = self.records.application(&on.application)?;
        row.ok_or(WindowError::Unknown { field: "application" })
    }
}
