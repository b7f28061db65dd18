//! A second implementation encodes the same octets from what it read.

use der::Encode;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "canonical", clause: "X.690 10, 11", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let again = draft.model.to_der().map_err(|e| e.to_string())?;
    ensure(again == draft.tbs.der, || "x509-cert encodes other octets".to_owned())
}
