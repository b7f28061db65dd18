//! The lints of CRLs.

pub use self::draft::{CrlDraft, CrlExpectation};
use super::{Finding, Lint, run, unreadable};

mod authority_key_identifier;
mod distribution_point;
mod draft;
mod issuer;
mod known_extensions;
mod next_publish;
mod number;
mod period;
mod signature;
mod version;

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
