//! The serial is positive and has at most 20 octets.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "serial_form", clause: "RFC 5280 4.1.2.2", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let serial = draft.model.serial_number().as_bytes();
    let positive =
        serial.first().is_some_and(|first| *first < 0x80) && serial.iter().any(|o| *o != 0);
    ensure(positive && serial.len() <= 20, || format!("serial {serial:02x?}"))
}
