//! The issuer is not empty, and is the CA octet by octet.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "issuer", clause: "RFC 5280 4.1.2.4", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let (found, wanted) = (&draft.tbs.issuer, &draft.expectation.issuer);
    ensure(!found.is_empty(), || "the issuer is empty".to_owned())?;
    ensure(found == wanted, || format!("issuer is {found}, the draft wants {wanted}"))
}
