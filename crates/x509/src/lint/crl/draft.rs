//! A list as its series has it and as its bytes do: what every lint looks at.

use domain::algorithm::SignatureAlgorithm;
use jiff::Timestamp;

use crate::crl::{Crl, DistributionPointScope, ReceivedDistributionPoint};
use crate::name::Name;
use crate::read::ReceivedExtension;

/// What a CRL is supposed to say, from the series' state and not from its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlExpectation {
    /// The algorithm the issuer will sign with.
    pub signature: SignatureAlgorithm,
    /// The issuer.
    pub issuer: Name,
    /// The key identifier of the signing key.
    pub authority_key_identifier: Vec<u8>,
    /// cRLNumber.
    pub number: u64,
    /// When the list was made.
    pub this_update: Timestamp,
    /// When it ends.
    pub next_update: Timestamp,
    /// The next planned issue.
    pub next_publish: Option<Timestamp>,
    /// The partition.
    pub distribution_point: Option<(Name, DistributionPointScope)>,
}

/// A CRL's frame before it is signed, re-read, with what it should say.
#[derive(Debug)]
pub struct CrlDraft {
    pub(super) version: u64,
    pub(super) signature_algorithm: Vec<u8>,
    pub(super) issuer: Name,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Option<Timestamp>,
    pub(super) next_publish: Option<Timestamp>,
    pub(super) number: Option<u64>,
    pub(super) authority_key_identifier: Option<Vec<u8>>,
    pub(super) distribution_point: Option<ReceivedDistributionPoint>,
    pub(super) extensions: Vec<ReceivedExtension>,
    pub(super) expectation: CrlExpectation,
}

impl CrlDraft {
    pub(super) fn read(tbs: &[u8], expectation: &CrlExpectation) -> Result<Self, crate::Error> {
        let crl = Crl::parse_tbs(tbs, &[])?;
        let identifier = crl.authority_key_identifier()?;
        Ok(Self {
            version: crl.version,
            signature_algorithm: crl.signature_algorithm.to_vec(),
            this_update: crl.this_update,
            next_update: crl.next_update,
            next_publish: crl.next_publish()?,
            number: crl.number()?,
            authority_key_identifier: identifier.map(|identifier| identifier.key_identifier),
            distribution_point: crl.issuing_distribution_point()?,
            issuer: crl.issuer,
            extensions: crl.extensions,
            expectation: expectation.clone(),
        })
    }
}
