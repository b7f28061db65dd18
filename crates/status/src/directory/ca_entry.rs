//! A CA as the directory is told of it.

use domain::id::CaId;
use domain::name::DistinguishedName;

/// A CA in the directory.
#[derive(Debug, Clone)]
pub struct CaEntry {
    /// The CA.
    pub ca: CaId,
    /// Its name, which is its entry's.
    pub name: DistinguishedName,
    /// Its crossCertificatePair values, DER, if it has any.
    pub cross_certificate_pairs: Vec<Vec<u8>>,
}
