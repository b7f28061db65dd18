//! The inner signature algorithm is the one that will sign.

use jiff::civil::date;

use crate::algorithm::identifier;

use super::super::{Lint, same};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "signature_as_drafted",
    clause: "RFC 5280 4.1.2.3",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    same("signature", &draft.tbs.signature_algorithm, &identifier(draft.expectation.signature))
}
