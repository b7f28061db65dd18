//! The serial is long enough to hold the 64 random bits that are asked for.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "serial_entropy",
    clause: "CA/Browser Forum BR 7.1; P6",
    effective: date(2016, 9, 30),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    // A serial of 128 random bits is shorter than this once in 2^64 times.
    let length = draft.tbs.serial.len();
    ensure(length >= 8, || format!("serial of {length} octets"))
}
