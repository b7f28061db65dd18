//! The issuer is not empty, and is the CA octet by octet.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CrlDraft;

pub(super) const LINT: Lint<CrlDraft> =
    Lint { name: "issuer", clause: "RFC 5280 5.1.2.3", effective: date(2008, 5, 1), check };

fn check(draft: &CrlDraft) -> Result<(), String> {
    let (found, wanted) = (&draft.issuer, &draft.expectation.issuer);
    ensure(!found.is_empty(), || "the issuer is empty".to_owned())?;
    ensure(found == wanted, || format!("issuer is {found}, the series wants {wanted}"))
}
