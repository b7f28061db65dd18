//! Certificates whole, for whoever issues and ends them.

use domain::id::{ApplicationId, CaId, ResidentCode, SerialNumber};

use crate::{CertificateFilter, CertificateRow, IssuedBefore, Page, Result, Sequence};

/// Certificates whole, with subject and holder; for the CA and for the windows.
///
/// # Contract
/// An intent that was never completed counts as a certificate: it may have been signed.
pub trait ReadCertificates: Send + Sync {
    /// A certificate, or an intent that was never completed.
    fn certificate(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<CertificateRow>>;

    /// A holder's certificates of one CA, newest first.
    fn certificates_of(&self, ca: &CaId, holder: &ResidentCode) -> Result<Vec<CertificateRow>>;

    /// The certificates issued for an application; more than one only after a discarded intent.
    fn certificates_for(&self, application: &ApplicationId) -> Result<Vec<CertificateRow>>;

    /// What was issued before an application of a holder is issued on, all as of one entry.
    fn issued_before(
        &self,
        ca: &CaId,
        application: &ApplicationId,
        holder: &ResidentCode,
    ) -> Result<IssuedBefore>;

    /// Certificates of one CA in order of issue, for lists on screens: at most `limit` after `after`.
    fn certificates(
        &self,
        ca: &CaId,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>>;

    /// Those certificates of one CA that are wanted, in order of issue: at most `limit` after `after`.
    fn certificate_page(
        &self,
        ca: &CaId,
        wanted: &CertificateFilter<'_>,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Page<CertificateRow, Sequence>>;

    /// Intents without their issue: serials that may have been signed.
    fn open_intents(&self) -> Result<Vec<CertificateRow>>;

    /// Whether this key (SHA-256 of its SubjectPublicKeyInfo) was ever certified or intended to be.
    fn key_was_certified(&self, spki_sha256: &[u8; 32]) -> Result<bool>;

    /// The newest certificate of a CA, responder or server for this key.
    fn certificate_for_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<CertificateRow>>;

    /// Whether this subject (DER) names a certificate of the CA already (A 3.1.5, S 3-1-4).
    fn subject_is_taken(&self, ca: &CaId, subject: &[u8]) -> Result<bool>;
}
