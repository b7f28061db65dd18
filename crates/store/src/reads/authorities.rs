//! The CAs, their keys, and what they tell everybody of themselves.

use domain::id::CaId;

use crate::{AuthorityRow, CaRow, CertificateRow, NoticeRow, Result};

/// The CAs, their key generations, and what they tell everybody of themselves.
///
/// # Contract
/// All of it is for everybody's eyes: names, public keys, certificates of CAs, notices.
pub trait ReadAuthorities: Send + Sync {
    /// Every CA, in the order of its id.
    fn cas(&self) -> Result<Vec<CaRow>>;

    /// The key generations of a CA, oldest first.
    fn authorities(&self, ca: &CaId) -> Result<Vec<AuthorityRow>>;

    /// The certificates that a CA issued, or intended, to its own name (DER): self-signed and link
    /// certificates in any state, oldest first.
    fn self_issued(&self, ca: &CaId, name: &[u8]) -> Result<Vec<CertificateRow>>;

    /// The notices of a CA to everybody, oldest first.
    fn notices(&self, ca: &CaId) -> Result<Vec<NoticeRow>>;
}
