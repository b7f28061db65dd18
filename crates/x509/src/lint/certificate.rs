//! The lints of certificates.

use der::Decode;
use x509_cert::certificate::{Raw, TbsCertificateInner};

pub use self::draft::{CertificateDraft, Expectation};
use super::{Finding, Lint, run, unreadable};
use crate::read::TbsCertificate;

mod alternative_names;
mod authority_key_identifier;
mod basic_constraints;
mod canonical;
mod distribution_points;
mod draft;
mod extensions_as_drafted;
mod extensions_unique;
mod issuer;
mod key_as_drafted;
mod key_parameters;
mod key_usage;
mod name_strings;
mod ocsp_signing;
mod policies;
mod serial_as_drafted;
mod serial_entropy;
mod serial_form;
mod signature_as_drafted;
mod subject;
mod subject_key_identifier;
mod validity_as_drafted;
mod validity_form;
mod validity_order;
mod validity_within_issuer;
mod version;

/// Every certificate lint, in the order of the fields they look at.
///
/// ```
/// use jitsuin_x509::lint::CERTIFICATE_LINTS;
///
/// // Each says by which clause it refuses, and for drafts of which day on.
/// assert!(CERTIFICATE_LINTS.iter().all(|lint| !lint.clause.is_empty()));
/// let entropy = CERTIFICATE_LINTS.iter().find(|lint| lint.name == "serial_entropy");
/// assert!(entropy.is_some(), "a serial number is 128 random bits");
/// ```
pub static CERTIFICATE_LINTS: &[Lint<CertificateDraft>] = &[
    version::LINT,
    serial_form::LINT,
    serial_entropy::LINT,
    serial_as_drafted::LINT,
    signature_as_drafted::LINT,
    issuer::LINT,
    validity_order::LINT,
    validity_form::LINT,
    validity_as_drafted::LINT,
    validity_within_issuer::LINT,
    subject::LINT,
    name_strings::LINT,
    key_as_drafted::LINT,
    key_parameters::LINT,
    extensions_unique::LINT,
    extensions_as_drafted::LINT,
    key_usage::LINT,
    basic_constraints::LINT,
    subject_key_identifier::LINT,
    authority_key_identifier::LINT,
    policies::LINT,
    alternative_names::LINT,
    distribution_points::LINT,
    ocsp_signing::LINT,
    canonical::LINT,
];

/// Lints a TBSCertificate against what its draft was supposed to say.
///
/// # Errors
/// Every finding; the certificate must then not be signed.
pub fn lint_certificate(tbs: &[u8], expectation: &Expectation) -> Result<(), Vec<Finding>> {
    let model = TbsCertificateInner::<Raw>::from_der(tbs).map_err(unreadable)?;
    let tbs = TbsCertificate::parse(tbs).map_err(unreadable)?;
    let dated = tbs.validity.not_before;
    run(
        CERTIFICATE_LINTS,
        &CertificateDraft { tbs, model, expectation: expectation.clone() },
        dated,
    )
}
