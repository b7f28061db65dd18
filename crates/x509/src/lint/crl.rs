//! The lints of CRLs.

use domain::algorithm::SignatureAlgorithm;
use jiff::Timestamp;

use super::{Finding, Lint, run, unreadable};
use crate::crl::{Crl, DistributionPointScope, ReceivedDistributionPoint};
use crate::name::Name;
use crate::read::ReceivedExtension;

mod authority_key_identifier;
mod distribution_point;
mod issuer;
mod known_extensions;
mod next_publish;
mod number;
mod period;
mod signature;
mod version;

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
    version: u64,
    signature_algorithm: Vec<u8>,
    issuer: Name,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    next_publish: Option<Timestamp>,
    number: Option<u64>,
    authority_key_identifier: Option<Vec<u8>>,
    distribution_point: Option<ReceivedDistributionPoint>,
    extensions: Vec<ReceivedExtension>,
    expectation: CrlExpectation,
}

/// Every CRL lint.
pub static CRL_LINTS: &[Lint<CrlDraft>] = &[
    version::LINT,
    signature::LINT,
    issuer::LINT,
    period::LINT,
    next_publish::LINT,
    number::LINT,
    authority_key_identifier::LINT,
    distribution_point::LINT,
    known_extensions::LINT,
];

/// Lints everything of a TBSCertList but its entries, which the publication gate compares one by
/// one with the database.
///
/// For a list too long for memory, give it the list's frame: the same template written without
/// entries.
///
/// # Errors
/// Every finding; the list must then not be signed.
pub fn lint_crl_header(tbs: &[u8], expectation: &CrlExpectation) -> Result<(), Vec<Finding>> {
    let draft = CrlDraft::read(tbs, expectation).map_err(unreadable)?;
    run(CRL_LINTS, &draft, draft.this_update)
}

impl CrlDraft {
    fn read(tbs: &[u8], expectation: &CrlExpectation) -> Result<Self, crate::Error> {
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
