//! The period begins before it ends.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "validity_order", clause: "RFC 5280 4.1.2.5", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let validity = draft.tbs.validity;
    ensure(validity.not_before < validity.not_after, || format!("{validity:?}"))
}
