//! The public key is the one that was checked, octet by octet.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "key_as_drafted",
    clause: "design: the key that was checked is the key that is certified",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    ensure(draft.tbs.subject_public_key_info == draft.expectation.subject_public_key_info, || {
        "another public key than the draft's".to_owned()
    })
}
