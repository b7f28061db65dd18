//! Certificates that were issued: shown, listed, revoked.

use ca::Changed;
use domain::id::SerialNumber;
use store::{Along, CertificateRow};
use x509::pem;

use super::approvals::Approvable;
use super::permission::Operation;
use super::principal::Principal;
use super::{Desk, LAST_NUMBER, MAX_PAGE, reading};
use crate::problem::Problem;
use crate::wire::{CertificateBody, CertificatePage, RevocationBody, RevocationOutcomeBody};

impl Desk {
    /// Shows a certificate with its state.
    ///
    /// # Errors
    /// 404; the reading is journaled first.
    pub fn certificate(
        &self,
        act: &Principal,
        ca: &str,
        serial: &str,
    ) -> Result<CertificateBody, Problem> {
        let operation = Operation::ShowCertificate;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let serial: SerialNumber = self.id(act, operation, "serial", serial)?;
        let found = authority.certificate(&serial).map_err(Problem::from);
        let row = self.checked(act, operation, found)?;
        let entry = reading(act, operation).ca(authority.id()).subject(serial);
        self.journal_reading(match &row.intent.holder {
            Some(holder) => entry.personal(holder, "certificate"),
            None => entry,
        })?;
        CertificateBody::of(&row, true)
    }

    /// Certificates of a CA in order of issue: at most `limit` after the place `after`.
    ///
    /// # Errors
    /// 404 for no such CA; the reading is journaled first.
    pub fn certificates(
        &self,
        act: &Principal,
        ca: &str,
        after: Option<u64>,
        limit: usize,
    ) -> Result<CertificatePage, Problem> {
        let operation = Operation::ListCertificates;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let limit = limit.clamp(1, MAX_PAGE);
        let after = after.map(|place| place.min(LAST_NUMBER));
        let rows = self.store.certificates(authority.id(), after, limit)?;
        self.journal_reading(
            reading(act, operation).ca(authority.id()).detail("rows", rows.len()),
        )?;
        let is_full = rows.len() == limit;
        let next = rows.last().filter(|_| is_full).map(|row| row.issued);
        let body = |row: &CertificateRow| CertificateBody::of(row, false);
        Ok(CertificatePage { certificates: rows.iter().map(body).collect::<Result<_, _>>()?, next })
    }

    /// Revokes a certificate for good by a row of the policy's table.
    ///
    /// The second person, where one is named, has approved it (`POST /approvals`).
    ///
    /// # Errors
    /// 422 by the table or the state, or where the person named has not approved it; 404 for no such
    /// certificate.
    pub fn revoke(
        &self,
        act: &Principal,
        ca: &str,
        serial: &str,
        body: &RevocationBody,
    ) -> Result<RevocationOutcomeBody, Problem> {
        let operation = Operation::RevokeCertificate;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let serial: SerialNumber = self.id(act, operation, "serial", serial)?;
        let order = self.checked(act, operation, ca::RevocationOrder::try_from(body))?;
        let text = serial.to_string();
        let approver = body.approver.as_deref().unwrap_or_default();
        let request = [ca, &text, &body.cause, &body.requester, approver];
        let answer = |changed: &Changed| {
            let (state, since, reason) = crate::wire::state_words(changed.state);
            let no_op = changed.no_op;
            let (ca, serial) = (ca.to_owned(), changed.serial.to_string());
            Ok(RevocationOutcomeBody { ca, serial, state, since, reason, no_op })
        };
        self.once_along(act, operation, &request, answer, |kept| {
            let (cause, requester) = (body.cause.as_str(), body.requester.as_str());
            let what = Approvable::Revocation { ca, serial: &text, cause, requester };
            let seconded = match &body.approver {
                Some(approver) => &self.seconded(act, approver, what)?,
                None => &**act,
            };
            Ok(authority.revoke(Along::new(seconded, kept), &serial, &order)?)
        })
    }
}

/// A certificate as PEM.
pub(super) fn certificate_pem(der: &[u8]) -> Result<String, Problem> {
    pem::encode(pem::CERTIFICATE, der).map_err(|error| Problem::broke(&error))
}
