//! The client certificates that something rests on.

use std::sync::Arc;

use domain::id::{CaId, SerialNumber};

/// A certificate of one of this installation's own CAs.
pub(crate) type Own = (CaId, SerialNumber);

/// A client certificate that something rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resting {
    /// The certificate, DER.
    pub(crate) der: Arc<[u8]>,
    /// Which it is, if one of our CAs issued it: whoever commits can look it up.
    pub(crate) ours: Option<Own>,
}

/// Client certificates that something rests on.
pub(crate) type Certificates = Vec<Resting>;

/// Those among them that our own CAs issued.
pub(crate) fn own(certificates: &[Resting]) -> Vec<Own> {
    certificates.iter().filter_map(|one| one.ours.clone()).collect()
}
