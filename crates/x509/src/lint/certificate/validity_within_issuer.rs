//! Nothing lasts longer than the certificate of the key that signs it.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "validity_within_issuer",
    clause: "A 5.6, A 6.3.2, S 6-3-1-2",
    effective: date(2026, 11, 28),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let (ends, issuer) = (draft.tbs.validity.not_after, draft.expectation.issuer_ends);
    ensure(ends <= issuer, || format!("it lasts until {ends}, its issuer until {issuer}"))
}
