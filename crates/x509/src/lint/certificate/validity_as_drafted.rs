//! The period is the one the policy gave, to the second.

use jiff::civil::date;

use super::super::{Lint, same};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "validity_as_drafted",
    clause: "A 6.3.2, S 6-3",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    same("validity", &draft.tbs.validity, &draft.expectation.validity)
}
