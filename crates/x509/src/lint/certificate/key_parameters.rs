//! RSA keys have NULL parameters, EC keys a named curve.

use der::Tag;
use jiff::civil::date;

use crate::oid;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "key_parameters",
    clause: "RFC 3279 2.3.1, RFC 5480 2.1.1",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    use der::Tagged;
    let algorithm = &draft.model.subject_public_key_info().algorithm;
    let parameters = algorithm.parameters.as_ref().map(Tagged::tag);
    let right = match algorithm.oid {
        oid::RSA_ENCRYPTION => parameters == Some(Tag::Null),
        oid::EC_PUBLIC_KEY => parameters == Some(Tag::ObjectIdentifier),
        _ => parameters.is_none(),
    };
    ensure(right, || format!("{} with parameters {parameters:?}", algorithm.oid))
}
