//! The serial is the one that was reserved.

use jiff::civil::date;

use super::super::{Lint, same};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "serial_as_drafted",
    clause: "design: one serial is one TBS",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    same("serial", &draft.tbs.serial_number(), &Some(draft.expectation.serial))
}
